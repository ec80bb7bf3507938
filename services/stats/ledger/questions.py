"""What the ledger answers about a figure: its entries page by page, what came since given positions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from services.stats.catalogue import Catalogue, Kind
from services.stats.extents import Extent, of_today
from services.stats.ledger.blocks import BlockDocument, slot, unpacked
from services.stats.ledger.entries import MINUTES_A_DAY, Counting, Entry, Minutes, entries_of
from services.stats.ledger.partition import LedgerHead
from services.stats.ledger.pins import Pins, contains, lacking
from services.stats.ledger.repository import LedgerRepository
from services.stats.panes import pane_number
from services.stats.windows import Interval
from shared.contracts.stats import Tier
from shared.errors import InvalidInput
from shared.places import Places

# Days of one query: a page of a busy row lies in its newest day, one of a rare thing in many.
DAYS_GROWTH: Final = 4
MOST_SLOTS: Final = 1_024
# Of more rows at once the store is asked for all of the city: together they are a good part of it.
MOST_ROWS: Final = 32

Place = tuple[int, str, int]  # of an entry among those of one figure
Source = tuple[str, str]  # (topic, unit)
Skipped = Mapping[Source, Collection[int]]  # positions that could not be read at first


@dataclass(frozen=True, slots=True)
class Counted:
    """A series of the figures, and what it counts."""

    series: str
    topic: str
    kind: str
    level: bool = False
    ahead: bool = False


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Entries from the newest minute to the oldest, where the next page begins, and how many events are not booked."""

    entries: Sequence[Entry]
    next: Place | None
    missing: int


class LedgerQuestions:
    """Answers from the ledger in the store. Raises: StoreError while the store is away."""

    def __init__(self, repository: LedgerRepository, catalogue: Catalogue, places: Places) -> None:
        self._repository = repository
        self._places = places
        self._counted = _all_counted(catalogue)

    def counted(self, series: str) -> Counted:
        """Raises: InvalidInput for anything that is not counted."""
        if series not in self._counted:
            raise InvalidInput.of("metric", f"{series!r} is not a counted figure of the catalogue")
        return self._counted[series]

    async def page(
        self, extent: Extent, what: Counted, interval: Interval, pins: Pins, *, after: Place | None, limit: int
    ) -> EntryPage:
        """What the pinned events added to a figure, after a place."""
        heads, filling = await self._repository.heads(what.topic)
        missing = lacking(pins, heads)
        found: list[Entry] = []
        minutes, rows = _minutes_of(what, interval), _rows(extent)
        counting = Counting.of(extent, minutes, level=what.level)
        for days in _days_back(minutes, heads, after, most_days=MOST_SLOTS // len(rows)):
            blocks = await self._repository.in_slots([slot(what.kind, row, day) for row in rows for day in _days(days)])
            within = counting.within(days)
            found += _newest_first(
                entry
                for entry in _entries(blocks, what, within)
                if contains(pins, entry) and (after is None or entry.place < after)
            )
            if len(found) > limit:
                break
        _, filling_now = await self._repository.heads(what.topic)
        if filling_now != filling:  # it was discarded meanwhile, and nobody knows what was seen of it
            missing = lacking(pins, ())
        return EntryPage(found[:limit], found[limit - 1].place if len(found) > limit else None, missing)

    async def since(
        self,
        row: str,
        metric: str,
        interval: Interval,
        positions: Mapping[Source, int],
        *,
        repaired: Skipped = MappingProxyType({}),
    ) -> list[Entry]:
        """What events above these positions, and the repaired ones, have added to a series of a row.

        In the order of their recording, of the sources that are named; complete up to where each is booked.
        """
        what, extent = self.counted(metric), of_today(self._places, row)
        heads, _ = await self._repository.heads(what.topic)
        reached, counting = _reached(heads), Counting.of(extent, _minutes_of(what, interval), level=what.level)
        found: list[Entry] = []
        for unit in extent.codes:
            booked, late = reached.get(unit, 0), repaired.get((what.topic, unit), ())
            known = positions.get((what.topic, unit), booked)
            first = min((known, *(position - 1 for position in late)))
            if first >= booked:
                continue
            blocks = await self._repository.beyond(what.topic, unit, first)
            entries = _entries(blocks, what, counting)
            found += (e for e in entries if known < e.position <= booked or e.position in late)
        return sorted(found, key=lambda entry: (entry.recordedtime, entry.unit, entry.position))

    async def known(self, positions: Mapping[Source, int]) -> bool:
        """Whether everything up to these positions is booked."""
        heads = [await self._repository.heads(topic) for topic in {topic for topic, _ in positions}]
        reached = {
            (head.topic, unit): position
            for some, _ in heads
            for head in some
            for unit, position in head.positions.items()
        }
        return all(reached.get(source, 0) >= position for source, position in positions.items())


def _entries(blocks: Sequence[BlockDocument], what: Counted, counting: Counting) -> Iterator[Entry]:
    for topic, booked in unpacked(blocks):
        yield from entries_of(topic, booked, what.series, counting)


def _rows(extent: Extent) -> tuple[str, ...]:
    """The rows in whose slots everything of the line lies."""
    rows = tuple(dict.fromkeys(portion.code or portion.today or extent.city for portion in extent.portions))
    return rows if len(rows) <= MOST_ROWS else (extent.city,)


def _all_counted(catalogue: Catalogue) -> dict[str, Counted]:
    """Every series by its name: the metrics, and the bins of the histograms."""
    found = {
        metric.id: Counted(metric.id, metric.topic, metric.of.prefix, metric.kind is Kind.LEVEL, metric.ahead)
        for metric in catalogue.metrics.values()
    }
    for histogram in catalogue.histograms:
        of = histogram.of
        found |= {name: Counted(name, of.topic.name, of.prefix) for name in histogram.bins}
    return found


def _minutes_of(what: Counted, interval: Interval) -> Minutes:
    """The minutes that make the figure: of a level everything before the interval's end."""
    end = interval.reached if what.ahead else interval.end
    return Minutes(0 if what.level else pane_number(Tier.MINUTE, interval.start), pane_number(Tier.MINUTE, end))


def _newest_first(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.place, reverse=True)


def _days_back(
    minutes: Minutes, heads: Sequence[LedgerHead], after: Place | None, *, most_days: int
) -> Iterator[Minutes]:
    """The minutes from the last day to the first one booked, in pieces of more and more days."""
    earliest = min((head.earliest_day for head in heads if head.earliest_day is not None), default=None)
    if earliest is None:
        return
    first = max(earliest * MINUTES_A_DAY, minutes.first)
    end = minutes.end if after is None else min(minutes.end, after[0] + 1)
    days = 1
    while end > first:
        begin = ((end - 1) // MINUTES_A_DAY - days + 1) * MINUTES_A_DAY
        yield Minutes(max(first, begin), end)
        end, days = begin, min(days * DAYS_GROWTH, most_days)


def _days(minutes: Minutes) -> range:
    return range(minutes.first // MINUTES_A_DAY, (minutes.end - 1) // MINUTES_A_DAY + 1)


def _reached(heads: Sequence[LedgerHead]) -> dict[str, int]:
    return {unit: position for head in heads for unit, position in head.positions.items()}
