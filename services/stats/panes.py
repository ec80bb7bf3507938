"""The records of the fold's state and their wire form; knows what a record says, not how it comes about.

`shared/contracts/stats.py` is the public contract of the same records; these structs exist because they decode and
encode ten times faster. A test holds the two together.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, TypeAlias

import msgspec

from shared.contracts.stats import Tier
from shared.contracts.topics import AWARDS

SPLIT: Final = "~"
"""Stands for today's unit where the old one was split and the fact names no residential group."""

KEPT: Final = {Tier.MINUTE: timedelta(days=3), Tier.HOUR: timedelta(days=62)}
"""How long a tier is kept; days are kept for good."""

Series: TypeAlias = dict[str, dict[int, int]]
"""Amounts by minute 0-59, hour 0-23 or day 1-31, under "<metric>|<today's unit>"."""


class PaneRecord(msgspec.Struct, frozen=True, gc=False):
    """Absolute amounts of one (topic, unit, tier, bucket), complete up to `fence` but for the positions `without`."""

    topic: str
    unit: str
    tier: Tier
    bucket: str
    fence: int
    generation: str
    series: Series
    without: tuple[int, ...] = ()

    @property
    def key(self) -> bytes:
        return pane_key(self.topic, self.unit, self.tier, self.bucket)

    @property
    def age(self) -> tuple[int, int]:
        """Orders the versions of one record: the highest fence wins, then the one that lacks the fewest positions."""
        return self.fence, -len(self.without)


class LastEvent(msgspec.Struct, frozen=True, gc=False):
    """The event at a head's position."""

    type: str
    time: datetime
    recordedtime: datetime


class Head(msgspec.Struct, frozen=True, gc=False):
    """How far one (topic, unit) is folded; vouches for the pane records written before it."""

    topic: str
    unit: str
    position: int
    offset: int
    partition: int
    horizon: dict[Tier, str]
    generation: str
    lineage: str
    cluster_id: str
    skipped: tuple[int, ...] = ()
    waiting_for: int | None = None
    late: dict[Tier, int] = {}
    lateness: tuple[int, ...] = ()
    last_event: LastEvent | None = None

    def above(self, other: "Head") -> "Head":
        """The same head with the higher horizon of both: a horizon never sinks, whoever wrote last."""
        horizon = {tier: max(bucket, other.horizon.get(tier, bucket)) for tier, bucket in self.horizon.items()}
        return self if horizon == self.horizon else msgspec.structs.replace(self, horizon=horizon)

    @property
    def key(self) -> bytes:
        return head_key(self.topic, self.unit)

    @property
    def age(self) -> tuple[int, int]:
        """Orders the versions of one head."""
        return self.position, -len(self.skipped)

    @property
    def lacks_events(self) -> bool:
        """Whether an event up to the position could not be read, or the next one has not come."""
        return bool(self.skipped) or self.waiting_for is not None


class NamedWindow(msgspec.Struct, frozen=True, gc=False):
    """A window with a name, made from a campaign or a legal instrument; `to_date` is its last day.

    As of the unit's event at `position`. One that was withdrawn stays as a record that says so, so that an older one
    cannot come back.
    """

    id: str
    kind: str
    unit: str
    title: str
    from_date: date
    title_en: str | None = None
    to_date: date | None = None
    previous: str | None = None
    position: int = 0
    withdrawn: bool = False

    @property
    def key(self) -> bytes:
        return window_key(self.id)


StateRecord: TypeAlias = PaneRecord | Head | NamedWindow


def topic_behind(record: StateRecord) -> str:
    """The topic whose events the record is made of."""
    return AWARDS.name if isinstance(record, NamedWindow) else record.topic


def pane_key(topic: str, unit: str, tier: Tier, bucket: str) -> bytes:
    """The key of a pane record."""
    return f"pane/{topic}/{unit}/{tier}/{bucket}".encode()


def head_key(topic: str, unit: str) -> bytes:
    """The key of a head."""
    return f"head/{topic}/{unit}".encode()


def window_key(window: str) -> bytes:
    """The key of a named window."""
    return f"window/{window}".encode()


_encoder: Final = msgspec.json.Encoder()
_DECODERS: Final[dict[bytes, msgspec.json.Decoder[Any]]] = {
    b"pane": msgspec.json.Decoder(PaneRecord),
    b"head": msgspec.json.Decoder(Head),
    b"window": msgspec.json.Decoder(NamedWindow),
}


def encode(record: StateRecord) -> bytes:
    """The value of a record on the panes topic."""
    return _encoder.encode(record)


def decode(key: bytes, value: bytes | None) -> StateRecord | None:
    """The record under a key of the panes topic; None if it was taken back, or is of a kind that came later.

    Raises: ValueError for a value that does not fit its key.
    """
    decoder = _DECODERS.get(key.partition(b"/")[0])
    if decoder is None or value is None:
        return None
    try:
        record: StateRecord = decoder.decode(value)
    except msgspec.DecodeError as error:
        raise ValueError(f"the value under {key.decode(errors='replace')} cannot be read: {error}") from error
    return record


class Snapshot:
    """The newest version of every record of one partition, whatever a woken worker wrote over it."""

    def __init__(self) -> None:
        self.panes: dict[bytes, PaneRecord] = {}
        self.heads: dict[bytes, Head] = {}
        self.windows: dict[bytes, NamedWindow] = {}

    def put(self, key: bytes, value: bytes | None) -> bool:
        """Take in the next record; False if a newer version of it is already here. Raises: ValueError."""
        if value is None:
            self.panes.pop(key, None)
            self.windows.pop(key, None)
            return True
        record = decode(key, value)
        if isinstance(record, PaneRecord):
            known_pane = self.panes.get(key)
            if known_pane is not None and record.age < known_pane.age:
                return False
            self.panes[key] = record
        elif isinstance(record, Head):
            known_head = self.heads.get(key, record)
            outdated = record.age < known_head.age
            self.heads[key] = (known_head if outdated else record).above(record if outdated else known_head)
            return not outdated
        elif record is not None:
            known_window = self.windows.get(key)
            if known_window is not None and record.position < known_window.position:
                return False
            self.windows[key] = record
        return True


# -- Local pane numbers: minutes, hours and days counted through from the calendar's first day, so that panes of
#    neighbouring buckets are neighbours.

HOURS_A_DAY: Final = 24
MINUTES_AN_HOUR: Final = 60


@lru_cache(maxsize=8_192)  # all units share the buckets that are kept, and a flush names each of them many times
def bucket_text(tier: Tier, bucket: int) -> str:
    """An hour of minutes, a day of hours or a month of days, as records name it."""
    if tier is Tier.MINUTE:
        return f"{date.fromordinal(bucket // HOURS_A_DAY).isoformat()}T{bucket % HOURS_A_DAY:02d}"
    if tier is Tier.HOUR:
        return date.fromordinal(bucket).isoformat()
    return f"{bucket // 12:04d}-{bucket % 12 + 1:02d}"


def bucket_number(tier: Tier, text: str) -> int:
    """The inverse of `bucket_text`. Raises: ValueError."""
    if tier is Tier.MINUTE:
        day, _, hour = text.partition("T")
        return date.fromisoformat(day).toordinal() * HOURS_A_DAY + int(hour)
    if tier is Tier.HOUR:
        return date.fromisoformat(text).toordinal()
    year, _, month = text.partition("-")
    return int(year) * 12 + int(month) - 1


def first_pane(tier: Tier, bucket: int) -> int:
    """The number of the pane with index 0 of a bucket (days of a month have none: their first index is 1)."""
    if tier is Tier.MINUTE:
        return bucket * MINUTES_AN_HOUR
    if tier is Tier.HOUR:
        return bucket * HOURS_A_DAY
    return date(bucket // 12, bucket % 12 + 1, 1).toordinal() - 1


def pane_number(tier: Tier, local: datetime) -> int:
    """The number of the pane that a local time lies in; its offset is not looked at."""
    day = local.toordinal()
    if tier is Tier.DAY:
        return day
    hour = day * HOURS_A_DAY + local.hour
    return hour if tier is Tier.HOUR else hour * MINUTES_AN_HOUR + local.minute


def amounts(record: PaneRecord) -> Iterator[tuple[str, str, int, int]]:
    """(metric, today's unit, pane number, amount) of everything in a record."""
    first = first_pane(record.tier, bucket_number(record.tier, record.bucket))
    for name, cells in record.series.items():
        metric, _, today = name.partition("|")
        for index, amount in cells.items():
            yield metric, today, first + index, amount


def newest(entries: Iterable[tuple[bytes, bytes | None]]) -> Snapshot:
    """The snapshot that a partition's records add up to."""
    snapshot = Snapshot()
    for key, value in entries:
        snapshot.put(key, value)
    return snapshot
