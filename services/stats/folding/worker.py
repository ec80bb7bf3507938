"""The stats worker as a process: composition root and life cycle. Folds nothing itself, serves only its own probes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from contextlib import AsyncExitStack, suppress
from typing import Final, cast

import faust
import structlog
from faust.exceptions import ConsumerNotStarted
from faust.types import TP

from services.stats.background import EXIT_FAILED, EXIT_REFUSED, first_of, serve_probes
from services.stats.engine import LineageChanged
from services.stats.folding.agents import make_app
from services.stats.folding.folding import Folding
from services.stats.folding.resends import Resends
from services.stats.folding.watchdog import Watchdog
from services.stats.generations.control import generation_of
from services.stats.generations.control_topic import ControlTopic
from services.stats.generations.janitor import Janitor
from services.stats.generations.judging import Judge
from services.stats.generations.rules import folds_of, rules_of
from services.stats.generations.scheduling import keep_checking
from services.stats.generations.standing import Standing, StateMoved
from services.stats.settings import StatsSettings
from services.stats.state.broker import BrokerReplaced, SameBroker
from services.stats.state.topic import StateReader, TopicWriter
from shared.clock import SystemClock
from shared.contracts.topics import FACT_TOPICS, RESEND, state_topic
from shared.messaging.admin import BROKER_ERRORS, TopicMismatch
from shared.messaging.dead_letters import DeadLetters
from shared.telemetry import metrics
from shared.web import Readiness

log = structlog.get_logger(__name__)

WATCH_S: Final = 1.0
ASK_S: Final = 0.5
STOP_S: Final = 5.0


class StreamCrashed(Exception):
    """Faust gave up, as it does when the broker is away for long."""


class Worker:
    """Folds the facts of its share of the partitions until it is told to stop."""

    def __init__(self, settings: StatsSettings, readiness: Readiness) -> None:
        self.exit_code = 0
        self._settings = settings
        self._clock = SystemClock()
        self._broker: SameBroker | None = None
        self._folding: Folding | None = None
        readiness.add("broker", self._reachable)
        readiness.add("recovery", self._recovered)

    async def run(self) -> None:
        """Fold until cancelled. A failure ends the process; another broker begins it anew."""
        try:
            async with AsyncExitStack() as stack:
                try:
                    await self._run(stack)
                except* (BrokerReplaced, StateMoved, StreamCrashed) as reasons:
                    # At once, without good-byes to a broker that is gone: a new process image knows nothing old.
                    log.warning("starting over", reason=str(first_of(reasons)))
                    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
        except* (LineageChanged, TopicMismatch) as reasons:
            self._end(EXIT_REFUSED, first_of(reasons))
        except* Exception as reasons:
            log.error("the worker cannot go on", exc_info=first_of(reasons))
            self._end(EXIT_FAILED, first_of(reasons))

    async def _run(self, stack: AsyncExitStack) -> None:
        broker = SameBroker(self._settings)
        self._broker = broker
        stack.push_async_callback(broker.close)
        await broker.meet()
        states = ControlTopic(self._settings, self._clock)
        stack.push_async_callback(states.close)
        standing = Standing(self._settings, states, rules_of(self._settings), self._clock)
        state = await standing.take()
        await broker.need(state_topic(state))
        letters = DeadLetters(self._settings, consumer=self._settings.worker_group)
        stack.push_async_callback(letters.close)
        folding = await self._compose(stack, broker, letters, state)
        standing.work = folding.work
        asking = TopicWriter(self._settings, topic=RESEND.name)
        stack.push_async_callback(asking.close)
        resends = Resends(asking, partitions=self._settings.kafka_partitions, requested_by=self._settings.instance)
        app = make_app(
            self._settings,
            topics=[topic.name for topic in FACT_TOPICS],
            # Those who fold other states share the partitions among themselves.
            group=f"{self._settings.worker_group}.{state}",
            instance=self._settings.instance,
            partitions=folding,
        )
        watchdog = Watchdog(self._settings, marks=lambda: folding.marks(_assigned(app)))
        stack.push_async_callback(_stop, app)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_start(app, standing))
                tasks.create_task(broker.keep_looking())
                tasks.create_task(watchdog.keep_looking())
                tasks.create_task(_keep_watching(app, folding))
                tasks.create_task(_keep_asking(folding, resends))
                tasks.create_task(folding.keep_flushing())
                tasks.create_task(folding.keep_guarding())
                tasks.create_task(folding.keep_expiring())
                tasks.create_task(standing.keep_looking())
                tasks.create_task(Judge(self._settings, states, standing, self._clock).keep_judging())
                tasks.create_task(Janitor(self._settings, states, standing, self._clock).keep_tidy())
                tasks.create_task(keep_checking(self._settings, self._clock))
        except* (LineageChanged, TopicMismatch) as reasons:
            await standing.tell_stop(str(first_of(reasons)))
            raise

    async def _compose(self, stack: AsyncExitStack, broker: SameBroker, letters: DeadLetters, state: str) -> Folding:
        generation = generation_of(state)
        new_fold = folds_of(self._settings, generation)
        reader = StateReader(self._settings, topic=state_topic(state).name, generation=generation)
        stack.push_async_callback(reader.stop)
        await reader.start()
        writer = TopicWriter(self._settings, topic=state_topic(state).name)
        stack.push_async_callback(writer.close)
        self._folding = Folding(
            new_fold=lambda tp: new_fold(tp.topic, tp.partition, broker.cluster_id),
            reader=reader,
            writer=writer,
            same_broker=broker.confirm,
            set_aside=letters.send,
            clock=self._clock,
        )
        return self._folding

    async def _reachable(self) -> str | None:
        return self._broker.trouble if self._broker else "not asked yet"

    async def _recovered(self) -> str | None:
        return self._folding.trouble if self._folding else "waiting for the broker"

    def _end(self, exit_code: int, reason: BaseException) -> None:
        self.exit_code = exit_code
        log.critical("the fold has stopped", reason=str(reason), exit_code=exit_code)
        os.kill(os.getpid(), signal.SIGTERM)


def run_worker(settings: StatsSettings) -> int:
    """Fold until SIGTERM or SIGINT, serving probes and metrics. Returns the exit code."""
    readiness = Readiness()
    worker = Worker(settings, readiness)
    serve_probes("stats-worker", settings.of_worker(), readiness, worker.run)
    return worker.exit_code


async def _keep_watching(app: faust.App, folding: Folding) -> None:
    while not app.crashed:
        await asyncio.sleep(WATCH_S)
        with suppress(AssertionError):  # the partition was taken away between the two calls
            folding.measure_lag({tp: app.consumer.highwater(tp) for tp in _assigned(app)})
    raise StreamCrashed(f"the stream application has crashed: {app.crash_reason!r}")


async def _start(app: faust.App, standing: Standing) -> None:
    """Fold, and tell that somebody does once the first partitions are recovered, which may take long or never end."""
    await app.start()
    await standing.keep_beating()


def _assigned(app: faust.App) -> set[TP]:
    try:
        return cast(set[TP], app.consumer.assignment())
    except ConsumerNotStarted:
        return set()


async def _keep_asking(folding: Folding, resends: Resends) -> None:
    while True:
        try:
            await resends.ask(folding.missing(), now_s=time.monotonic())
        except BROKER_ERRORS as error:
            log.warning("missing events could not be asked for", error=repr(error))
            metrics.WORKER_ERRORS.labels("resend").inc()
        await asyncio.sleep(ASK_S)


async def _stop(app: faust.App) -> None:
    try:
        async with asyncio.timeout(STOP_S):
            await app.stop()
    except TimeoutError:
        log.warning("the stream application did not stop in time")
