"""What one event adds to the series of its unit; neither where they are kept nor whether they have it already."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TypeAlias

from services.stats.catalogue.facts import Facts
from services.stats.catalogue.reader import Reader
from services.stats.engine.local_panes import Calendar
from services.stats.panes import SPLIT
from shared.messaging.codec import Envelope

TodayUnit: TypeAlias = Callable[[str, str | None, date], str | None]
"""(unit, residential group, local day) -> the unit on today's map; None where the old unit was split."""

Cell: TypeAlias = tuple[str, datetime, int]
"""("<metric>|<today's unit>", when, how many)."""


class _Names(dict[str, str]):
    """Metric -> key of its series, made once each."""

    def __init__(self, today: str) -> None:
        super().__init__()
        self._today = today

    def __missing__(self, metric: str) -> str:
        name = self[metric] = f"{metric}|{self._today}"
        return name


class SeriesNames:
    """The keys of one unit's series, each made once."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._names: dict[tuple[int, str | None], _Names] = {}
        self._by_today: dict[str, _Names] = {}

    def of(self, day: int, group: str | None, resolve: TodayUnit) -> Mapping[str, str]:
        """By metric the key for a fact of that local day: it names the unit on today's map."""
        names = self._names.get((day, group))
        if names is None:
            today = resolve(self._unit, group, date.fromordinal(day)) or SPLIT
            names = self._by_today.setdefault(today, _Names(today))
            self._names[day, group] = names
        return names


class Cells:
    """Counts the facts of events."""

    def __init__(self, readers: Mapping[str, Reader], calendar: Calendar, today_unit: TodayUnit) -> None:
        self._readers = readers
        self._calendar = calendar
        self._today_unit = today_unit

    def of(self, envelope: Envelope, keys: SeriesNames) -> list[Cell]:
        """f(is) - f(was). Raises: Undecodable."""
        reader = self._readers.get(envelope.type)
        if reader is None:
            return []
        was, is_ = reader.change(envelope.data)
        now = [] if is_ is None else self._count(keys, reader, is_)
        return now if was is None else _difference(now, self._count(keys, reader, was))

    def _count(self, keys: SeriesNames, reader: Reader, facts: Facts) -> list[Cell]:
        day, group = reader.origin(facts)
        if day is None:
            return []
        names = keys.of(self._calendar.quarter(day).day, group, self._today_unit)
        return reader.contributions(facts, names)


def _difference(is_: list[Cell], was: list[Cell]) -> list[Cell]:
    """What is to be added. What counts the same before and after touches nothing."""
    added = list(is_)
    for cell in was:
        if cell in added:
            added.remove(cell)
        else:
            name, when, amount = cell
            added.append((name, when, -amount))
    return added
