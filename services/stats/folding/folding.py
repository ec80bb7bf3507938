"""The source partitions in this worker's hands: recover, fold chunk by chunk, flush records and then heads.

Owns the order of those steps, which is what makes figures exact; what an event means belongs to the engine.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final, NoReturn, TypeVar

import structlog
from faust.types import TP, EventT, StreamT

from services.stats.engine import Flush, Fold, Outcome
from services.stats.folding.chunks import Chunk
from services.stats.folding.resends import Missing
from services.stats.generations.standing import Work
from services.stats.panes import newest, topic_behind
from services.stats.state.broker import BrokerReplaced
from services.stats.state.topic import Entry, StateReader, Writer
from services.stats.state.unreadable import Whole, place_of
from shared.clock import Clock
from shared.contracts.stats import Tier
from shared.contracts.topics import FACT_TOPICS
from shared.garbage import spare_what_stays
from shared.messaging.admin import BROKER_ERRORS
from shared.messaging.codec import Fetched, Record, Undecodable, decode
from shared.telemetry import metrics

log = structlog.get_logger(__name__)

# Under load a flush is followed by a pause of eight times its own length: the state costs a ninth of the time, unless
# it is so large that the longest pause is too short for that.
PAUSE_RATIO: Final = 8.0
LONGEST_PAUSE_S: Final = 1.0
RETRY_S: Final = 1.0
ATTEMPTS: Final = 10
RELEASE_S: Final = 4.0  # below the rebalance timeout: a flush that hangs must not cost the membership as well
EXPIRE_S: Final = 60.0  # a pane ends every minute
# Small enough that folding keeps the event loop, and with it the probes, waiting for a few hundredths of a second.
EVENTS_AT_ONCE: Final = 500
# More since the last flush is load: waiting for its pause lets many events share the records they touch.
FEW_EVENTS: Final = 200
REPAIR_PATIENCE_S: Final = 60.0  # an unreadable event is first left to whoever replays the dead letters
REPAIR_LONGEST_PAUSE_S: Final = 86_400.0  # its owner may never get it readable

T = TypeVar("T")
SetAside = Callable[[Record, str], Awaitable[None]]

_COUNTERS: Final = {
    Outcome.APPLIED: metrics.WORKER_APPLIED,
    Outcome.REPAIRED: metrics.WORKER_APPLIED,
    Outcome.DUPLICATE: metrics.WORKER_DROPPED,
    Outcome.HOLE: metrics.WORKER_HELD,
    Outcome.SKIPPED: metrics.WORKER_SKIPPED,
}


class Folding:
    """Folds the source partitions that the group assigned to this worker."""

    def __init__(
        self,
        *,
        new_fold: Callable[[TP], Fold],
        reader: StateReader,
        writer: Writer,
        same_broker: Callable[[], Awaitable[None]],
        set_aside: SetAside,
        clock: Clock,
    ) -> None:
        self.trouble: str | None = "waiting for partitions"
        self.waiting = 0  # records in the log that are not folded, as last measured
        self._new_fold = new_fold
        self._reader = reader
        self._writer = writer
        self._same_broker = same_broker
        self._set_aside = set_aside
        self._clock = clock
        self._folds: dict[TP, Fold] = {}
        self._folded: list[tuple[EventT, StreamT]] = []
        self._late: dict[TP, Counter[Tier]] = {}  # what the metrics have been told
        self._unflushed = 0
        self._flushing = asyncio.Lock()
        self._changed = asyncio.Event()
        self._idle = asyncio.Event()
        self._failure: asyncio.Future[NoReturn] = asyncio.get_running_loop().create_future()

    # -- what the group tells

    async def recover(self, assigned: set[TP]) -> None:
        """Have the folds of exactly these partitions, those kept from before as they are.

        A fold that was kept is sound even if somebody else had the partition in between: it is the fold of the log up
        to its own offset, and what it writes loses against higher fences until it has caught up.
        """
        self.trouble = "recovering"
        kept = {tp: fold for tp, fold in self._folds.items() if tp in assigned}
        fresh = assigned - kept.keys()
        self._folds = kept
        began = time.monotonic()
        keep, load = {tp.partition for tp in kept}, {tp.partition for tp in fresh}
        entries = await _insist("recover", lambda: self._reader.recover(keep, load))
        snapshots = {partition: newest(of_partition) for partition, of_partition in entries.items()}
        for tp in sorted(fresh):
            fold = self._new_fold(tp)
            fold.restore(snapshots[tp.partition])
            self._folds[tp] = fold
            self._late[tp] = fold.late
        if fresh:
            spare_what_stays()
        self.trouble = None
        self._changed.set()
        took_s = round(time.monotonic() - began, 3)
        log.info("partitions assigned", kept=len(assigned - fresh), recovered=len(fresh), took_s=took_s)

    async def release(self) -> None:
        """Write what is folded, before somebody else may get the partitions; give up where the broker is away."""
        self.trouble = "partitions are being assigned anew"
        try:
            async with asyncio.timeout(RELEASE_S):
                await self.flush()
        except (*BROKER_ERRORS, BrokerReplaced) as error:
            # The next owner folds again what was not written.
            log.warning("released without a last flush", error=repr(error))

    def resume_offsets(self, assigned: set[TP]) -> dict[TP, int]:
        """Where reading goes on: behind the last record of each that is folded."""
        return {tp: self._folds[tp].offset for tp in assigned if tp in self._folds}

    async def take(self, event: EventT, stream: StreamT) -> None:
        """Fold one chunk; it is acknowledged once a flush has made it last."""
        fold = self._folds.get(event.message.tp)
        if fold is None or self._failure.done():
            return
        chunk: Chunk = event.value
        try:
            for start in range(0, len(chunk), EVENTS_AT_ONCE):
                await self._fold(fold, chunk[start : start + EVENTS_AT_ONCE])
                await asyncio.sleep(0)
        except Exception as error:
            # Faust would go on with the next chunk, and this one would be missing.
            self._fail(error)
            return
        self._unflushed += len(chunk)
        event.value = event.message.value = ()  # only the place is needed for the acknowledgement
        self._folded.append((event, stream))
        self._changed.set()
        if self._unflushed <= FEW_EVENTS and stream.channel.queue.empty():
            self._idle.set()

    # -- what runs beside

    async def keep_flushing(self) -> None:
        """Flush at once when there is nothing else to do, under load at most every second. Raises: what folding met."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._flush_for_ever())
            both.create_task(self._raise_failure())

    async def keep_guarding(self) -> None:
        """Write again whatever a worker that woke up has written an older version over."""
        while True:
            try:
                for partition, record in await self._reader.follow():
                    fold = self._folds.get(TP(topic_behind(record), partition))
                    if fold is not None:
                        log.warning("an old record was written over a newer one", key=record.key.decode())
                        fold.restate(record)
                        self._changed.set()
            except BROKER_ERRORS as error:
                log.info("the state cannot be watched", error=repr(error))
                await asyncio.sleep(RETRY_S)

    async def keep_expiring(self) -> None:
        """Let go of expired panes, also of units that nothing happens in."""
        while True:
            await asyncio.sleep(EXPIRE_S)
            for fold in list(self._folds.values()):
                fold.expire(self._clock.now())
                await asyncio.sleep(0)
            self._changed.set()

    async def flush(self) -> None:
        """Write everything that has changed: records, then heads, then the acknowledgements."""
        async with self._flushing:
            folded, self._folded, self._unflushed = self._folded, [], 0
            taken = [(fold, fold.dirty()) for fold in self._folds.values()]
            began = time.monotonic()
            try:
                await self._write([(fold.partition, flush) for fold, flush in taken if flush])
            except BaseException:
                for fold, flush in taken:
                    fold.lost(flush)
                self._folded[:0] = folded
                raise
            for fold, flush in taken:
                fold.flushed(flush)
                self._measure(fold, flush)
            for event, stream in folded:
                await stream.ack(event)
            if any(flush for _, flush in taken):
                metrics.FLUSH_SECONDS.observe(time.monotonic() - began)

    # -- what is asked

    def missing(self) -> Iterable[Missing]:
        """The events that a hole or an unreadable record keeps from the figures."""
        for tp, fold in self._folds.items():
            holes = fold.holes
            for unit, position in holes.items():
                yield Missing(tp.topic, unit, position - 1)
            for unit, skipped in fold.incomplete.items():
                if unit not in holes:
                    yield Missing(tp.topic, unit, skipped[0] - 1, REPAIR_PATIENCE_S, REPAIR_LONGEST_PAUSE_S)

    def work(self) -> Work:
        """The partitions that are being folded, and how far."""
        folds = {} if self.trouble else self._folds
        return Work.of(folds, folded=sum(fold.offset for fold in folds.values()), waiting=self.waiting)

    def marks(self, assigned: Iterable[TP]) -> dict[TP, int]:
        """What rises while work goes on: the offset that is written, or, before recovery is over, the state read."""
        recovered = self._reader.records_read - sys.maxsize  # below every offset
        return {tp: self._folds[tp].settled if tp in self._folds else recovered for tp in assigned}

    def measure_lag(self, ends: Mapping[TP, int | None]) -> None:
        """Tell the metrics how many events are in the log and not folded."""
        lags: Counter[str] = Counter()
        for tp, fold in self._folds.items():
            lags[tp.topic] += max((ends.get(tp) or 0) - fold.offset, 0)
        self.waiting = lags.total()
        for topic in FACT_TOPICS:
            metrics.WORKER_LAG.labels(topic.name).set(lags[topic.name])

    # -- inside

    async def _fold(self, fold: Fold, records: Sequence[Fetched]) -> None:
        now = self._clock.now()
        outcomes: list[Outcome] = []
        for record in records:
            try:
                outcome = fold.apply(decode(record.value), record.offset, now)
            except Undecodable as unreadable:
                outcome = await self._pass(fold, record, str(unreadable))
            outcomes.append(outcome)
        for outcome, counter in _COUNTERS.items():
            if count := outcomes.count(outcome):
                counter.labels(fold.topic).inc(count)

    async def _pass(self, fold: Fold, record: Fetched, reason: str) -> Outcome:
        place = place_of(record)
        if place is None or place[1] > fold.positions.get(place[0], 0):
            # Acknowledged before the head can go past it, so that no unreadable record is ever lost.
            log.warning("a record cannot be read and is set aside", topic=fold.topic, offset=record.offset, place=place)
            whole = Whole.of(record, fold.topic, fold.partition)
            await _insist("set aside", lambda: self._set_aside(whole, reason))
        if place is None:
            fold.pass_over(record.offset)
        return fold.skip(*place, record.offset) if place else Outcome.SKIPPED

    async def _write(self, flushes: Sequence[tuple[int, Flush]]) -> None:
        if not flushes:
            return
        records: defaultdict[int, list[Entry]] = defaultdict(list)
        heads: defaultdict[int, list[Entry]] = defaultdict(list)
        for partition, flush in flushes:
            records[partition].extend(flush.records)
            heads[partition].extend(flush.heads)
        # A head vouches for the records before it: neither readers nor recovery may see it first.
        await self._writer.write(records)
        # It vouches for those of earlier flushes too, which a broker that has come back empty does not have. Only now:
        # the producer may have waited for that broker.
        await self._same_broker()
        await self._writer.write(heads)

    def _measure(self, fold: Fold, flush: Flush) -> None:
        if not flush:
            return
        for tier, count in Counter(record.tier for _, record in flush.panes).items():
            metrics.PANES_WRITTEN.labels(fold.topic, tier.value).inc(count)
        tp = TP(fold.topic, fold.partition)
        late = fold.late
        for tier, count in (late - self._late.get(tp, late)).items():
            metrics.WORKER_LATE.labels(fold.topic, tier.value).inc(count)
        self._late[tp] = late

    async def _flush_for_ever(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            self._idle.clear()
            began = time.monotonic()
            try:
                await self.flush()
            except BROKER_ERRORS as error:
                log.warning("a flush failed and is tried again", error=repr(error))
                metrics.WORKER_ERRORS.labels("flush").inc()
                self._changed.set()
                await asyncio.sleep(RETRY_S)
                continue
            await self._pause(min((time.monotonic() - began) * PAUSE_RATIO, LONGEST_PAUSE_S))

    async def _pause(self, longest_s: float) -> None:
        try:
            async with asyncio.timeout(longest_s):
                await self._idle.wait()
        except TimeoutError:
            return

    async def _raise_failure(self) -> NoReturn:
        await self._failure

    def _fail(self, error: Exception) -> None:
        if not self._failure.done():
            self._failure.set_exception(error)


async def _insist(what: str, attempt: Callable[[], Awaitable[T]]) -> T:
    """Try again while the broker is away for a moment. Raises: one of BROKER_ERRORS when it stays away."""
    for _ in range(ATTEMPTS - 1):
        try:
            return await attempt()
        except BROKER_ERRORS as error:
            log.warning("the broker is away, trying again", what=what, error=repr(error))
            await asyncio.sleep(RETRY_S)
    return await attempt()
