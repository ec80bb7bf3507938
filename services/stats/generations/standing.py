"""Which state of the statistics a worker folds: finds it, tells that somebody is there, and notices when it changes.

Compares no figures; that is the judge's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from faust.types import TP

from services.stats.generations.control import BEAT_S, Role
from services.stats.generations.control_topic import ControlTopic
from services.stats.settings import StatsSettings
from shared.clock import Clock
from shared.contracts.stats import Rules, WorkerBeat
from shared.contracts.topics import FACT_TOPICS
from shared.messaging.admin import BROKER_ERRORS
from shared.telemetry import metrics

LOOK_S: Final = 1.0
WAIT_S: Final = 5.0  # between looks whether rules that were left are needed again
LAST_BEAT_S: Final = 2.0
CHAIR: Final = FACT_TOPICS[0].name, 0  # of all workers of a state the one with this partition decides for all

log = structlog.get_logger(__name__)


class StateMoved(Exception):
    """The worker has another state to fold than the one it began with."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker folds at this moment, and how far it is with it."""

    partitions: Mapping[str, Sequence[int]]
    folded: int
    waiting: int

    @classmethod
    def of(cls, partitions: Iterable[TP], *, folded: int, waiting: int) -> Work:
        """The work on these partitions."""
        by_topic: dict[str, list[int]] = {}
        for tp in sorted(partitions):
            by_topic.setdefault(tp.topic, []).append(tp.partition)
        return cls(by_topic, folded, waiting)


class Standing:
    """The place of one worker among the states."""

    def __init__(self, settings: StatsSettings, topic: ControlTopic, rules: Rules, clock: Clock) -> None:
        self.state = rules.generation
        self.work: Callable[[], Work] = lambda: Work({}, 0, 0)
        self._settings = settings
        self._topic = topic
        self._rules = rules
        self._clock = clock
        self._beat_due_s = 0.0
        self._told: Mapping[str, Sequence[int]] | None = None

    @property
    def role(self) -> Role | None:
        """What the worker's state is to the readers; None once it is not to be folded any more."""
        found = self._found()
        return found[0] if found else None

    async def take(self) -> str:
        """The state to fold, as soon as there is one to fold. Raises: one of BROKER_ERRORS; BrokerReplaced."""
        control = await self._topic.open()
        if control.rules.get(self._rules.generation) != self._rules:
            await self._topic.tell(self._rules)
        if control.pointer is None:
            await self._topic.tell(
                control.next_pointer(
                    self._rules.generation,
                    at=self._clock.now(),
                    told_by=self._settings.instance,
                    reason="nothing was served",
                )
            )
        await self._topic.refresh()
        while (found := self._found()) is None:
            log.warning("others count by newer rules: waiting in case they go", generation=self._rules.generation)
            await asyncio.sleep(WAIT_S)
            await self._topic.refresh()
        role, self.state = found
        log.info("folding", state=self.state, role=role.value)
        return self.state

    async def keep_looking(self) -> None:
        """Raises: StateMoved when there is another state to fold."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._topic.follow())
            both.create_task(self._compare())

    async def keep_beating(self) -> None:
        """Tell every few seconds, and at once when the partitions change, that somebody is there."""
        while True:
            work = self.work()
            if time.monotonic() >= self._beat_due_s or work.partitions != self._told:
                try:
                    await self._topic.tell(self._beat(work, None))
                except BROKER_ERRORS as error:
                    log.info("the worker's beat was not taken", error=repr(error))
                    metrics.WORKER_ERRORS.labels("beat").inc()
                else:
                    self._told, self._beat_due_s = work.partitions, time.monotonic() + BEAT_S
            await asyncio.sleep(LOOK_S)

    async def tell_stop(self, reason: str) -> None:
        """Say why nothing will be folded any more; not for long, if the broker does not listen."""
        try:
            async with asyncio.timeout(LAST_BEAT_S):
                await self._topic.tell(self._beat(self.work(), reason))
        except Exception as error:
            log.warning("the readers could not be told of the stop", error=repr(error))

    def has_chair(self) -> bool:
        """Whether this worker decides for all workers of its state."""
        topic, number = CHAIR
        return number in self.work().partitions.get(topic, ())

    # -- inside

    async def _compare(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            found = self._found()
            if found is None or found[1] != self.state:
                raise StateMoved(f"{self.state} is not to be folded any more, but {found[1] if found else 'nothing'}")

    def _found(self) -> tuple[Role, str] | None:
        kept = timedelta(seconds=self._settings.generation_kept_s)
        return self._topic.control.state_for(self._rules.generation, now=self._clock.now(), kept=kept)

    def _beat(self, work: Work, stopped: str | None) -> WorkerBeat:
        return WorkerBeat(
            instance=self._settings.instance,
            state=self.state,
            generation=self._rules.generation,
            at=self._clock.now(),
            partitions={topic: tuple(numbers) for topic, numbers in work.partitions.items()},
            folded=work.folded,
            waiting=work.waiting,
            stopped=stopped,
        )
