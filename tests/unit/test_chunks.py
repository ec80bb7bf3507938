import importlib.metadata
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import faust
import faust.streams
import pytest
from faust.types import TP

from services.stats.folding.chunks import ChunkConsumer, ChunkScheduler, require_pinned_faust

HERE, THERE = TP("patrols.v1", 3), TP("tips.v1", 7)


def acked(*offsets: int) -> Any:
    consumer = SimpleNamespace(_acked=defaultdict(list), _acked_index=defaultdict(set))
    consumer._acked[HERE] = list(offsets)
    consumer._acked_index[HERE] = set(offsets)
    return consumer


def test_everything_fetched_of_a_partition_is_one_message() -> None:
    fetched = {HERE: ["a", "b", "c"], THERE: ["d"], TP("awards.v1", 0): []}

    scheduled = list(ChunkScheduler().iterate(fetched))

    assert scheduled == [(HERE, ["a", "b", "c"]), (THERE, ["d"])]


def test_a_chunk_stands_at_its_last_record() -> None:
    records: Any = [SimpleNamespace(offset=offset, timestamp=5_000, timestamp_type=0) for offset in (40, 41, 42)]
    consumer: Any = SimpleNamespace(app=SimpleNamespace(consumer_generation_id=6))

    message = ChunkConsumer._to_message(consumer, HERE, records)

    assert (message.tp, message.offset, message.value) == (HERE, 42, records)
    assert message.generation_id == 6


def test_the_commit_follows_the_highest_acknowledged_chunk_however_far_apart_chunks_are() -> None:
    consumer = acked(1_999, 3_999, 4_004)

    first, second = ChunkConsumer._new_offset(consumer, HERE), ChunkConsumer._new_offset(consumer, HERE)

    assert first == 4_005
    assert second is None
    assert not consumer._acked_index[HERE]


async def test_the_distance_between_two_chunks_is_no_gap() -> None:
    consumer: Any = SimpleNamespace(_gap={})

    await ChunkConsumer._add_gap(consumer, HERE, 0, 5_000)

    assert consumer._gap == {}


def test_another_version_of_faust_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    require_pinned_faust()
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "0.16.0")

    with pytest.raises(RuntimeError, match=r"faust-streaming 0\.16\.0 is installed"):
        require_pinned_faust()


def test_faust_without_its_compiled_stream_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faust.streams, "_CStreamIterator", None)

    with pytest.raises(RuntimeError, match="compiled stream module is missing"):
        require_pinned_faust()
