"""Tables as they were read last, each whole and of one state, to be shown while newer ones are made. Makes no table."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from weakref import ref

import orjson

from services.stats.queries.selection import Selection
from services.stats.queries.tables import State
from services.stats.view import View
from shared.web import tag_of

LAG: Final = timedelta(seconds=0.5)
"""So long may a table have been overtaken by events and be shown: as long as a flush under load takes to be shown."""
WANTED: Final = timedelta(seconds=10)
"""So long after it was read a table is kept up: who looks again and again does so every few seconds."""
MOST_TABLES: Final = 64
"""Some 330 kB each for a large city."""
_MINUTE: Final = timedelta(minutes=1)


@dataclass(slots=True)
class Kept:
    """A table with its positions. `state` is what it was made of, `digest` tells its contents from others'.

    It was the newest one until `current_until`, or is to this day; `overtaken` is one of which somebody was told more.
    """

    content: dict[str, Any]
    positions: dict[str, dict[str, int]]
    digest: bytes
    view: ref[View]
    state: State
    minute: datetime
    read_at: datetime
    current_until: datetime | None = None
    overtaken: bool = False

    def is_current(self, view: View, state: State, now: datetime) -> bool:
        """Whether a table made now would say the same."""
        return self.view() is view and self.state == state and self.minute == minute_of(now)

    def newest_until(self, view: View, state: State, now: datetime) -> datetime | None:
        """Until when no table was newer; None if that is too long ago, or not known."""
        same = self.view() is view and self.state.asked == state.asked and not self.overtaken
        if not same or (self.state.version != state.version and self.current_until is None):
            return None
        until = min(self.current_until or now, self.minute + _MINUTE - datetime.resolution)
        return until if now - until <= LAG else None

    def told(self, as_of: datetime, feed: dict[str, Any], *, with_positions: bool) -> dict[str, Any]:
        """The answer."""
        positions = {"positions": self.positions} if with_positions else {}
        return {**self.content, "as_of": as_of.astimezone(self.content["as_of"].tzinfo), **positions, "state": feed}


class KeptTables:
    """The tables that were read last."""

    def __init__(self) -> None:
        self._tables: OrderedDict[Selection, Kept] = OrderedDict()

    def of(self, selection: Selection) -> Kept | None:
        return self._tables.get(selection)

    def keep(self, selection: Selection, kept: Kept) -> None:
        self._tables[selection] = kept
        self._tables.move_to_end(selection)
        while len(self._tables) > MOST_TABLES:
            self._tables.popitem(last=False)

    def changed(self, rows: Iterable[str], now: datetime) -> None:
        """These rows have changed just now; to be called for each change."""
        for selection, kept in self._tables.items():
            if kept.current_until is None and selection.city in rows:
                kept.current_until = now

    def overtake(self, selection: Selection, now: datetime) -> None:
        """Somebody is told of a newer state: the table, if it is older, is not shown any more."""
        kept = self._tables.get(selection)
        if kept is not None and (kept.current_until is not None or kept.minute != minute_of(now)):
            kept.overtaken = True

    def wanted(self, now: datetime) -> list[Selection]:
        """Whose tables are worth keeping up; the others are let go."""
        for selection in [each for each, kept in self._tables.items() if now - kept.read_at > WANTED]:
            del self._tables[selection]
        return list(self._tables)


def digest_of(contents: dict[str, Any]) -> bytes:
    return orjson.dumps(tag_of(orjson.dumps(contents)))


def tag_for(digest: bytes, feed: dict[str, Any], *, with_positions: bool) -> dict[str, str]:
    """The headers of a table's weak tag: it stays the same as long as the figures and what they are do."""
    return tag_of(digest + orjson.dumps([feed, with_positions]), weak=True)


def minute_of(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)
