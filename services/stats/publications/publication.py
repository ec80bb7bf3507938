"""A publication: figures frozen at a cut-off, and the last word on each that changed since; must not do I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import ClassVar, Final

import msgspec

from services.stats.panes import KEPT
from services.stats.queries.composition import Stated
from services.stats.windows import Interval
from shared.aggregate import Aggregate
from shared.contracts.stats import Tier

# The worker's horizon may be an hour of panes ahead of what this process reckons.
HORIZON_MARGIN: Final = timedelta(hours=1)

Pairs = tuple[tuple[str, int], ...]
"""("<topic>/<unit>", position), in order: field names of a document had better not contain dots."""
Skipped = tuple[tuple[str, tuple[int, ...]], ...]
"""("<topic>/<unit>", positions that were not read although higher ones were), in order."""
Cell = tuple[str, str]
"""(unit, metric)."""


class PublicationStatus(StrEnum):
    """Whether every published figure is still the one of today."""

    ISSUED = "issued"
    RESTATED = "restated"


class NotCompared(StrEnum):
    """Why published figures are not compared with those of now."""

    IN_PROGRESS = "in_progress"  # events of the interval are still to come: they would correct nothing
    PANES_EXPIRED = "panes_expired"  # panes as fine as the interval's are not kept that long
    FIGURES_BEHIND = "figures_behind"  # the view does not hold yet what the publication held
    OTHER_HISTORY = "other_history"  # an owner's events were numbered anew


class Row(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The frozen figures of one unit, in the order of the publication's metrics."""

    unit: str
    figures: tuple[Stated, ...]
    incomplete: bool


class Frozen(msgspec.Struct, frozen=True, gc=False):
    """What was published; never changes."""

    rows: tuple[Row, ...]
    positions: Pairs
    generation: str


class Correction(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A published figure that has changed, as it was stated last."""

    unit: str
    metric: str
    stated: Stated


class Basis(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the last word on the figures of some units was made from; what changed since lies beyond it."""

    units: tuple[str, ...]
    positions: Pairs
    skipped: Skipped
    generation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication(Aggregate):
    """One publication without its table.

    `positions`, `skipped` and `generation` are those of the last statement: what changed since lies above the positions
    or is one of the skipped. `behind` is of units that lacked an event at that statement: theirs is an earlier one.
    """

    NOUN: ClassVar = "publication"
    TRANSITIONS: ClassVar[Mapping[PublicationStatus, frozenset[PublicationStatus]]] = {
        status: frozenset({PublicationStatus.RESTATED}) for status in PublicationStatus
    }

    status: PublicationStatus = PublicationStatus.ISSUED
    name: str
    title: str
    window: str
    start: datetime
    end: datetime
    tier: Tier
    as_of: datetime
    generation: str
    metrics: tuple[str, ...]
    units: tuple[str, ...]
    positions: Pairs
    lineages: tuple[tuple[str, str], ...]
    corrections: tuple[Correction, ...] = ()
    restatements: int = 0
    issued_by: str
    skipped: Skipped = ()
    behind: tuple[Basis, ...] = ()

    @property
    def occurred_at(self) -> datetime:
        return self.as_of

    def interval(self, zone: tzinfo) -> Interval:
        """The interval in local time, as panes are numbered."""
        return Interval(self.start.astimezone(zone), self.end.astimezone(zone), self.tier)

    def compared_until(self, zone: tzinfo) -> datetime | None:
        """When the panes of the interval begin to expire; None if they are kept for good."""
        kept = KEPT.get(self.tier)
        if kept is None:
            return None
        interval = self.interval(zone)
        # A level needs the finer panes of the last day from its beginning.
        earliest = min(interval.start, interval.end.replace(hour=0, minute=0))
        return earliest + kept - HORIZON_MARGIN

    def obstacle(
        self, positions: Mapping[str, int], lineages: Mapping[str, str], *, as_of: datetime, zone: tzinfo
    ) -> NotCompared | None:
        """Why the figures cannot be compared with a view that stands at these positions; None if they can."""
        until = self.compared_until(zone)
        if as_of < self.end:
            return NotCompared.IN_PROGRESS
        if until is not None and as_of >= until:
            return NotCompared.PANES_EXPIRED
        if any(lineages.get(topic, lineage) != lineage for topic, lineage in self.lineages):
            return NotCompared.OTHER_HISTORY
        if any(positions.get(source, 0) < position for source, position in self.positions):
            return NotCompared.FIGURES_BEHIND
        return None

    def published(self, frozen: Frozen) -> dict[Cell, Stated]:
        """What was published."""
        return {
            (row.unit, metric): figure
            for row in frozen.rows
            for metric, figure in zip(self.metrics, row.figures, strict=True)
        }

    def stated(self, frozen: Frozen) -> dict[Cell, Stated]:
        """The last word on every figure."""
        return self.published(frozen) | {(each.unit, each.metric): each.stated for each in self.corrections}

    def basis(self, unit: str) -> Basis:
        """What the last word on the figures of a unit was made from."""
        of_all = Basis(units=self.units, positions=self.positions, skipped=self.skipped, generation=self.generation)
        return next((each for each in self.behind if unit in each.units), of_all)

    def restate(
        self,
        now: Mapping[Cell, Stated],
        positions: Pairs,
        generation: str,
        *,
        skipped: Skipped = (),
        incomplete: Collection[str] = (),
    ) -> Publication:
        """The publication with these figures as its last word, complete up to the positions but for the skipped.

        Of the incomplete units nothing is said: the last word on them stays what it was, and so does its basis.
        """
        known = {**{(each.unit, each.metric): each.stated for each in self.corrections}, **now}
        corrections = tuple(Correction(unit, metric, known[unit, metric]) for unit, metric in sorted(known))
        told = self._become(PublicationStatus.RESTATED, corrections=corrections, positions=positions)
        return replace(
            told,
            restatements=self.restatements + len(now),
            generation=generation,
            skipped=skipped,
            behind=self._left_behind(incomplete),
        )

    def _left_behind(self, incomplete: Collection[str]) -> tuple[Basis, ...]:
        # Together by basis: each names the positions of a whole city.
        units: defaultdict[Basis, list[str]] = defaultdict(list)
        for unit in self.units:
            if unit in incomplete:
                units[self.basis(unit)].append(unit)
        return tuple(msgspec.structs.replace(basis, units=tuple(some)) for basis, some in units.items())


def differences(stated: Mapping[Cell, Stated], now: Mapping[Cell, Stated]) -> list[Cell]:
    """Those whose figure is another one now, in order."""
    return [cell for cell, figure in now.items() if figure != stated[cell]]


def moved(then: Pairs, now: Mapping[str, int], codes: Collection[str], topics: Collection[str]) -> tuple[Pairs, Pairs]:
    """Of the sources with these codes and topics the positions then and now, where they differ."""
    before = dict(then)
    changed = []
    for source, position in sorted(now.items()):
        topic, _, unit = source.partition("/")
        if topic in topics and unit in codes and before.get(source, 0) != position:
            changed.append(source)
    return tuple((source, before.get(source, 0)) for source in changed), tuple((each, now[each]) for each in changed)


def repaired(then: Skipped, now: Skipped, codes: Collection[str], topics: Collection[str]) -> Skipped:
    """Of the sources with these codes and topics the positions that were skipped then, and are not now."""
    still = dict(now)
    found = []
    for source, positions in then:
        topic, _, unit = source.partition("/")
        read = tuple(position for position in positions if position not in still.get(source, ()))
        if topic in topics and unit in codes and read:
            found.append((source, read))
    return tuple(found)
