"""Whether the broker is still the one that the worker's state belongs to; creates missing topics, folds nothing."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import structlog

from shared.contracts.topics import FACT_TOPICS, PANES, REGISTRY, Topic
from shared.messaging.admin import BROKER_ERRORS, Admin, BrokerView, TopicMismatch
from shared.settings import Settings

log = structlog.get_logger(__name__)

LOOK_S: Final = 1.0  # a lost broker is noticed within a second
# An embedded broker is back within half a second and has its topics a moment later: an answer younger than this is
# still of the same one.
FRESH_S: Final = 0.25
ATTEMPTS: Final = 20  # somebody may ask for a topic again between its deletion and its making


class BrokerReplaced(Exception):
    """The broker is another one or has lost its topics: nothing that this process knows holds any more."""


class SameBroker:
    """The identity of the broker, asked for again and again."""

    def __init__(self, settings: Settings) -> None:
        self.cluster_id = ""
        self.trouble: str | None = "the broker has not answered yet"
        self._partitions = settings.kafka_partitions
        self._needed = [*FACT_TOPICS, PANES]
        self._admin = Admin(settings)
        self._looked_s = 0.0
        self._looking = asyncio.Lock()

    async def meet(self) -> None:
        """Wait for the broker and have all topics of the registry on it. Raises: TopicMismatch."""
        while True:
            try:
                broker = await self._admin.ensure_topics(REGISTRY, self._partitions)
            except BROKER_ERRORS as error:
                log.info("waiting for the broker", error=type(error).__name__)
                await asyncio.sleep(LOOK_S)
            else:
                self.cluster_id = broker.cluster_id
                self.trouble = None
                return

    async def need(self, topic: Topic) -> None:
        """Have one more topic on the broker, and notice its loss as well. What it holds can be made again.

        An embedded broker that has come back empty makes a topic, with a wrong number of partitions, for whoever asks
        for one that it has lost: such a topic is thrown away. Raises: TopicMismatch; one of BROKER_ERRORS.
        """
        for _ in range(ATTEMPTS):
            try:
                await self._admin.ensure_topics([topic], self._partitions)
                break
            except TopicMismatch as mismatch:
                log.warning("a topic of the state is made anew", reason=str(mismatch))
                await self._admin.delete_topics([topic.name])
                await asyncio.sleep(FRESH_S)
        else:
            await self._admin.ensure_topics([topic], self._partitions)
        self._needed.append(topic)

    async def confirm(self) -> None:
        """Return if it is still the same broker. Raises: BrokerReplaced; one of BROKER_ERRORS while it is away."""
        async with self._looking:
            if time.monotonic() - self._looked_s < FRESH_S:
                return
            began_s = time.monotonic()
            self._compare(await self._admin.look([topic.name for topic in self._needed]))
            self._looked_s = began_s

    async def keep_looking(self) -> None:
        """Raises: BrokerReplaced as soon as another one answers."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.confirm()
            except BROKER_ERRORS as error:
                self.trouble = f"the broker does not answer ({type(error).__name__})"
            else:
                self.trouble = None

    async def close(self) -> None:
        """Let go of the broker."""
        await self._admin.close()

    def _compare(self, broker: BrokerView) -> None:
        if broker.cluster_id != self.cluster_id:
            raise BrokerReplaced(f"another broker answers: {broker.cluster_id}, not {self.cluster_id}")
        gone = [topic.name for topic in self._needed if topic.name not in broker.partitions]
        if gone:
            raise BrokerReplaced(f"the broker has lost {', '.join(gone)}")
