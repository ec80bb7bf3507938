"""The read side: the state of stats.panes.v1 in memory, as rows of series. Pure; applies records, never makes any."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from services.stats.panes import SPLIT, Head, NamedWindow, PaneRecord, bucket_number, decode, first_pane
from services.stats.view.series import PANES_A_DAY, Series
from shared.contracts.stats import Tier

Source = tuple[str, str]  # (topic, unit)
Version = tuple[int, int]
Row = Mapping[str, Series]
"""Series by metric; under a topic's name, by day, how many of its figures have anything on that day."""

MOST_DAYS: Final = 64  # of so many it is remembered, row by row, when they changed

_EMPTY: Final[Row] = MappingProxyType({})
_NO_SERIES: Final[Mapping[str, Any]] = MappingProxyType({})
_NO_HEADS: Final[dict[Source, Head]] = {}
_NO_CELLS: Final[Mapping[int, int]] = MappingProxyType({})


class View:
    """Rows of series, consistent per (topic, unit): records wait until the head that vouches for them arrives.

    Shape: a row is a unit of today, or a city with all that lies in it, old units and its own facts included. What was
           recorded under another code than that of its unit of today is kept a second time, by both codes: from the
           two any row of a former map can be made, and facts of today are kept once.
    """

    def __init__(self, *, generation: str, city_of: Callable[[str], str], topic_of: Mapping[str, str]) -> None:
        self.version = 0
        self.heads: dict[Source, Head] = {}
        self.windows: dict[str, NamedWindow] = {}
        self.uncounted: frozenset[str] = frozenset()  # figures that the state's rules do not count as this process does
        self.generation = generation
        self._city_of = city_of
        self._topic_of = topic_of  # metric -> the one topic that feeds it
        self.carried_version = 0  # rises when a carried-over series changes
        self._rows: dict[str, defaultdict[str, Series]] = {}
        self._carried: dict[str, dict[str, defaultdict[str, Series]]] = {}
        self._origins: dict[str, set[str]] = {}
        # What is applied is kept as bytes: a tenth of the memory, and taking it back is rare enough to decode again.
        self._applied: dict[bytes, tuple[Version, bytes]] = {}
        self._pending: dict[Source, dict[bytes, PaneRecord | None]] = defaultdict(dict)
        self._raw: dict[bytes, bytes] = {}
        self._applied_totals: dict[str, int] = defaultdict(int)
        self._heads_of: defaultdict[str, dict[Source, Head]] = defaultdict(dict)
        self._window_positions: dict[str, int] = {}
        self._incomplete: set[Source] = set()
        self._last_recorded: dict[str, datetime] = {}
        self._row_versions: dict[str, int] = {}
        self._changed_at: dict[str, dict[str, int]] = defaultdict(dict)
        self._days_changed_at: dict[str, dict[int, int]] = defaultdict(dict)

    # -- what the topic says

    def take(self, key: bytes, value: bytes | None) -> frozenset[str]:
        """Take in the next record of the topic. Returns the rows that changed. Raises: ValueError if unreadable."""
        kind = key.partition(b"/")[0]
        record = decode(key, value)
        if isinstance(record, Head):
            return self._take_head(record)
        if isinstance(record, NamedWindow):
            self._take_window(record)
        elif kind == b"window":
            self.windows.pop(key.decode().partition("/")[2], None)
            self.version += 1
        elif kind == b"pane":
            self._take_pane(key, value, record)
        return frozenset()

    def _take_window(self, record: NamedWindow) -> None:
        if record.position < self._window_positions.get(record.id, 0):
            return  # somebody who had slept has written it
        self._window_positions[record.id] = record.position
        if record.withdrawn:
            self.windows.pop(record.id, None)
        else:
            self.windows[record.id] = record
        self.version += 1

    def _take_pane(self, key: bytes, value: bytes | None, record: PaneRecord | None) -> None:
        _, topic, unit, _ = key.decode().split("/", 3)
        if record is not None and value is not None:
            if record.generation != self.generation or record.age < self._known_version(key, (topic, unit)):
                return
            self._raw[key] = value
        self._pending[(topic, unit)][key] = record

    def _known_version(self, key: bytes, source: Source) -> Version:
        waiting = self._pending[source].get(key)
        if waiting is not None:
            return waiting.age
        return self._applied[key][0] if key in self._applied else (-1, 0)

    def _take_head(self, head: Head) -> frozenset[str]:
        source = (head.topic, head.unit)
        known = self.heads.get(source)
        if head.generation != self.generation or (known is not None and head.age < known.age):
            return frozenset()
        changed = self._apply(source, head.position)
        self.heads[source] = head
        self._heads_of[self._city_of(head.unit)][source] = head
        self._note(source, head)
        self._applied_totals[head.topic] += head.position - (known.position if known else 0)
        self.version += 1
        rows = frozenset(changed | {head.unit, self._city_of(head.unit)})
        self._row_versions.update(dict.fromkeys(rows, self.version))
        return rows

    # -- what queries ask

    def series(self, row: str) -> Row:
        """The series of a row; a metric without any fact is absent."""
        return self._rows.get(row, _EMPTY)

    def rows(self) -> Iterable[str]:
        return self._rows.keys()

    def heads_of(self, city: str) -> Mapping[Source, Head]:
        """The heads of all units that lie or lay in the city, and its own."""
        return self._heads_of.get(city, _NO_HEADS)

    def incomplete_units(self) -> frozenset[str]:
        """The units of which an event could not be read or has not come."""
        return frozenset(unit for _, unit in self._incomplete)

    def incomplete_rows(self) -> frozenset[str]:
        """These units and their cities."""
        units = self.incomplete_units()
        return units.union(map(self._city_of, units))

    def last_recorded(self, row: str) -> datetime | None:
        """When the newest event of the unit, or of any unit of the city, was recorded."""
        return self._last_recorded.get(row)

    def row_version(self, row: str) -> int:
        """The version of the view in which the row, or what is known about its completeness, changed last."""
        return self._row_versions.get(row, 0)

    def changed_since(self, row: str, version: int) -> set[str]:
        """The series of the row that have changed after that version of the view."""
        return {name for name, at in self._changed_at.get(row, {}).items() if at > version}

    def first_day_changed_since(self, row: str, version: int) -> int | None:
        """Before the day of this number nothing in the row has changed after that version; None if nothing has."""
        return min((day for day, at in self._days_changed_at.get(row, {}).items() if at > version), default=None)

    def carried(self, unit: str) -> Mapping[str, Row]:
        """What was recorded under the unit's code and lies elsewhere today, by today's unit (SPLIT if not known)."""
        return self._carried.get(unit, {})

    def carrying(self) -> Iterable[str]:
        """The units of which something lies elsewhere today."""
        return self._carried.keys()

    def origins(self, today: str) -> Iterable[str]:
        """The other units under whose codes facts of today's unit were recorded."""
        return self._origins.get(today, ())

    def position(self, topic: str, unit: str, lineage: str | None = None) -> int:
        """The position of the unit's sequence up to which the figures are complete; 0 if of another lineage."""
        head = self.heads.get((topic, unit))
        # A head without lineage has not seen a single readable event yet.
        return head.position if head and (lineage is None or head.lineage in ("", lineage)) else 0

    def applied_total(self, topic: str) -> int:
        """How many events of the topic the figures contain."""
        return self._applied_totals[topic]

    def dump(self) -> Iterator[tuple[bytes, bytes]]:
        """(key, value) of every pane record that is applied now, to be gone through while the view goes on."""
        applied = tuple(self._applied.items())
        return ((key, value) for key, (_, value) in applied)

    # -- inside

    def _note(self, source: Source, head: Head) -> None:
        """Keep what every row tells beside its figures, so that nobody has to look through all heads for it."""
        if head.lacks_events:
            self._incomplete.add(source)
        else:
            self._incomplete.discard(source)
        if head.last_event is not None:
            at = head.last_event.recordedtime
            for row in (head.unit, self._city_of(head.unit)):
                self._last_recorded[row] = max(at, self._last_recorded.get(row, at))

    def _apply(self, source: Source, position: int) -> set[str]:
        changed: set[str] = set()
        waiting = self._pending.pop(source, {})
        for key, record in waiting.items():
            if record is not None and record.fence > position:
                # Another writer's flush whose head is still to come.
                self._pending[source][key] = record
                continue
            before = self._applied.pop(key, None)
            old = None if before is None else decode(key, before[1])
            assert old is None or isinstance(old, PaneRecord)
            changed |= self._replace(old, record)
            if record is not None:
                self._applied[key] = (record.age, self._raw.pop(key))
        return changed

    def _replace(self, old: PaneRecord | None, new: PaneRecord | None) -> set[str]:
        """Let the rows have what the newer version of a record says, and tell which ones it touches."""
        record = new or old
        if record is None:
            return set()
        before, now = (each.series if each is not None else _NO_SERIES for each in (old, new))
        city = self._city_of(record.unit)
        first = first_pane(record.tier, bucket_number(record.tier, record.bucket))
        touched = {city}
        first_day: int | None = None
        for name in before.keys() | now.keys():
            was, is_ = before.get(name, _NO_CELLS), now.get(name, _NO_CELLS)
            if was == is_:
                continue
            metric, _, today = name.partition("|")
            topic = self._topic_of.get(metric) if record.tier is Tier.DAY else None
            cells = _difference(was, is_)
            days = _difference(dict.fromkeys(was, 1), dict.fromkeys(is_, 1)) if topic is not None else _NO_CELLS
            day = (first + min(cells, default=0)) // PANES_A_DAY[record.tier]
            first_day = day if first_day is None else min(day, first_day)
            for row in self._rows_of(record.unit, today, city, metric, touched):
                row[metric].panes(record.tier).add(first, cells)
                if topic is not None:
                    row[topic].panes(Tier.DAY).add(first, days)
        if first_day is not None:
            for each in touched:
                self._note_day(each, first_day)
        return touched

    def _note_day(self, row: str, day: int) -> None:
        days = self._days_changed_at[row]
        days[day] = self.version + 1
        if len(days) > MOST_DAYS:  # the older half becomes one: which of them it was matters to nobody who asks often
            older = sorted(days)[: MOST_DAYS // 2]
            days[older[0]] = max(map(days.pop, older))

    def _rows_of(
        self, unit: str, today: str, city: str, metric: str, touched: set[str]
    ) -> list[defaultdict[str, Series]]:
        rows = [self._row(city)]
        self._changed_at[city][metric] = self.version + 1  # the head that is being applied makes it so
        if today not in (SPLIT, city):
            touched.add(today)
            rows.append(self._row(today))
            self._changed_at[today][metric] = self.version + 1
        if today != unit:
            self.carried_version += 1
            rows.append(self._carried.setdefault(unit, {}).setdefault(today, defaultdict(Series)))
            self._origins.setdefault(today, set()).add(unit)
        return rows

    def _row(self, row: str) -> defaultdict[str, Series]:
        found = self._rows.get(row)
        if found is None:
            found = self._rows[row] = defaultdict(Series)
        return found


def _difference(was: Mapping[int, int], is_: Mapping[int, int]) -> dict[int, int]:
    """What has to be added to make one the other, without what stays the same."""
    both = was.keys() | is_.keys()
    return {index: more for index in both if (more := is_.get(index, 0) - was.get(index, 0))}
