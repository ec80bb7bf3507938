"""Deletes states that nobody reads or folds any more, after a safe time; decides nothing about the served one."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from services.stats.generations.control import Role
from services.stats.generations.control_topic import ControlTopic
from services.stats.generations.standing import Standing
from services.stats.settings import StatsSettings
from shared.clock import Clock
from shared.contracts.topics import PANES, state_topic
from shared.messaging.admin import BROKER_ERRORS, Admin
from shared.telemetry import metrics

LOOK_S: Final = 60.0
PREFIX: Final = f"{PANES.name}."

log = structlog.get_logger(__name__)


class Janitor:
    """Of all workers of the served state, the one that tidies up."""

    def __init__(
        self, settings: StatsSettings, topic: ControlTopic, standing: Standing, clock: Clock, *, look_s: float = LOOK_S
    ) -> None:
        self._settings = settings
        self._topic = topic
        self._standing = standing
        self._clock = clock
        self._look_s = look_s
        self._kept = timedelta(seconds=settings.generation_kept_s)

    async def keep_tidy(self) -> None:
        """Tidy up now and then, until cancelled. Raises: BrokerReplaced."""
        while True:
            await asyncio.sleep(min(self._look_s, self._settings.generation_kept_s))
            if self._standing.role is not Role.SERVED or not self._standing.has_chair():
                continue
            try:
                await self.tidy()
            except BROKER_ERRORS as error:
                log.info("old states could not be deleted", error=repr(error))
                metrics.WORKER_ERRORS.labels("janitor").inc()

    async def tidy(self) -> list[str]:
        """Delete what has been left for longer than it is kept. Returns the states that are gone."""
        control, now = self._topic.control, self._clock.now()
        admin = Admin(self._settings)
        try:
            topics = (await admin.look()).partitions
            states = [name.removeprefix(PREFIX) for name in topics if name.startswith(PREFIX)]
            old = control.discardable(states, now=now, kept=self._kept)
            if old:
                await admin.delete_topics([state_topic(state).name for state in old])
                log.warning("states that were left long ago are deleted", states=old)
        finally:
            await admin.close()
        beats = control.outdated_beats(now=now, kept=self._kept)
        if beats:
            await self._topic.take_back(beats)
        return old
