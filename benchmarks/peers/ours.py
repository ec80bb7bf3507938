"""Our own way up the ladder, one rung a process: fetch, decode, fold, flush.

Each rung does what the rung below does and one thing more, on the worker's own Faust app. Only the last one keeps its
results: it writes every metric in three tiers, more than the one count that is asked of it.
"""

import asyncio
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any, Final

from faust.types import TP, EventT, StreamT

from benchmarks.peers.topic import HOUR_S, Counts, digest
from services.stats.agents import make_app
from services.stats.broker import SameBroker
from services.stats.engine import Fold
from services.stats.folding import Folding
from services.stats.panes import SPLIT, amounts, newest
from services.stats.state import Entry, StateReader, TopicWriter
from shared.clock import SystemClock
from shared.contracts.stats import Tier
from shared.contracts.topics import PANES, PATROLS
from shared.messaging.codec import decode
from shared.settings import Settings
from tests.integration.worker_rig import until

RUNGS: Final = ("fetch", "decode", "fold", "flush")
LONGEST_S: Final = 1_800.0
GENERATION: Final = "benchmark"


class Fetch:
    """Takes chunks and counts what is in them."""

    def __init__(self) -> None:
        self.done = 0

    async def recover(self, assigned: set[TP]) -> None: ...

    async def release(self) -> None: ...

    def resume_offsets(self, assigned: set[TP]) -> Mapping[TP, int]:
        return dict.fromkeys(assigned, 0)

    async def take(self, event: EventT, stream: StreamT) -> None:
        self.read(event.value)
        self.done += len(event.value)
        await stream.ack(event)

    def read(self, records: Sequence[Any]) -> None: ...


class Decode(Fetch):
    """Reads the envelope of every event as well."""

    def read(self, records: Sequence[Any]) -> None:
        for record in records:
            decode(record.value)


async def folding(settings: Settings, stack: AsyncExitStack) -> Folding:
    """The worker's own hands, with nothing around them."""
    broker = SameBroker(settings)
    stack.push_async_callback(broker.close)
    await broker.meet()
    reader = StateReader(settings, topic=PANES.name, generation=GENERATION)
    stack.push_async_callback(reader.stop)
    await reader.start()
    writer = TopicWriter(settings, topic=PANES.name)
    stack.push_async_callback(writer.close)

    def new_fold(tp: TP) -> Fold:
        return Fold(
            tp.topic, tp.partition, generation=GENERATION, cluster_id=broker.cluster_id,
            today_unit=lambda unit, _group, _day: unit, zone=settings.zone,
        )  # fmt: skip

    async def refuse(_: Any, reason: str) -> None:
        raise AssertionError(reason)

    return Folding(
        new_fold=new_fold, reader=reader, writer=writer, same_broker=broker.confirm, set_aside=refuse,
        clock=SystemClock(),
    )  # fmt: skip


async def climb(rung: str, count: int, group: str) -> dict[str, Any]:
    """What one rung costs for so many events."""
    settings = Settings.load()
    partitions = {TP(PATROLS.name, number) for number in range(settings.kafka_partitions)}
    async with AsyncExitStack() as stack:
        hands: Any = {"fetch": Fetch, "decode": Decode}[rung]() if rung in RUNGS[:2] else await folding(settings, stack)
        app = make_app(settings, topics=[PATROLS.name], group=group, instance="a", partitions=hands)
        stack.push_async_callback(app.stop)
        flushing = asyncio.create_task(hands.keep_flushing()) if rung == "flush" else None

        def done() -> int:
            if flushing is not None:
                if flushing.done():
                    flushing.result()  # a failure, as it never ends by itself
                return sum(hands.marks(partitions).values())
            return hands.done if rung in RUNGS[:2] else sum(hands.resume_offsets(partitions).values())

        await app.start()
        await reached(lambda: done() > 0)
        began, began_cpu_s, skipped = time.perf_counter(), cpu_s(), done()
        await reached(lambda: done() >= count)
        wall_s, used_s = time.perf_counter() - began, cpu_s() - began_cpu_s
        if flushing is not None:
            flushing.cancel()
        answer = digest((await written(settings)).items()) if rung == "flush" else None
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    return {"events": count - skipped, "wall_s": wall_s, "cpu_s": used_s, "peak_mb": peak_mb, "digest": answer}


async def reached(enough: Callable[[], bool]) -> None:
    """Wait without costing what is measured."""

    async def asked() -> bool:
        return enough()

    await until(asked, within_s=LONGEST_S)


def cpu_s() -> float:
    """What this process, all its threads together, has used of the processors."""
    return time.process_time()


async def written(settings: Settings) -> Counts:
    """The hourly count of each unit, as the panes topic has it."""
    reader = StateReader(settings, topic=PANES.name, generation=GENERATION)
    await reader.start()
    entries: dict[int, list[Entry]] = await reader.recover((), range(settings.kafka_partitions))
    await reader.stop()
    counts: Counts = Counter()
    for of_partition in entries.values():
        for pane in newest(of_partition).panes.values():
            for metric, today, hour, amount in amounts(pane):
                if pane.tier is Tier.HOUR and metric == "patrols_completed" and today != SPLIT:
                    counts[pane.unit, _unix(hour, settings)] += amount
    return counts


def _unix(hour: int, settings: Settings) -> int:
    """Local hours counted from the calendar's first day, as Unix time; the zone of the figures has no summer time."""
    local = datetime.min.replace(tzinfo=settings.zone) + timedelta(hours=hour - 24)
    return int(local.timestamp()) // HOUR_S * HOUR_S


if __name__ == "__main__":
    print(json.dumps(asyncio.run(climb(sys.argv[1], int(sys.argv[2]), sys.argv[3]))))
