"""Decides when readers go over to a state that was folded by other rules; folds nothing and deletes nothing."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from services.stats.generations.agreement import NOTHING_COMPARED, Agreement, Common, compare
from services.stats.generations.control import Role, generation_of
from services.stats.generations.control_topic import ControlTopic
from services.stats.generations.replay import has_events
from services.stats.generations.standing import Standing
from services.stats.panes import Snapshot, newest
from services.stats.settings import StatsSettings
from services.stats.state.topic import StateReader
from shared.clock import Clock
from shared.contracts.stats import SelfCheck
from shared.contracts.topics import FACT_TOPICS, state_topic
from shared.messaging.admin import BROKER_ERRORS, Admin
from shared.telemetry import metrics

LOOK_S: Final = 2.0
AGAIN_S: Final = 600.0  # after a refusal: somebody may have repaired what was wrong
AT_THE_END: Final = 1_000  # records that may still be waiting: a busy log never ends
PATIENCE: Final = 20  # looks at a sequence until it stands at one position in both states
BETWEEN_S: Final = 0.5
FEWEST_COMPARED: Final = 0.9  # of the sequences; a few busy ones may never stand still together

log = structlog.get_logger(__name__)


class StateGone(Exception):
    """There is no topic of a state."""


class Judge:
    """Of all workers of a state that is not served yet, the one that compares it with the served one."""

    def __init__(self, settings: StatsSettings, topic: ControlTopic, standing: Standing, clock: Clock) -> None:
        self._settings = settings
        self._topic = topic
        self._standing = standing
        self._clock = clock

    async def keep_judging(self) -> None:
        """Lead the readers over once the state has caught up and agrees; until cancelled. Raises: BrokerReplaced."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._standing.role is not Role.CANDIDATE or not self._standing.has_chair() or not self._caught_up():
                continue
            try:
                agrees = await self._judge()
            except BROKER_ERRORS as error:
                log.warning("the states could not be compared", error=repr(error))
                metrics.WORKER_ERRORS.labels("judge").inc()
                continue
            if not agrees:
                await asyncio.sleep(AGAIN_S)

    def _caught_up(self) -> bool:
        beats = [seen.beat for seen in self._topic.control.beats(self._standing.state)]
        folded = {(topic, number) for beat in beats for topic, numbers in beat.partitions.items() for number in numbers}
        every = len(FACT_TOPICS) * self._settings.kafka_partitions
        return len(folded) == every and sum(beat.waiting for beat in beats) <= AT_THE_END

    async def _judge(self) -> bool:
        pointer = self._topic.control.pointer
        if pointer is None:
            return False
        began_at, served, ours = self._clock.now(), pointer.state, self._standing.state
        found = await self._compare(served, ours)
        attended = self._topic.control.is_folded(served, now=self._clock.now())
        enough = found.units >= FEWEST_COMPARED * (found.units + len(found.left)) or not attended
        # A served state that is lost and that nobody keeps up is left: ours has read the whole log.
        failed = found.is_empty and attended and await has_events(self._settings)
        agrees = found.is_clean and enough and not failed
        now = self._clock.now()
        check = SelfCheck(
            id=f"{now:%Y%m%dT%H%M%S}-{ours}",
            kind="generation",
            state=served,
            compared_with=ours,
            began_at=began_at,
            ended_at=now,
            outcome="failed" if failed else "agrees" if agrees else "differs",
            units=found.units,
            figures=found.figures,
            differing=found.differing,
            not_compared=len(found.left),
            examples=(NOTHING_COMPARED,) if failed else tuple(found.examples),
            switched=agrees,
        )
        await self._topic.tell(check)
        if not agrees:
            log.critical(
                "the figures of other rules do not agree: the served ones stay", **check.model_dump(mode="json")
            )
            return False
        log.warning("readers are led to another state", **check.model_dump(mode="json"))
        await self._topic.tell(
            self._topic.control.next_pointer(
                ours, at=now, told_by=self._settings.instance, reason=f"{found.figures} figures agree with {served}"
            )
        )
        return True

    async def _compare(self, served: str, ours: str) -> Agreement:
        sides = Sides(self._settings, served, ours)
        try:
            return await sides.compare(self._common(served, ours))
        except StateGone as gone:
            log.warning("there is nothing to compare with", reason=str(gone))
            return Agreement()
        finally:
            await sides.close()

    def _common(self, served: str, ours: str) -> Common:
        rules = self._topic.control.rules
        one, other = rules.get(generation_of(served)), rules.get(generation_of(ours))
        # Of rules that nobody has told nothing is known to be alike: only positions can be compared.
        return Common(series=frozenset()) if one is None or other is None else Common.of(one, other)


class Sides:
    """Two states, read partition by partition, so that only a small part of each is in memory."""

    def __init__(self, settings: StatsSettings, one: str, other: str) -> None:
        self._settings = settings
        self._states = one, other
        self._readers = [
            StateReader(settings, topic=state_topic(state).name, generation=generation_of(state))
            for state in self._states
        ]

    async def compare(self, common: Common) -> Agreement:
        """Hold one against the other. Raises: StateGone; one of BROKER_ERRORS."""
        await self._require()
        for reader in self._readers:
            await reader.start()
        found = Agreement()
        for partition in range(self._settings.kafka_partitions):
            part = await self._compare_partition(partition, common)
            found.add(part)
            found.left |= part.left
        return found

    async def close(self) -> None:
        """Let go of the broker."""
        for reader in self._readers:
            await reader.stop()

    async def _compare_partition(self, partition: int, common: Common) -> Agreement:
        one, other = await self._read(partition)
        found = compare(one, other, common)
        for _ in range(PATIENCE):
            if not found.left:
                break
            await asyncio.sleep(BETWEEN_S)
            one, other = await self._read(partition)
            again = compare(one, other, common, only=found.left)
            found.add(again)
            found.left = again.left
        return found

    async def _read(self, partition: int) -> list[Snapshot]:
        return [newest((await reader.recover((), (partition,)))[partition]) for reader in self._readers]

    async def _require(self) -> None:
        admin = Admin(self._settings)
        try:
            found = (await admin.look()).partitions
        finally:
            await admin.close()
        gone = [state for state in self._states if state_topic(state).name not in found]
        if gone:
            raise StateGone(f"the broker does not hold the state {gone[0]}")
