"""What a relay tells about its topic every few seconds; readers judge freshness by it."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from shared.clock import Clock
from shared.contracts.outbox import Heartbeat
from shared.contracts.topics import HEADS, Topic
from shared.messaging.producer import partition_of
from shared.outbox.publisher import SendsRecords
from shared.outbox.watermarks import Publication

BEAT_S: Final = 5.0
FULL_S: Final = 30.0  # between beats that tell every unit; those between tell what changed and stay small


class Heartbeats:
    """The beats of one term: full at its start and every half minute."""

    def __init__(
        self, topic: Topic, publication: Publication, *, lineage: str, partitions: int, clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._topic = topic
        self._publication = publication
        self._lineage = lineage
        self._partition = partition_of(topic.name, partitions)
        self._clock = clock
        self._monotonic = monotonic
        self._told: dict[str, int] = {}
        self._full_due = 0.0

    def next(self, committed: Mapping[str, int]) -> Heartbeat:
        """The next beat, whether or not anything has changed."""
        now = self._monotonic()
        full = not self._told or now >= self._full_due
        if full:
            self._full_due = now + FULL_S
        positions = {unit: at for unit, at in committed.items() if full or self._told.get(unit) != at}
        self._told.update(positions)
        return Heartbeat(
            topic=self._topic.name,
            service=self._topic.producer.rpartition(".")[2],
            lineage=self._lineage,
            cluster_id=self._publication.cluster_id,
            at=self._clock.now(),
            full=full,
            positions=positions,
        )

    async def send(self, beat: Heartbeat, producer: SendsRecords) -> None:
        """Return once the broker has the beat."""
        value = beat.model_dump_json().encode()
        acknowledged = await producer.send(HEADS.name, value, beat.topic.encode(), self._partition, headers=[])
        await acknowledged
