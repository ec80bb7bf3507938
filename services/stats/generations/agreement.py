"""Whether two states of the statistics say the same at equal positions, in what both count. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from services.stats.panes import Head, PaneRecord, Snapshot, amounts
from shared.contracts.stats import Rules, Tier

EXAMPLES: Final = 20
NOTHING_COMPARED: Final = "nothing was compared, although the log holds events"

Source: TypeAlias = tuple[str, str]  # (topic, unit)
Cell: TypeAlias = tuple[Tier, int, str, str]
"""Tier, pane number, metric, unit of today."""


@dataclass(frozen=True, slots=True)
class Common:
    """What two sets of rules count alike.

    Of other places only what a unit recorded can be compared, not to whose area of today it belongs; in another time
    zone only what it comes to over all days.
    """

    series: frozenset[str] | None = None  # None: everything
    same_zone: bool = True
    same_places: bool = True

    @classmethod
    def of(cls, one: Rules, other: Rules) -> Common:
        """What both rules count. The same generation counts everything alike."""
        if one.generation == other.generation:
            return cls()
        alike = frozenset(id for id, digest in one.series.items() if other.series.get(id) == digest)
        return cls(alike, one.time_zone == other.time_zone, one.places == other.places)

    def has(self, metric: str) -> bool:
        """Whether both count a series; that of a bin is named after its histogram."""
        return self.series is None or metric in self.series or metric.partition("__")[0] in self.series


@dataclass(slots=True)
class Agreement:
    """What came of a comparison; sources that stood at different positions are left for another one."""

    units: int = 0
    figures: int = 0
    differing: int = 0
    examples: list[str] = field(default_factory=list)
    left: set[Source] = field(default_factory=set)

    @property
    def is_clean(self) -> bool:
        """Whether nothing differs, of whatever was compared."""
        return self.differing == 0

    @property
    def is_empty(self) -> bool:
        """Whether neither state held anything to compare, now or later: that is agreement only of an empty log."""
        return self.units == 0 and not self.left

    def add(self, other: Agreement) -> None:
        """Take in what came of another part; what that one left is kept apart by the caller."""
        self.units += other.units
        self.figures += other.figures
        self.differing += other.differing
        self.examples = [*self.examples, *other.examples][:EXAMPLES]

    def differs(self, text: str) -> None:
        """Count one difference."""
        self.differing += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(text)


def compare(one: Snapshot, other: Snapshot, common: Common, *, only: set[Source] | None = None) -> Agreement:
    """Hold a partition of a state against the same one of another state.

    Shape: `only` names the sources to look at; without it all, and then the named windows as well, if nothing is left.
    """
    result = Agreement()
    ours, theirs = _by_source(one), _by_source(other)
    for source in sorted(ours.keys() | theirs.keys() if only is None else only):
        mine, its = ours.get(source), theirs.get(source)
        if mine is None or its is None or not _comparable(mine, its):
            result.left.add(source)
        else:
            result.add(_compare_unit(source, mine, its, common))
    if only is None and not result.left:
        _compare_windows(one, other, result)
    return result


@dataclass(slots=True)
class _Unit:
    head: Head | None = None
    panes: list[PaneRecord] = field(default_factory=list)


def _by_source(snapshot: Snapshot) -> Mapping[Source, _Unit]:
    found: defaultdict[Source, _Unit] = defaultdict(_Unit)
    for head in snapshot.heads.values():
        found[head.topic, head.unit].head = head
    for pane in snapshot.panes.values():
        found[pane.topic, pane.unit].panes.append(pane)
    return found


def _comparable(one: _Unit, other: _Unit) -> bool:
    if one.head is None or other.head is None or one.head.position != other.head.position:
        return False
    if set(one.head.skipped) != set(other.head.skipped):
        return False
    # Records above their head are those of a flush whose head is still to come.
    return all(pane.fence <= one.head.position for pane in (*one.panes, *other.panes))


def _compare_unit(source: Source, one: _Unit, other: _Unit, common: Common) -> Agreement:
    assert one.head is not None
    assert other.head is not None
    # Each has let go of panes by its own clock: what only one of them still holds is no difference.
    floors = {tier: max(one.head.horizon.get(tier, ""), other.head.horizon.get(tier, "")) for tier in Tier}
    ours, theirs = (dict(_cells(unit.panes, floors, common)) for unit in (one, other))
    result = Agreement(units=1, figures=len(ours.keys() | theirs.keys()))
    for cell in sorted(ours.keys() | theirs.keys()):
        if ours.get(cell, 0) != theirs.get(cell, 0):
            tier, number, metric, today = cell
            where = f"{'/'.join(source)} {metric}|{today} {tier.value} {number}"
            result.differs(f"{where}: {ours.get(cell, 0)} and {theirs.get(cell, 0)}")
    return result


def _cells(panes: Iterable[PaneRecord], floors: Mapping[Tier, str], common: Common) -> Iterator[tuple[Cell, int]]:
    found: defaultdict[Cell, int] = defaultdict(int)
    for pane in panes:
        if pane.bucket < floors[pane.tier] or not (common.same_zone or pane.tier is Tier.DAY):
            continue
        for metric, today, number, amount in amounts(pane):
            if common.has(metric):
                at = number if common.same_zone else 0
                found[pane.tier, at, metric, today if common.same_places else ""] += amount
    return ((cell, amount) for cell, amount in found.items() if amount)


def _compare_windows(one: Snapshot, other: Snapshot, result: Agreement) -> None:
    for key in sorted(one.windows.keys() | other.windows.keys()):
        if one.windows.get(key) != other.windows.get(key):
            result.differs(f"{key.decode()} is not the same in both")
