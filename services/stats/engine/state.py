"""The state of one (topic, unit) in memory: its pane records and how far it is folded."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypeAlias

import msgspec

from services.stats.engine.cells import Cell, SeriesNames
from services.stats.engine.lateness import Lateness
from services.stats.engine.local_panes import Calendar, Floor, Place, minutes_into_quarter
from services.stats.panes import Head, LastEvent, PaneRecord, Series, bucket_number, bucket_text, pane_key
from shared.contracts.stats import Tier
from shared.messaging.codec import Envelope

TIERS: Final = (Tier.MINUTE, Tier.HOUR, Tier.DAY)

Gathered: TypeAlias = dict[float, tuple[Place, dict[str, int]]]
"""By minute since 1970, where its quarter of an hour lies and the amounts of each series in that minute."""


class Record(msgspec.Struct, gc=False, eq=False):
    """One pane record while it is worked on. `fence` and `without` are those of its last written version.

    The garbage collector leaves it out: there are hundreds of thousands, and none is part of a cycle.
    """

    tier: Tier
    bucket: int
    series: Series = {}
    fence: int = 0
    without: frozenset[int] = frozenset()
    dirty: bool = False
    gone: bool = False

    def lacks(self, position: int) -> bool:
        """Whether the amounts do not contain an event of this position that touches the record."""
        return position > self.fence or position in self.without


Records: TypeAlias = dict[int, Record]
"""The records of one tier, by the number of their bucket."""


class UnitState(msgspec.Struct, gc=False, eq=False):
    """Everything the fold holds of one unit of its topic; left out by the garbage collector as well."""

    unit: str
    floor: Floor
    names: SeriesNames
    position: int = 0
    skipped: set[int] = set()
    waiting_for: int | None = None
    late: dict[Tier, int] = msgspec.field(default_factory=lambda: {Tier.MINUTE: 0, Tier.HOUR: 0})
    lateness: Lateness = msgspec.field(default_factory=Lateness)
    last_event: LastEvent | Envelope | None = None
    offered_floor: Floor | None = None
    dirty: bool = False
    touched: list[Record] = []
    tiers: tuple[Records, Records, Records] = msgspec.field(default_factory=lambda: ({}, {}, {}))
    # No record is fenced above this position: beyond it the records' own fences need no look.
    guard: int = 0
    # Under load many events of a unit lie in the same minutes: they share the way into the three tiers.
    _gathered: Gathered = {}

    # -- folding

    def gather(self, cells: list[Cell], calendar: Calendar) -> None:
        """Add amounts of a position that no record may hold yet: to every pane that is kept."""
        self._gather(cells, self._gathered, calendar)

    def add_where_missing(self, cells: list[Cell], position: int, calendar: Calendar) -> None:
        """Add amounts to every pane that is kept and does not contain the position yet."""
        alone: Gathered = {}
        self._gather(cells, alone, calendar)
        self._spread(alone, position)

    def settle(self) -> None:
        """Bring what was gathered into the records; to be done before anything looks at them."""
        gathered, self._gathered = self._gathered, {}
        self._spread(gathered, None)

    def _gather(self, cells: list[Cell], gathered: Gathered, calendar: Calendar) -> None:
        floor = self.floor
        late_minute = late_hour = False
        last: datetime | None = None
        amounts: dict[str, int] = {}
        for name, when, amount in cells:
            if when is not last:  # amounts of one moment come one after another and share their panes
                last = when
                minute = when.timestamp() // 60
                known = gathered.get(minute)
                if known is None:
                    known = gathered[minute] = (calendar.quarter(when), {})
                quarter, amounts = known
                if quarter.hour < floor.minute:
                    late_minute = True
                    late_hour |= quarter.day < floor.hour
            amounts[name] = amounts.get(name, 0) + amount
        if late_minute:
            self.late[Tier.MINUTE] += 1
            self.late[Tier.HOUR] += late_hour

    def _spread(self, gathered: Gathered, fenced: int | None) -> None:
        minutes, hours, days = self.tiers
        for minute, (quarter, amounts) in gathered.items():
            self._add(days, Tier.DAY, quarter.month, quarter.day_of_month, amounts, fenced)
            if quarter.day >= self.floor.hour:
                self._add(hours, Tier.HOUR, quarter.day, quarter.hour_of_day, amounts, fenced)
                if quarter.hour >= self.floor.minute:
                    index = quarter.minute + minutes_into_quarter(minute)
                    self._add(minutes, Tier.MINUTE, quarter.hour, index, amounts, fenced)

    def _add(
        self, records: Records, tier: Tier, bucket: int, index: int, amounts: Mapping[str, int], fenced: int | None
    ) -> None:
        """Add to one pane, unless its record contains the position `fenced` already."""
        record = records.get(bucket)
        if record is None:
            record = records[bucket] = Record(tier, bucket)
        if fenced is not None and not record.lacks(fenced):
            return
        if not record.dirty:
            self.touch(record)
        series = record.series
        for name, amount in amounts.items():
            panes = series.get(name)
            if panes is None:
                series[name] = {index: amount}
            else:
                panes[index] = panes.get(index, 0) + amount

    def touch(self, record: Record) -> None:
        """Have the record written with the next flush."""
        if not record.dirty:
            record.dirty = True
            self.touched.append(record)

    def may_hold(self, position: int) -> bool:
        """Whether some record may contain the position already, or say that it is without it."""
        return position <= self.guard or position <= self.position

    def hold(self, position: int) -> None:
        """No record goes on saying that it is without a position that has been applied."""
        for records in self.tiers:
            for record in records.values():
                if position in record.without:
                    record.without -= {position}
                    self.touch(record)

    def doubt(self) -> bool:
        """Count as skipped what a record misses although the head does not. Returns whether there was such."""
        missing = {
            position
            for records in self.tiers
            for record in records.values()
            for position in record.without
            if position <= self.position
        }
        doubtful = missing - self.skipped
        self.skipped |= doubtful
        return bool(doubtful)

    # -- horizon

    def raise_floor(self, floor: Floor) -> list[Record]:
        """The records that fall below a higher horizon; they are gone from now on."""
        self.settle()
        self.floor = self.floor.raised(floor)
        expired = []
        for records, earliest in zip(self.tiers, self.floor, strict=False):
            for bucket in [bucket for bucket in records if bucket < earliest]:
                record = records.pop(bucket)
                record.gone = True
                expired.append(record)
        return expired

    def expires_under(self, floor: Floor) -> bool:
        """Whether a horizon would take any record."""
        return any(
            bucket < earliest for records, earliest in zip(self.tiers, floor, strict=False) for bucket in records
        )

    # -- wire form

    def written(self, topic: str, record: Record, generation: str) -> PaneRecord:
        """The next version of a record: complete up to the unit's position but for what it says it is without."""
        if record.without or self.skipped:
            record.without = frozenset(
                {p for p in record.without if p in self.skipped or p > self.position}
                | {p for p in self.skipped if p > record.fence}
            )
        record.fence = max(record.fence, self.position)
        for panes in record.series.values():
            if 0 in panes.values():
                record.series = _without_zeros(record.series)
                break
        return PaneRecord(
            topic=topic,
            unit=self.unit,
            tier=record.tier,
            bucket=bucket_text(record.tier, record.bucket),
            fence=record.fence,
            generation=generation,
            series=record.series,
            without=tuple(sorted(record.without)),
        )

    def find(self, tier: Tier, bucket: str) -> Record | None:
        return self.tiers[TIERS.index(tier)].get(bucket_number(tier, bucket))

    def key(self, topic: str, record: Record) -> bytes:
        return pane_key(topic, self.unit, record.tier, bucket_text(record.tier, record.bucket))

    def load(self, pane: PaneRecord) -> Record:
        """Take over a written record."""
        record = Record(pane.tier, bucket_number(pane.tier, pane.bucket))
        record.series, record.fence, record.without = pane.series, pane.fence, frozenset(pane.without)
        self.tiers[TIERS.index(pane.tier)][record.bucket] = record
        self.guard = max(self.guard, record.fence)
        return record

    def load_head(self, head: Head) -> None:
        """Take over a written head."""
        self.position = head.position
        self.skipped = set(head.skipped)
        self.waiting_for = head.waiting_for
        self.late.update(head.late)
        self.lateness = Lateness(head.lateness)
        self.last_event = head.last_event
        self.floor = self.floor.raised(Floor.of(head.horizon))


def _without_zeros(series: Series) -> Series:
    return {
        name: kept
        for name, panes in series.items()
        if (kept := {index: amount for index, amount in panes.items() if amount})
    }
