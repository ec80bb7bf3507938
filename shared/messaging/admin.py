"""What the broker holds, and the topics of the registry on it; owns neither records nor positions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    OffsetOutOfRangeError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.metadata import MetadataRequest

from shared.contracts.topics import Topic
from shared.messaging.closing import close_consumer
from shared.settings import Settings, kafka_client_options

BROKER_ERRORS: Final = (KafkaError, OSError, TimeoutError)
"""What a client raises while the broker is away."""

REQUEST_MS: Final = 5_000
PROBE_MS: Final = 1_000  # far longer than any fetch of one record takes, short enough to stay unnoticed
PROBES: Final = 2  # of a topic that is about to be thrown away: a busy machine may take a second for a fetch
REPLICAS: Final = 3  # the usual factor, where there are as many brokers


class TopicMismatch(Exception):
    """The broker has a topic of the registry with another number of partitions; the text says the ways out."""


@dataclass(frozen=True, slots=True)
class BrokerView:
    """What the broker said at one moment, of all topics or of those asked for. Shape: topic -> number of partitions."""

    cluster_id: str
    brokers: int
    partitions: Mapping[str, int]


class Admin:
    """A connection for questions about the broker; reconnects after any failure.

    Raises: one of BROKER_ERRORS from every method while the broker is away.
    """

    def __init__(self, settings: Settings) -> None:
        self._options = {**kafka_client_options(settings), "request_timeout_ms": REQUEST_MS}
        self._client: AIOKafkaClient | None = None
        self._admin: AIOKafkaAdminClient | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._cluster_id = ""
        self._told: dict[TopicPartition, int] = {}  # the ends told when nothing was lost

    async def look(self, topics: Sequence[str] | None = None) -> BrokerView:
        """Identity of the broker and its topics, in one request.

        Whoever looks again and again names the topics: the answer about all of them costs ten times as much.
        """
        try:
            client = await self._connected()
            # A broker may make a topic for whoever names it, unless it is told not to.
            answer = await client.send(client.get_random_node(), MetadataRequest(topics, False))
        except BROKER_ERRORS:
            await self.close()
            raise
        told = answer.to_object()
        if told["cluster_id"] != self._cluster_id:
            self._cluster_id, self._told = told["cluster_id"], {}
        partitions = {t["topic"]: len(t["partitions"]) for t in told["topics"] if t["error_code"] == 0}
        return BrokerView(told["cluster_id"], len(told["brokers"]), partitions)

    async def ensure_topics(self, topics: Sequence[Topic], partitions: int) -> BrokerView:
        """Create the missing ones of `topics`, with their settings.

        An embedded broker takes a record for a topic that it does not have, as somebody may send it who knew the broker
        before it came back empty. The topic made afterwards counts that record, and has none to read: whoever reads up
        to the end waits for ever. Such a topic is made once more.
        Raises: TopicMismatch when one is there with another number of partitions.
        """
        names = [topic.name for topic in topics]
        view = await self.look(names)
        missing = [topic for topic in topics if topic.name not in view.partitions]
        if missing:
            await self._create(missing, partitions, min(REPLICAS, view.brokers))
            counted = await self._counted_in_vain([topic.name for topic in missing], partitions)
            unreadable = [topic for topic in missing if topic.name in counted]
            if unreadable:
                await self.delete_topics([topic.name for topic in unreadable])
                await self._create(unreadable, partitions, min(REPLICAS, view.brokers))
            view = await self.look(names)
        for topic in topics:
            found = view.partitions.get(topic.name, partitions)
            if found != partitions:
                raise TopicMismatch(_ways_out(topic.name, found, partitions))
        return view

    async def delete_topics(self, names: Sequence[str]) -> None:
        """Delete these topics with all that they hold; one that is not there is no error."""
        try:
            answer = await (await self._administering()).delete_topics(list(names))
        except BROKER_ERRORS:
            await self.close()
            raise
        for name, code in answer.topic_error_codes:
            error = for_code(code)
            if code and error is not UnknownTopicOrPartitionError:
                raise error(f"The broker did not delete {name}")

    async def ends(self, topic: str, partitions: int) -> dict[int, int]:
        """End offsets by partition; an embedded broker may tell less than it holds (see `holds`)."""
        return {at.partition: end for at, end in (await self._ends([topic], partitions)).items()}

    async def first_lost(self, topic: str, ends: Mapping[int, int]) -> tuple[int, int] | None:
        """The first partition that does not hold all records before its end, and the end that it tells.

        An end that is told too low rises all the same: only where it has not is a record asked for, which costs more.
        """
        if not ends:
            return None
        told = await self.ends(topic, max(ends) + 1)
        for number, end in ends.items():
            at, now = TopicPartition(topic, number), told[number]
            if now < end and now < self._told.get(at, end) and not await self.holds(topic, number, end - 1):
                return number, now
            self._told[at] = now
        return None

    async def holds(self, topic: str, partition: int, offset: int) -> bool:
        """Whether a record can be read at this offset: the one sure sign, where told ends lie behind."""
        consumer = await self._reading()
        at = TopicPartition(topic, partition)
        try:
            consumer.assign([at])
            consumer.seek(at, offset)
            return bool(await consumer.getmany(at, timeout_ms=PROBE_MS, max_records=1))
        except OffsetOutOfRangeError:
            return False
        except BROKER_ERRORS:
            await self.close()
            raise
        finally:
            consumer.unsubscribe()

    async def close(self) -> None:
        client, admin, consumer = self._client, self._admin, self._consumer
        self._client = self._admin = self._consumer = None
        for each in (client, admin):
            if each is not None:
                await each.close()
        if consumer is not None:
            await close_consumer(consumer)

    async def _counted_in_vain(self, topics: Sequence[str], partitions: int) -> set[str]:
        """The topics, made a moment ago, that have a partition whose last record cannot be read."""
        try:
            ends = await self._ends(topics, partitions)
        except KafkaTimeoutError:
            return set()  # partitions without leaders yet, so that nobody has written to them either
        return {
            at.topic
            for at, end in ends.items()
            if end and not await self._holds_by_and_by(at.topic, at.partition, end - 1)
        }

    async def _ends(self, topics: Sequence[str], partitions: int) -> dict[TopicPartition, int]:
        consumer = await self._reading()
        wanted = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]
        try:
            return dict(await consumer.end_offsets(wanted))
        except BROKER_ERRORS:
            await self.close()
            raise

    async def _holds_by_and_by(self, topic: str, partition: int, offset: int) -> bool:
        for _ in range(PROBES):
            if await self.holds(topic, partition, offset):
                return True
        return False

    async def _connected(self) -> AIOKafkaClient:
        if self._client is None:
            client = AIOKafkaClient(**self._options)
            try:
                await client.bootstrap()
            except BaseException:
                await client.close()
                raise
            self._client = client
        return self._client

    async def _administering(self) -> AIOKafkaAdminClient:
        if self._admin is None:
            admin = AIOKafkaAdminClient(**self._options)
            try:
                await admin.start()
            except BaseException:
                await admin.close()
                raise
            self._admin = admin
        return self._admin

    async def _reading(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = AIOKafkaConsumer(
                **self._options, enable_auto_commit=False, auto_offset_reset="none", fetch_max_wait_ms=20
            )
            try:
                await consumer.start()
            except BaseException:
                await close_consumer(consumer)
                raise
            self._consumer = consumer
        return self._consumer

    async def _create(self, topics: Sequence[Topic], partitions: int, replicas: int) -> None:
        admin = await self._administering()
        wanted = [NewTopic(t.name, partitions, replicas, topic_configs=t.settings) for t in topics]
        answer = await admin.create_topics(wanted)
        for name, code, message in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:  # another process was first
                raise error(f"The broker did not create {name}: {message}")


async def ensure_topics(settings: Settings, topics: Sequence[Topic], partitions: int | None = None) -> BrokerView:
    """Create the missing ones of `topics` on the broker of the settings.

    Raises: TopicMismatch; one of BROKER_ERRORS.
    """
    admin = Admin(settings)
    try:
        return await admin.ensure_topics(topics, partitions or settings.kafka_partitions)
    finally:
        await admin.close()


async def cluster_id(settings: Settings) -> str:
    """The identity of the broker of the settings. Raises: one of BROKER_ERRORS."""
    admin = Admin(settings)
    try:
        return (await admin.look([])).cluster_id
    finally:
        await admin.close()


def _ways_out(topic: str, found: int, wanted: int) -> str:
    return (
        f"Topic {topic} has {found} partitions, but {wanted} are set. Units are placed by this number, so it cannot "
        f"change under a log. Set PULSE_KAFKA_PARTITIONS={found}, or delete all topics of the registry: the relays "
        f"then create them anew with {wanted} and publish everything again from their journals."
    )
