"""The topic that every contender reads: which event stands where, how it is filled. Measures nothing.

Event times. A thousand events of the past come first, from 40 days to a minute old and the denser the younger, so that
the five rolling windows differ however little of the topic is read. The rest is live: a thousand a second. A share of
those is late by one to 55 days: old enough for every window, and young enough for hours, which are kept for 62 days.
"""

import asyncio
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from benchmarks.peers.job import BEST, DAY_S, EQUAL_WORK, HOUR_S, HOURS, MINUTE_S, MINUTES, Answer, answer_of
from shared.contracts.patrols import PatrolChange, PatrolCompleted, PatrolFacts, PatrolKind
from shared.messaging.codec import record_headers
from shared.messaging.producer import open_producer, partition_of
from shared.settings import Settings

PAST_EVENTS: Final = 1_000
OLDEST_S: Final = 40 * DAY_S
LIVE_A_SECOND: Final = 1_000
LATE_S: Final = (DAY_S, 55 * DAY_S)
LINEAGE: Final = "benchmark"
BATCHES_UNDER_WAY: Final = 64
_AT: Final = datetime(2001, 2, 3, 4, 5, 6, 789_000, UTC)
_AT_MS: Final = int(_AT.timestamp() * 1_000)


@dataclass(frozen=True)
class Log:
    """So many events of so many units in turn. Shape: `times_ms[number]` is when event `number` happened."""

    units: int
    late_ratio: float
    times_ms: "array[int]"

    @classmethod
    def made(cls, count: int, *, units: int, late_ratio: float, now: datetime) -> "Log":
        """The same for the same arguments; the last live event happens shortly before `now`."""
        rng = Random(1)
        live_ms = int(now.timestamp() * 1_000) - (count - PAST_EVENTS) * 1_000 // LIVE_A_SECOND - 1_000
        times = array("q")
        for number in range(count):
            if number < PAST_EVENTS:
                age_s = OLDEST_S * (MINUTE_S / OLDEST_S) ** (number / PAST_EVENTS)
                times.append(live_ms - int(age_s * 1_000))
                continue
            late_ms = int(rng.uniform(*LATE_S) * 1_000) if rng.random() < late_ratio else 0
            times.append(live_ms + (number - PAST_EVENTS) * 1_000 // LIVE_A_SECOND - late_ms)
        return cls(units, late_ratio, times)

    def __len__(self) -> int:
        return len(self.times_ms)

    def unit(self, number: int) -> str:
        return f"{number % self.units:05d}"

    def answer(self, track: str, read: Mapping[str, int], as_of_ms: int) -> Answer:
        """What the first so many events of each unit come to."""
        kept: dict[str, Counter[tuple[str, int]]] = {HOURS.id: Counter(), MINUTES.id: Counter()}
        for unit, count in read.items():
            times = self.times_ms[int(unit) :: self.units][:count]
            steps = {HOURS.id: HOUR_S} if track == EQUAL_WORK else {HOURS.id: HOUR_S, MINUTES.id: MINUTE_S}
            for panes, step_s in steps.items():
                for step, number in Counter(at // (step_s * 1_000) for at in times).items():
                    kept[panes][unit, step * step_s] = number
        return answer_of(EQUAL_WORK if track == EQUAL_WORK else BEST, kept, as_of_ms)


class Records:
    """The records of a log as the patrols service makes them: one is made by its contract, the others after it."""

    def __init__(self, recorded_at: datetime) -> None:
        facts = PatrolFacts(kind=PatrolKind.SECURITY, teams=1, participants=4, started_at=_AT, completed_at=_AT)
        change = PatrolChange(was=None, is_=facts)
        event = PatrolCompleted(time=_AT, subject="patrol-0", partitionkey="00000", data=change)
        self.example = event.record(position=1, lineage=LINEAGE, recorded_at=recorded_at)
        self._template = self.example.decode().replace("%", "%%")
        prefix = str(event.id)[:-12]
        for told, place in (
            (f'"{event.id}"', f'"{prefix}%(number)012x"'),
            ('"patrol-0"', '"patrol-%(number)d"'),
            ('"00000"', '"%(unit)s"'),
            (_told(_AT_MS), "%(at)s"),
            ('"position":1,', '"position":%(position)d,'),
        ):
            if told not in self._template:
                raise ValueError(f"a record of the contract no longer has {told}")
            self._template = self._template.replace(told, place)

    def value(self, number: int, unit: str, position: int, at_ms: int) -> bytes:
        """The value of one record."""
        fields = {"number": number, "unit": unit, "position": position, "at": _told(at_ms)}
        return (self._template % fields).encode()


async def fill(settings: Settings, topic: str, log: Log, *, compression: str | None) -> None:
    """Put the log on a topic, each unit's events in order."""
    producer = await open_producer(settings, compression_type=compression)
    records = Records(datetime.now(UTC))
    batches: dict[int, Any] = {}
    sent: set[asyncio.Future[Any]] = set()

    async def send(partition: int) -> None:
        sent.add(await producer.send_batch(batches.pop(partition), topic, partition=partition))

    for number, at_ms in enumerate(log.times_ms):
        unit, position = log.unit(number), number // log.units + 1
        partition = partition_of(unit, settings.kafka_partitions)
        record = {
            "timestamp": at_ms, "key": unit.encode(), "value": records.value(number, unit, position, at_ms),
            "headers": record_headers(position),
        }  # fmt: skip
        if partition not in batches:
            batches[partition] = producer.create_batch()
        if batches[partition].append(**record) is None:  # it is full
            await send(partition)
            batches[partition] = producer.create_batch()
            batches[partition].append(**record)
        if len(sent) > BATCHES_UNDER_WAY:
            await asyncio.gather(*sent)
            sent.clear()
    for partition in list(batches):
        await send(partition)
    await asyncio.gather(*sent)
    await producer.stop()


def _told(at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms // 1_000, UTC) + timedelta(milliseconds=at_ms % 1_000)
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
