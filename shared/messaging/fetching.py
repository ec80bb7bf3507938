"""Consumers whose records stay as their batch holds them; leans on private names of aiokafka, pinned by a test."""

from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer import fetcher


def _unchanged(value: bytes) -> bytes:
    return value


class _BatchRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    """What was fetched of one partition, for whichever consumer."""

    def _consumer_record(self, tp: TopicPartition, record: Any) -> Any:
        return record if self._value_deserializer is _unchanged else super()._consumer_record(tp, record)


def as_fetched(consumer: AIOKafkaConsumer) -> AIOKafkaConsumer:
    """The consumer, to be started yet, with records that know neither topic nor partition.

    aiokafka makes a ConsumerRecord of every record, in Python: that doubles what reading costs.
    """
    fetcher.PartitionRecords = _BatchRecords
    consumer._value_deserializer = _unchanged
    return consumer
