"""Tables that are asked for again and again: a row is made anew only where something in it may have changed.

Owns what is remembered between answers; what a row says belongs to `rows`, so that these cannot say otherwise.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias
from weakref import ref

import orjson

from services.stats.queries.areas import Area
from services.stats.queries.baseline import Baselines
from services.stats.queries.evaluation import Evaluated
from services.stats.queries.rows import Line, Rows, SharesOf, Step
from services.stats.view import View
from services.stats.windows import Comparison, Interval, Window

MOST_ROWS: Final = 4_096
"""So many rows are remembered, some 40 kB each: one window of the whole country, or 32 of one city."""

Basis: TypeAlias = tuple[datetime, int, tuple[bool, ...]]
"""What all rows of a table share besides the view: the minute, what lies elsewhere, and when the city reported."""


@dataclass(frozen=True, slots=True)
class Question:
    """A table of today's units at a time."""

    view: View
    city: str
    figures: tuple[str, ...]
    window: Window
    as_of: datetime
    shares_of: SharesOf

    @property
    def minute(self) -> datetime:
        return self.as_of.replace(second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class State:
    """All that a table depends on beside the minute: what is asked for, and the version of what it is made of."""

    version: int
    asked: tuple[tuple[str, ...], Window]


@dataclass(slots=True)
class _Kept:
    """One row: the version of the view and the minute that it was made of, what it came to, and its JSON."""

    version: int
    minute: datetime
    known: dict[Interval, Evaluated] = field(default_factory=dict)
    json: orjson.Fragment | None = None


class Table:
    """The rows of one city, window and choice of figures. To be brought up to date before rows are asked of it."""

    def __init__(self, rows: Rows, view: View) -> None:
        self._rows = rows
        self._view = ref(view)  # weak, so that a view that was replaced is let go
        self._version = -1
        self._basis: Basis | None = None
        self._line: Line | None = None
        self._step: Step | None = None
        self._kept: dict[str, _Kept] = {}

    def is_of(self, view: View) -> bool:
        return self._view() is view

    def turn_to(self, question: Question) -> None:
        """Have what all rows share as of now; it lets go of rows that it changes."""
        known = self._basis is not None and self._basis[:2] == (question.minute, question.view.carried_version)
        if known and self._version == question.view.version:
            return
        step = Step.of(question.window, question.as_of)
        baselines = Baselines(question.view, question.city)
        compared = [side.baseline for side in step.sides.values() if isinstance(side, Comparison)]
        basis = (question.minute, question.view.carried_version, baselines.coverage(compared))
        if basis != self._basis:
            for kept in self._kept.values():
                kept.json = None
        self._basis, self._version, self._step = basis, question.view.version, step
        self._line = self._rows.line(question.figures, baselines, question.shares_of)

    def stale(self, question: Question, units: Iterable[str]) -> list[str]:
        """The units whose rows have to be made."""
        return [unit for unit in units if self._fresh(question, unit) is None]

    def row(self, question: Question, unit: str) -> orjson.Fragment:
        """One row as JSON, made where it has to be."""
        return self._fresh(question, unit) or self._made(question, unit)

    def _fresh(self, question: Question, unit: str) -> orjson.Fragment | None:
        kept = self._kept.get(unit)
        current = kept is not None and kept.version >= question.view.row_version(unit)
        return kept.json if kept is not None and current else None

    def _made(self, question: Question, unit: str) -> orjson.Fragment:
        assert self._line is not None
        assert self._step is not None
        area = Area(unit, question.view.series(unit), (unit,))
        kept = _Kept(question.view.version, question.minute, self._known(question, area, self._step))
        row = self._line.of(area, self._step, kept.known)
        kept.json = orjson.Fragment(orjson.dumps(row))
        self._kept[unit] = kept
        return kept.json

    def _known(self, question: Question, area: Area, step: Step) -> dict[Interval, Evaluated]:
        """What the row is known to come to, with what has changed since."""
        kept = self._kept.get(area.key)
        if kept is None:
            return {}
        changed = question.view.changed_since(area.key, kept.version)
        first_day = question.view.first_day_changed_since(area.key, kept.version)
        if kept.minute != question.minute:
            changed |= self._rows.evaluation.ahead
            first_day = 0
        found: dict[Interval, Evaluated] = {}
        for interval in step.intervals:
            known = kept.known.get(interval)
            if known is not None and interval not in found:
                again = self._rows.evaluation.evaluated_again
                same = not changed or first_day is None or interval.last_day.toordinal() < first_day
                found[interval] = known if same else again(area.series, question.figures, interval, known, changed)
        return found


class Tables:
    """The tables that were asked for last."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._tables: OrderedDict[tuple[str, tuple[str, ...], Window], Table] = OrderedDict()

    def of(self, question: Question, size: int) -> Table:
        """The table, of so many rows, that answers the question, up to date but for its rows."""
        key = (question.city, question.figures, question.window)
        table = self._tables.pop(key, None)
        if table is None or not table.is_of(question.view):
            table = Table(self._rows, question.view)
        self._tables[key] = table
        while len(self._tables) > max(MOST_ROWS // size, 1):
            self._tables.popitem(last=False)
        table.turn_to(question)
        return table
