"""What one event added: as the ledger keeps it, and as it explains a figure. Pure; knows no store and no positions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Self

import msgspec

from services.stats.engine.cells import Cell
from services.stats.engine.local_panes import Calendar
from services.stats.extents import Extent, Portion
from services.stats.panes import HOURS_A_DAY, MINUTES_AN_HOUR
from shared.messaging.codec import Envelope

MINUTES_A_DAY: Final = HOURS_A_DAY * MINUTES_AN_HOUR


class BookedEntry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """All that one event added: by today's unit, local minute and series.

    Units: minutes are counted through, as pane numbers are.
    """

    unit: str
    position: int
    id: str
    type: str
    subject: str
    time: datetime
    recordedtime: datetime
    amounts: dict[str, dict[int, dict[str, int]]]

    @property
    def days(self) -> set[int]:
        """The local days on which it added anything."""
        return {minute // MINUTES_A_DAY for minutes in self.amounts.values() for minute in minutes}


class Minutes(NamedTuple):
    """Local minutes: first <= minute < end."""

    first: int
    end: int

    def within(self, other: Minutes) -> Minutes:
        return Minutes(max(self.first, other.first), min(self.end, other.end))


class Counting:
    """In which minutes what was recorded under a code, and lies in a unit of today, counts in a line."""

    def __init__(self, spans: Iterable[tuple[Portion, Minutes]]) -> None:
        self._spans = tuple(spans)
        self._known: dict[tuple[str, str], list[Minutes]] = {}

    @classmethod
    def of(cls, extent: Extent, minutes: Minutes, *, level: bool) -> Self:
        """A level has one holder: the portion whose days contain the last one has all of it."""
        if level:
            last_day = (minutes.end - 1) // MINUTES_A_DAY
            return cls((portion, minutes) for portion in extent.portions if portion.days.holds(last_day))
        return cls((each, Minutes(*each.days.cut(*minutes, MINUTES_A_DAY))) for each in extent.portions)

    def within(self, minutes: Minutes) -> Counting:
        return Counting((portion, counted.within(minutes)) for portion, counted in self._spans)

    def minutes(self, code: str, today: str) -> Sequence[Minutes]:
        known = self._known.get((code, today))
        if known is None:
            found = [minutes for portion, minutes in self._spans if portion.has(code, today)]
            known = self._known[code, today] = found
        return known


class Entry(msgspec.Struct, frozen=True, gc=False):
    """What one event added to one figure within one local minute; a negative amount takes back."""

    id: str
    type: str
    subject: str
    time: datetime
    recordedtime: datetime
    topic: str
    unit: str
    position: int
    minute: int
    amount: int

    @property
    def place(self) -> tuple[int, str, int]:
        """Orders the entries of one figure, without ties."""
        return self.minute, self.unit, self.position


def kind_of(event_type: str) -> str:
    """The kind of aggregate that an event is about."""
    return event_type.partition(".")[0]


def booked(envelope: Envelope, cells: Iterable[Cell], calendar: Calendar) -> BookedEntry | None:
    """The entry of an event; None if it adds nothing."""
    added: dict[str, dict[int, Counter[str]]] = {}
    for name, when, amount in cells:
        series, _, today = name.partition("|")
        at = calendar.place(when).number
        added.setdefault(today, {}).setdefault(at, Counter())[series] += amount
    amounts = {today: kept for today, minutes in added.items() if (kept := _without_nothing(minutes))}
    if not amounts:
        return None
    return BookedEntry(
        unit=envelope.partitionkey,
        position=envelope.position,
        id=envelope.id,
        type=envelope.type,
        subject=envelope.subject,
        time=envelope.time,
        recordedtime=envelope.recordedtime,
        amounts=amounts,
    )


def entries_of(topic: str, entry: BookedEntry, series: str, counting: Counting) -> Iterator[Entry]:
    """What an event added to a series of a line."""
    added: dict[int, int] = {}
    for today, by_minute in entry.amounts.items():
        for first, end in counting.minutes(entry.unit, today):
            for minute, amounts in by_minute.items():
                if first <= minute < end and series in amounts:
                    added[minute] = added.get(minute, 0) + amounts[series]
    for minute, amount in added.items():
        if amount:
            yield Entry(
                id=entry.id,
                type=entry.type,
                subject=entry.subject,
                time=entry.time,
                recordedtime=entry.recordedtime,
                topic=topic,
                unit=entry.unit,
                position=entry.position,
                minute=minute,
                amount=amount,
            )


def local_time(minute: int) -> datetime:
    """The beginning of a local minute, without its offset."""
    return datetime.fromordinal(minute // MINUTES_A_DAY) + timedelta(minutes=minute % MINUTES_A_DAY)


def _without_nothing(minutes: dict[int, Counter[str]]) -> dict[int, dict[str, int]]:
    kept = {at: {series: amount for series, amount in of.items() if amount} for at, of in minutes.items()}
    return {at: of for at, of in kept.items() if of}
