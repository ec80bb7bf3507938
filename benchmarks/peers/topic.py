"""The topic that every contender reads, and the counts that every one has to come to; measures nothing."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from shared.contracts.patrols import PatrolChange, PatrolCompleted, PatrolFacts, PatrolKind
from shared.contracts.topics import PATROLS
from shared.messaging.codec import record_headers
from shared.messaging.producer import open_producer, partition_of
from shared.settings import Settings

HOUR_S: Final = 3_600
SPAN_S: Final = 2 * HOUR_S
AT_ONCE: Final = 5_000
LATE_DAYS: Final = 60

Counts = Counter[tuple[str, int]]
"""(unit, hour as the Unix time of its beginning) -> patrols completed."""


def events(count: int, *, units: int, late_ratio: float, now: datetime) -> Iterator[tuple[str, int, datetime, bytes]]:
    """(unit, position, time of completion, record): units in turn, times over two hours, some days late."""
    rng, start = Random(1), now - timedelta(seconds=SPAN_S)
    for number in range(count):
        unit, position = f"{number % units:05d}", number // units + 1
        at = start + timedelta(seconds=SPAN_S * number / count)
        if rng.random() < late_ratio:
            at -= timedelta(seconds=rng.uniform(86_400, LATE_DAYS * 86_400))
        facts = PatrolFacts(kind=PatrolKind.SECURITY, teams=1, participants=4, started_at=at, completed_at=at)
        event = PatrolCompleted(
            time=at, subject=f"patrol-{number}", partitionkey=unit, data=PatrolChange(was=None, is_=facts)
        )
        yield unit, position, at, event.record(position=position, lineage="benchmark", recorded_at=now)


async def fill(settings: Settings, count: int, *, units: int, late_ratio: float) -> Counts:
    """Put the events on patrols.v1; what they add up to."""
    counts: Counts = Counter()
    producer = await open_producer(settings)
    sent = []
    for unit, position, at, value in events(count, units=units, late_ratio=late_ratio, now=datetime.now(UTC)):
        counts[unit, int(at.timestamp()) // HOUR_S * HOUR_S] += 1
        partition = partition_of(unit, settings.kafka_partitions)
        at_ms, headers = int(at.timestamp() * 1_000), record_headers(position)
        sent.append(
            await producer.send(PATROLS.name, value, unit.encode(), partition, timestamp_ms=at_ms, headers=headers)
        )
        if len(sent) >= AT_ONCE:
            for one in sent:
                await one
            sent.clear()
    for one in sent:
        await one
    await producer.stop()
    return counts


def digest(counts: Iterable[tuple[tuple[str, int], int]]) -> str:
    """The same for the same counts, in whatever order; other languages and venvs can make it too."""
    lines = sorted(f"{unit} {hour} {count}\n" for (unit, hour), count in counts)
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]
