"""The relay of one service: a topic relay for each of its topics, kept going whatever fails."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import structlog

from shared.clock import Clock, SystemClock
from shared.contracts.topics import Topic
from shared.messaging.admin import BROKER_ERRORS, TopicMismatch
from shared.outbox.broker import BrokerLost
from shared.outbox.entries import Hints
from shared.outbox.topic_relay import Parts, TopicRelay, unless_cancelled
from shared.pausing import pause
from shared.settings import Settings
from shared.store.client import Store, StoreError
from shared.telemetry.metrics import RELAY_ERRORS

AWAY: Final = (BrokerLost, StoreError, *BROKER_ERRORS)
RETRY_S: Final = 0.5
FOLLOW_S: Final = 1.0  # between looks whether the lease has become free

_log = structlog.get_logger(__name__)


class Relay:
    """Publishes what a service has committed, at least once and in order, for as long as it runs.

    Any number may run at a time; the store's leases choose the one that publishes each topic. Give it the `hints` of
    the outbox in the same process: they save the time until the store tells of a commit.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        topics: Sequence[Topic],
        *,
        hints: Mapping[str, Hints] | None = None,
        clock: Clock | None = None,
        parts: Parts | None = None,
    ) -> None:
        hints = hints if hints is not None else {topic.name: Hints() for topic in topics}
        self._topics = {
            topic.name: TopicRelay(
                store,
                settings,
                topic,
                hints=hints[topic.name],
                clock=clock or SystemClock(),
                parts=parts or Parts(),
            )
            for topic in topics
        }

    @property
    def leading(self) -> frozenset[str]:
        """The topics that this relay publishes now."""
        return frozenset(name for name, topic in self._topics.items() if topic.leading)

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until `stop`, whatever the broker and the store do meanwhile.

        Raises: TopicMismatch, in a group: a human has to decide.
        """
        async with asyncio.TaskGroup() as relays:
            for name, topic in self._topics.items():
                relays.create_task(_keep_relaying(name, topic, stop))


async def _keep_relaying(name: str, topic: TopicRelay, stop: asyncio.Event) -> None:
    try:
        while not stop.is_set():
            pause_s = RETRY_S
            try:
                if not await unless_cancelled(topic.run_term(stop)):
                    pause_s = FOLLOW_S
            except TopicMismatch:
                raise
            except Exception as error:
                RELAY_ERRORS.labels(name).inc()
                causes = list(_causes(error))
                # A store or broker that is away comes back; anything else is a fault that somebody has to see.
                tell = _log.warning if all(isinstance(cause, AWAY) for cause in causes) else _log.error
                reasons = [f"{type(cause).__name__}: {cause}" for cause in causes]
                tell("relaying stopped and is tried again", topic=name, reasons=reasons)
            await pause(pause_s, stop)
    finally:
        await topic.close()


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What really happened, without the groups around it."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _causes(inner)
    else:
        yield error
