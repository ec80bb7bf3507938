"""The fold of one partition of one topic: events in, pane records and heads out. Does no I/O and reads no clock.

The rule of positions. Events of a unit are numbered from 1 without gaps. `last + 1` is applied; lower ones were applied
before, higher ones show a hole and wait until what is missing has been sent again.

The rule of fences. A record says: my amounts are those of all events up to my `fence`, except the positions that I am
`without`. So an event belongs into a record if, and only if, its position is above the fence or among those missing.
That holds for first deliveries, for replays after a crash between the records and the heads of a flush, and for
repairs alike, because a record is always written with the unit's position as its fence, and with every skipped position
that it did not hold before as missing. A repair has all records written again that miss the position, touched or not.
So a position that a record misses and its head does not was written by somebody who had slept through the repair: it
counts as skipped again.

The order of a flush. Records first, then heads, each acknowledged before the next; tombstones of expired records only
after a head with the higher horizon. So a record that is gone is below the horizon of every head that can be read, and
is never begun anew.

Where reading resumes. A head carries the source offset up to which the flush before it had made *every* unit of the
partition durable. The highest offset of the partition's heads is therefore safe, however long its quietest unit slept.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.stats.catalogue import CATALOGUE, Catalogue
from services.stats.engine.cells import Cells, SeriesNames, TodayUnit
from services.stats.engine.flush import Flush, LineageChanged, Outcome, Size
from services.stats.engine.local_panes import Floor, calendar_of
from services.stats.engine.named import named_window
from services.stats.engine.state import UnitState
from services.stats.panes import Head, LastEvent, NamedWindow, PaneRecord, Snapshot, StateRecord, encode, head_key
from shared.contracts.stats import Tier
from shared.contracts.topics import topic_named
from shared.messaging.codec import Envelope

_NO_FLOOR: Final = Floor(minute=24, hour=1)  # the first hour and day of the calendar
_LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)


class Fold:
    """The figures of all units of one source partition."""

    def __init__(
        self,
        topic: str,
        partition: int,
        *,
        generation: str,
        cluster_id: str,
        today_unit: TodayUnit,
        zone: ZoneInfo,
        catalogue: Catalogue = CATALOGUE,
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.generation = generation
        self.cluster_id = cluster_id
        self.lineage: str | None = None
        self.offset = 0
        self._settled = 0
        self._calendar = calendar_of(zone)
        self._cells = Cells(catalogue.readers(topic_named(topic)), self._calendar, today_unit)
        self._floor = _NO_FLOOR
        self._floor_is_good_until = _LONG_AGO
        self._units: dict[str, UnitState] = {}
        self._changed: list[UnitState] = []
        self._named: dict[bytes, NamedWindow] = {}
        self._windows: dict[bytes, bytes] = {}
        self._expired: list[bytes] = []
        self._due: list[bytes] = []

    # -- what comes in

    def restore(self, snapshot: Snapshot) -> None:
        """Take over what was written for this partition by the same generation and cluster."""
        foreign = set()
        for head in snapshot.heads.values():
            if head.topic != self.topic or not self._is_ours(head.generation):
                continue
            if head.cluster_id != self.cluster_id:
                foreign.add(head.unit)  # its positions are those of another log
                continue
            self._unit(head.unit).load_head(head)
            self.lineage = head.lineage or self.lineage  # empty while nothing could be read
            self._settled = max(self._settled, head.offset)
        for pane in snapshot.panes.values():
            if pane.topic == self.topic and self._is_ours(pane.generation) and pane.unit not in foreign:
                self._unit(pane.unit).load(pane)
        self._named = {key: window for key, window in snapshot.windows.items() if window.unit not in foreign}
        for unit in self._units.values():
            if unit.doubt():
                self._change(unit)
            # What lies below the horizon of a written head was about to be deleted when the writer ended.
            self._due.extend(unit.key(self.topic, record) for record in unit.raise_floor(unit.floor))
        self.offset = self._settled

    def apply(self, envelope: Envelope, offset: int, now: datetime) -> Outcome:
        """Fold one event, read at a source offset at a given time.

        Raises: Undecodable if its data do not fit its type (nothing has changed: `skip` it, and send it to the dead
                letters); LineageChanged if the log goes on with another database.
        """
        if envelope.lineage != self.lineage:
            self._accept(envelope.lineage)
        unit = self._units.get(envelope.partitionkey) or self._unit(envelope.partitionkey)
        position = envelope.position
        expected = unit.position + 1
        if position > expected:
            return self._hole(unit, offset)
        if position < expected and position not in unit.skipped:
            self.pass_over(offset)
            return Outcome.DUPLICATE
        self._add(unit, envelope, now)
        self.pass_over(offset)
        self._change(unit)
        if position < expected:
            unit.skipped.discard(position)
            # An event may be repaired twice, if a record that missed it came to light only after the first time.
            if unit.lateness.total < unit.position - len(unit.skipped):
                unit.lateness.add(envelope.time, envelope.recordedtime)
            return Outcome.REPAIRED
        unit.lateness.add(envelope.time, envelope.recordedtime)
        unit.position = position
        unit.waiting_for = None
        unit.last_event = envelope
        return Outcome.APPLIED

    def skip(self, unit: str, position: int, offset: int) -> Outcome:
        """Go past an event that cannot be read; its unit's figures are incomplete until it comes again."""
        state = self._unit(unit)
        if position > state.position + 1:
            return self._hole(state, offset)
        self.offset = max(self.offset, offset + 1)
        if position <= state.position:
            return Outcome.DUPLICATE
        state.position = position
        state.waiting_for = None
        state.skipped.add(position)
        self._change(state)
        return Outcome.SKIPPED

    def pass_over(self, offset: int) -> None:
        """Go past a record, such as one that is no event of any unit."""
        if offset >= self.offset:
            self.offset = offset + 1

    def expire(self, now: datetime) -> None:
        """Let go of panes below the horizon in units that no event has come for."""
        floor = self._floor_at(now)
        for unit in self._units.values():
            if unit.expires_under(floor):
                self._raise_floor(unit, floor)
                self._change(unit)

    # -- what goes out

    def dirty(self) -> Flush:
        """What has changed since the last call. Afterwards tell its fate: `flushed` or `lost`."""
        panes = []
        records: list[tuple[bytes, bytes | None]] = []
        for unit in self._changed:
            unit.settle()
            for record in unit.touched:
                record.dirty = False
                if not record.gone:
                    pane = unit.written(self.topic, record, self.generation)
                    records.append((pane.key, encode(pane)))
                    panes.append((unit, record))
            unit.touched.clear()
            unit.dirty = False
        windows, expired, tombstones = self._windows, tuple(self._expired), tuple(self._due)
        records.extend(windows.items())
        records.extend((key, None) for key in tombstones)
        units = tuple(self._changed)
        flush = Flush(
            records=tuple(records),
            heads=tuple((head_key(self.topic, unit.unit), encode(self._head(unit))) for unit in units),
            offset=self.offset,
            units=units,
            panes=tuple(panes),
            windows=windows,
            expired=expired,
            tombstones=tombstones,
        )
        self._windows = {}
        for pending in (self._changed, self._expired, self._due):
            pending.clear()
        return flush

    def flushed(self, flush: Flush) -> None:
        """Every record and then every head of the flush is acknowledged."""
        self._settled = max(self._settled, flush.offset)
        self._due.extend(flush.expired)

    def lost(self, flush: Flush) -> None:
        """Some of the flush may not have been written: all of it goes out again with the next one."""
        for unit, record in flush.panes:
            if not record.gone:
                unit.touch(record)
        for unit in flush.units:
            self._change(unit)
        self._windows = {**flush.windows, **self._windows}
        self._expired.extend(flush.expired)
        self._due.extend(flush.tombstones)

    def restate(self, record: StateRecord) -> None:
        """Have the fold's own version of a record, and its unit's head, written once more."""
        unit = self._unit(record.unit)
        if record.key in self._named:
            self._windows[record.key] = encode(self._named[record.key])
        unit.settle()
        ours = unit.find(record.tier, record.bucket) if isinstance(record, PaneRecord) else None
        if ours is not None:
            unit.touch(ours)
        self._change(unit)

    # -- what is asked

    @property
    def settled(self) -> int:
        """The source offset up to which everything is folded and written."""
        return self._settled

    @property
    def positions(self) -> dict[str, int]:
        return {unit.unit: unit.position for unit in self._units.values()}

    @property
    def holes(self) -> dict[str, int]:
        """The position that each unit with a hole waits for."""
        return {unit.unit: unit.waiting_for for unit in self._units.values() if unit.waiting_for is not None}

    @property
    def incomplete(self) -> dict[str, tuple[int, ...]]:
        """The skipped positions of each unit that has any."""
        return {unit.unit: tuple(sorted(unit.skipped)) for unit in self._units.values() if unit.skipped}

    @property
    def late(self) -> Counter[Tier]:
        """How many events came too late for each tier, in all units."""
        late: Counter[Tier] = Counter()
        for unit in self._units.values():
            late.update(unit.late)
        return late

    def size(self) -> Size:
        for unit in self._units.values():
            unit.settle()
        records = [record for unit in self._units.values() for tier in unit.tiers for record in tier.values()]
        amounts = sum(len(panes) for record in records for panes in record.series.values())
        return Size(len(self._units), len(records), amounts)

    # -- inside

    def _add(self, unit: UnitState, envelope: Envelope, now: datetime) -> None:
        window = named_window(envelope)
        cells = self._cells.of(envelope, unit.names)
        if cells:
            floor = self._floor if now < self._floor_is_good_until else self._floor_at(now)
            if floor is not unit.offered_floor:
                self._raise_floor(unit, floor)
        if unit.may_hold(envelope.position):
            unit.add_where_missing(cells, envelope.position, self._calendar)
            unit.hold(envelope.position)
        else:
            unit.gather(cells, self._calendar)
        # A repair comes after what has happened to the window since.
        if window is not None and window.position >= self._named.get(window.key, window).position:
            self._named[window.key] = window
            self._windows[window.key] = encode(window)

    def _floor_at(self, now: datetime) -> Floor:
        if now >= self._floor_is_good_until:
            self._floor = self._floor.raised(self._calendar.floor(now))
            self._floor_is_good_until = self._calendar.next_quarter(now)
        return self._floor

    def _raise_floor(self, unit: UnitState, floor: Floor) -> None:
        unit.offered_floor = floor
        self._expired.extend(unit.key(self.topic, record) for record in unit.raise_floor(floor))

    def _accept(self, lineage: str) -> None:
        if self.lineage is not None:
            raise LineageChanged(
                f"{self.topic}/{self.partition} continues with lineage {lineage} instead of {self.lineage}: the "
                "producer's database was replaced under an unchanged log. Give it new topics, or restore its database."
            )
        self.lineage = lineage

    def _unit(self, code: str) -> UnitState:
        unit = self._units.get(code)
        if unit is None:
            unit = self._units[code] = UnitState(code, _NO_FLOOR, SeriesNames(code))
        return unit

    def _hole(self, unit: UnitState, offset: int) -> Outcome:
        self.offset = max(self.offset, offset + 1)
        if unit.waiting_for is None:
            unit.waiting_for = unit.position + 1
            self._change(unit)
        return Outcome.HOLE

    def _change(self, unit: UnitState) -> None:
        if not unit.dirty:
            unit.dirty = True
            self._changed.append(unit)

    def _is_ours(self, generation: str) -> bool:
        return generation == self.generation

    def _head(self, unit: UnitState) -> Head:
        last = unit.last_event
        return Head(
            topic=self.topic,
            unit=unit.unit,
            position=unit.position,
            offset=self._settled,
            partition=self.partition,
            horizon=unit.floor.texts(),
            generation=self.generation,
            lineage=self.lineage or "",
            cluster_id=self.cluster_id,
            skipped=tuple(sorted(unit.skipped)),
            waiting_for=unit.waiting_for,
            late=unit.late,
            lateness=tuple(unit.lateness.counts),
            last_event=LastEvent(last.type, last.time, last.recordedtime) if last else None,
        )
