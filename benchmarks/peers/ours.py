"""Our own way up the ladder, one rung a process: fetch, decode, fold, flush.

Each rung does what the rung below does and one thing more, on the worker's own Faust app; the last one is the job as
the worker does it, and its answer is read back from the topic of its state. It counts one metric, as the peers do, in
the three tiers that all figures are kept in; `ours-all` counts the whole catalogue.

python -m benchmarks.peers.ours RUNG TRACK SECONDS COUNT GROUP
"""

import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from faust.types import TP, EventT, StreamT

from benchmarks.peers.job import EQUAL_WORK, HOUR_S, Answer, digest, peak_mb
from services.stats.catalogue import CATALOGUE, Catalogue
from services.stats.catalogue.patrols import PATROLS_COMPLETED
from services.stats.engine import Fold
from services.stats.folding.agents import Partitions, make_app
from services.stats.folding.folding import Folding
from services.stats.panes import Snapshot, amounts, newest
from services.stats.state.broker import SameBroker
from services.stats.state.topic import StateReader, TopicWriter
from services.stats.view.series import Series
from services.stats.windows import Rolling, total
from services.stats.windows.rolling import ROLLING
from shared.clock import SystemClock
from shared.contracts.stats import Tier
from shared.contracts.topics import PATROLS, state_topic
from shared.messaging.codec import decode
from shared.settings import Settings

OURS_ALL: Final = "ours-all"
GENERATION: Final = "benchmark"
STATE: Final = state_topic(GENERATION)
LOOK_S: Final = 0.02
START_S: Final = 120.0  # a busy machine may take its time; nothing is measured until then
ONE_COUNT: Final = Catalogue(metrics=(PATROLS_COMPLETED,), ratios=())


class Fetch:
    """Takes chunks and counts what is in them."""

    def __init__(self) -> None:
        self.done: dict[TP, int] = {}

    async def recover(self, assigned: set[TP]) -> None: ...

    async def release(self) -> None: ...

    def resume_offsets(self, assigned: set[TP]) -> Mapping[TP, int]:
        return {tp: self.done.get(tp, 0) for tp in assigned}

    async def take(self, event: EventT, stream: StreamT) -> None:
        self.read(event.value)
        tp = event.message.tp
        self.done[tp] = self.done.get(tp, 0) + len(event.value)
        await stream.ack(event)

    def read(self, records: Sequence[Any]) -> None: ...


class Decode(Fetch):
    """Reads the envelope of every event as well."""

    def read(self, records: Sequence[Any]) -> None:
        for record in records:
            decode(record.value)


BELOW: Final[Mapping[str, Callable[[], Fetch]]] = {"fetch": Fetch, "decode": Decode}


async def folding(settings: Settings, stack: AsyncExitStack, catalogue: Catalogue) -> Folding:
    """The worker's own hands."""
    broker = SameBroker(settings)
    stack.push_async_callback(broker.close)
    await broker.meet()
    await broker.need(STATE)
    reader = await stack.enter_async_context(reading(settings))
    writer = TopicWriter(settings, topic=STATE.name)
    stack.push_async_callback(writer.close)

    def new_fold(tp: TP) -> Fold:
        return Fold(
            tp.topic, tp.partition, generation=GENERATION, cluster_id=broker.cluster_id,
            today_unit=lambda unit, _group, _day: unit, zone=settings.zone, catalogue=catalogue,
        )  # fmt: skip

    async def refuse(_: Any, reason: str) -> None:
        raise AssertionError(reason)

    return Folding(
        new_fold=new_fold, reader=reader, writer=writer, same_broker=broker.confirm, set_aside=refuse,
        clock=SystemClock(),
    )  # fmt: skip


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[StateReader]:
    """A reader of the state."""
    reader = StateReader(settings, topic=STATE.name, generation=GENERATION)
    await reader.start()
    try:
        yield reader
    finally:
        await reader.stop()


async def climb(rung: str, track: str, seconds: float, count: int, group: str) -> dict[str, Any]:
    """What one rung costs within so many seconds, or for so many events if they are fewer."""
    settings = Settings.load()
    async with AsyncExitStack() as stack:
        if rung in BELOW:
            return await below(BELOW[rung](), settings, seconds, count, group)
        hands = await folding(settings, stack, CATALOGUE if rung == OURS_ALL else ONE_COUNT)
        if rung == "fold":
            return await below(hands, settings, seconds, count, group)
        return await whole(hands, settings, track, seconds, count, group)


async def below(hands: Partitions, settings: Settings, seconds: float, count: int, group: str) -> dict[str, Any]:
    """A rung that keeps nothing: measured until its time is up."""
    app = make_app(settings, topics=[PATROLS.name], group=group, instance="a", partitions=hands)
    await app.start()
    watch = await Watch.started(hands, settings)
    await watch.reached(count, within_s=seconds)
    measured = watch.measured(watch.done())
    await app.stop()
    return {**measured, "gaps": 0, "as_of_ms": 0, "read": {}, "digest": None}


async def whole(
    hands: Folding, settings: Settings, track: str, seconds: float, count: int, group: str
) -> dict[str, Any]:
    """The worker: measured until its last flush is acknowledged, and, where windows are asked for, until they are read.

    What it has read is what its heads vouch for.
    """
    app = make_app(settings, topics=[PATROLS.name], group=group, instance="a", partitions=hands)
    beside = [asyncio.create_task(run()) for run in (hands.keep_flushing, hands.keep_guarding, hands.keep_expiring)]
    await app.start()
    watch = await Watch.started(hands, settings, beside)
    await watch.reached(count, within_s=seconds)
    await app.stop()
    for task in beside:
        task.cancel()
    measured = watch.measured(watch.done())
    snapshots = await written(settings)
    answer = answer_of(track, snapshots, settings)
    if track != EQUAL_WORK:
        measured = watch.measured(watch.done())
    read = positions(snapshots)
    if sum(read.values()) != watch.done():
        raise RuntimeError(f"{watch.done()} events were folded, and {sum(read.values())} are written")
    # A unit's position cannot rise over a gap.
    return {**measured, "gaps": 0, "as_of_ms": as_of(snapshots), "read": read, "digest": digest(answer)}


class Watch:
    """The stopwatch of one rung: it begins once the first events are through, and does not count them."""

    def __init__(self, hands: Partitions, settings: Settings, beside: Sequence["asyncio.Task[None]"] = ()) -> None:
        self._hands, self._beside = hands, beside
        self._partitions = {TP(PATROLS.name, number) for number in range(settings.kafka_partitions)}
        self._began = self._began_cpu = 0.0
        self._skipped = 0

    @classmethod
    async def started(
        cls, hands: Partitions, settings: Settings, beside: Sequence["asyncio.Task[None]"] = ()
    ) -> "Watch":
        watch = cls(hands, settings, beside)
        await watch.reached(1, within_s=START_S)
        watch._skipped = watch.done()
        watch._began, watch._began_cpu = time.perf_counter(), time.process_time()
        return watch

    def done(self) -> int:
        return sum(self._hands.resume_offsets(self._partitions).values())

    async def reached(self, count: int, *, within_s: float) -> None:
        """Wait until so much is done or the time is up. Raises: what ran beside met."""
        deadline = time.monotonic() + within_s
        while self.done() < count and time.monotonic() < deadline:
            for task in self._beside:
                if task.done():
                    task.result()
            await asyncio.sleep(LOOK_S)

    def measured(self, done: int) -> dict[str, Any]:
        wall_s, cpu_s = time.perf_counter() - self._began, time.process_time() - self._began_cpu
        return {"events": done - self._skipped, "wall_s": wall_s, "cpu_s": cpu_s, "peak_mb": peak_mb()}


async def written(settings: Settings) -> list[Snapshot]:
    """The state as its topic has it."""
    async with reading(settings) as reader:
        entries = await reader.recover((), range(settings.kafka_partitions))
    return [newest(of_partition) for of_partition in entries.values()]


def positions(snapshots: Sequence[Snapshot]) -> dict[str, int]:
    return {head.unit: head.position for snapshot in snapshots for head in snapshot.heads.values()}


def as_of(snapshots: Sequence[Snapshot]) -> int:
    """When the youngest of the units' last events happened."""
    last = (head.last_event for snapshot in snapshots for head in snapshot.heads.values())
    return max((round(event.time.timestamp() * 1_000) for event in last if event), default=0)


def answer_of(track: str, snapshots: Sequence[Snapshot], settings: Settings) -> Answer:
    """The counts of hours, or the rolling windows as the API has them."""
    hours: dict[tuple[str, int | str], int] = {}
    series: defaultdict[str, Series] = defaultdict(Series)
    for snapshot in snapshots:
        for pane in snapshot.panes.values():
            for metric, _, number, amount in amounts(pane):
                if metric != PATROLS_COMPLETED.id:
                    continue
                if track != EQUAL_WORK:
                    series[pane.unit].add(pane.tier, number, amount)
                elif pane.tier is Tier.HOUR:
                    hours[pane.unit, _unix(number, settings)] = amount
    if track == EQUAL_WORK:
        return hours
    now = datetime.fromtimestamp(as_of(snapshots) / 1_000, settings.zone)
    return {(unit, window.id): _within(window, of_unit, now) for unit, of_unit in series.items() for window in ROLLING}


def _within(window: Rolling, series: Series, now: datetime) -> int:
    return total(series, window.interval(now), level=False)


def _unix(hour: int, settings: Settings) -> int:
    """Local hours counted from the calendar's first day, as Unix time; the zone of the figures has no summer time."""
    local = datetime.min.replace(tzinfo=settings.zone) + timedelta(hours=hour - 24)
    return int(local.timestamp()) // HOUR_S * HOUR_S


def main(arguments: Sequence[str]) -> None:
    rung, track, seconds, count, group = arguments
    print(json.dumps(asyncio.run(climb(rung, track, float(seconds), int(count), group))))


if __name__ == "__main__":
    main(sys.argv[1:])
