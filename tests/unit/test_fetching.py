"""Records as their batch holds them say what the client's own records say, and only who asked for them gets them."""

from types import SimpleNamespace
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from shared.messaging.codec import position_of
from shared.messaging.fetching import as_fetched

HERE = TopicPartition("patrols.v1", 3)


def fetched(deserializer: Any) -> Any:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, 1_000)
    builder.append(0, 5_000, b"00070", b"an event", [("position", b"1")])
    batches = MemoryRecords(bytes(builder.build()))
    return next(fetcher.PartitionRecords(HERE, batches, [], 0, None, deserializer, True, fetcher.READ_UNCOMMITTED))


def test_a_record_of_a_batch_says_the_same_and_only_who_asked_gets_it() -> None:
    asking: Any = SimpleNamespace()
    as_fetched(asking)

    raw, whole = fetched(asking._value_deserializer), fetched(None)

    assert isinstance(whole, ConsumerRecord)
    assert not isinstance(raw, ConsumerRecord)
    for name in ("offset", "timestamp", "key", "value"):
        assert getattr(raw, name) == getattr(whole, name)
    assert position_of(raw.headers) == position_of(whole.headers) == 1
