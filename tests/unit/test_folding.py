"""The order of recover, fold and flush, with a log in memory instead of a broker."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from services.stats.engine import Fold, LineageChanged
from services.stats.folding.folding import Folding
from services.stats.panes import Head, newest
from services.stats.state.broker import BrokerReplaced
from services.stats.state.topic import Entry
from shared.clock import FixedClock
from shared.contracts.patrols import PatrolChange, PatrolCompleted, PatrolFacts, PatrolKind
from shared.messaging.codec import record_headers

HERE = TP("patrols.v1", 3)
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@dataclass
class Log:
    """The panes topic in memory, as writer and reader at once."""

    entries: list[Entry] = field(default_factory=list)
    failures: int = 0

    async def write(self, entries: Mapping[int, Sequence[Entry]]) -> None:
        if self.failures:
            self.failures -= 1
            raise KafkaConnectionError
        for some in entries.values():
            self.entries.extend(some)

    async def recover(self, keep: set[int], load: set[int]) -> dict[int, list[Entry]]:
        return {partition: list(self.entries) for partition in load}

    @property
    def kinds(self) -> list[str]:
        return [key.decode().partition("/")[0] for key, _ in self.entries]


@dataclass
class Stream:
    acked: list[Any] = field(default_factory=list)
    channel: Any = field(default_factory=lambda: SimpleNamespace(queue=asyncio.Queue()))

    async def ack(self, event: Any) -> None:
        self.acked.append(event)


@dataclass
class Bench:
    """A folding with one partition, its log, its stream and the letters it set aside."""

    log: Log = field(default_factory=Log)
    stream: Stream = field(default_factory=Stream)
    letters: list[tuple[int, str]] = field(default_factory=list)
    replaced: bool = False

    def folding(self) -> Folding:
        return Folding(
            new_fold=self._new_fold,
            reader=self.log,  # type: ignore[arg-type]
            writer=self.log,
            same_broker=self._same_broker,
            set_aside=self._set_aside,
            clock=FixedClock(NOW),
        )

    async def started(self) -> Folding:
        folding = self.folding()
        await folding.recover({HERE})
        return folding

    async def take(self, folding: Folding, *records: Any) -> Any:
        event = SimpleNamespace(message=SimpleNamespace(tp=HERE), value=list(records))
        await folding.take(event, self.stream)
        return event

    @property
    def head(self) -> Head:
        [head] = newest(self.log.entries).heads.values()
        return head

    def _new_fold(self, tp: TP) -> Fold:
        return Fold(
            tp.topic, tp.partition, generation="g", cluster_id="c", today_unit=lambda unit, *_: unit,
            zone=ZoneInfo("Asia/Ho_Chi_Minh"),
        )  # fmt: skip

    async def _same_broker(self) -> None:
        if self.replaced:
            raise BrokerReplaced

    async def _set_aside(self, record: Any, reason: str) -> None:
        self.letters.append((record.offset, reason))


def record(position: int, *, offset: int | None = None, value: bytes | None = None, key: bytes = b"00070",
           headers: list[tuple[str, bytes]] | None = None, lineage: str = "l") -> Any:  # fmt: skip
    facts = PatrolFacts(kind=PatrolKind.SECURITY, teams=1, participants=3, completed_at=NOW)
    event = PatrolCompleted(
        time=NOW, subject=f"p{position}", partitionkey="00070", data=PatrolChange(was=None, is_=facts)
    )
    return SimpleNamespace(
        topic=HERE.topic, partition=HERE.partition, offset=position - 1 if offset is None else offset, timestamp=0,
        key=key, value=event.record(position=position, lineage=lineage, recorded_at=NOW) if value is None else value,
        headers=record_headers(position) if headers is None else headers,
    )  # fmt: skip


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_a_flush_writes_records_then_heads_then_acknowledges(bench: Bench) -> None:
    folding = await bench.started()
    event = await bench.take(folding, record(1), record(2))
    assert not bench.stream.acked

    await folding.flush()

    assert bench.log.kinds == ["pane", "pane", "pane", "head"]
    assert bench.head.position == 2
    assert bench.stream.acked == [event]


async def test_a_flush_that_failed_acknowledges_nothing_and_goes_out_whole_with_the_next(bench: Bench) -> None:
    folding = await bench.started()
    event = await bench.take(folding, record(1))
    bench.log.failures = 1
    with pytest.raises(KafkaConnectionError):
        await folding.flush()
    assert not bench.stream.acked

    await folding.flush()

    assert bench.log.kinds == ["pane", "pane", "pane", "head"]
    assert bench.stream.acked == [event]


async def test_no_head_goes_to_a_broker_that_came_back_empty(bench: Bench) -> None:
    folding = await bench.started()
    await bench.take(folding, record(1))
    bench.replaced = True

    with pytest.raises(BrokerReplaced):
        await folding.flush()

    assert "head" not in bench.log.kinds


async def test_a_partition_that_stays_goes_on_behind_what_is_folded(bench: Bench) -> None:
    folding = await bench.started()
    await bench.take(folding, record(1), record(2))

    await folding.release()
    await folding.recover({HERE})

    assert folding.resume_offsets({HERE}) == {HERE: 2}


async def test_a_partition_that_went_is_not_folded_any_more(bench: Bench) -> None:
    folding = await bench.started()
    await folding.recover(set())

    await bench.take(folding, record(1))
    await folding.flush()

    assert not bench.log.entries
    assert not bench.stream.acked


async def test_another_owner_recovers_what_was_flushed_and_reads_the_rest_again(bench: Bench) -> None:
    folding = await bench.started()
    await bench.take(folding, record(1))
    await folding.flush()
    await bench.take(folding, record(2))
    await folding.flush()
    await bench.take(folding, record(3))

    other = await bench.started()
    resumed = other.resume_offsets({HERE})[HERE]
    await bench.take(other, *(record(position) for position in (1, 2, 3) if position - 1 >= resumed))
    await other.flush()

    assert bench.head.position == 3
    [day] = [pane for key, pane in newest(bench.log.entries).panes.items() if b"/day/" in key]
    assert day.series["patrols_completed|00070"] == {23: 3}


async def test_release_gives_up_where_the_broker_is_away(bench: Bench) -> None:
    folding = await bench.started()
    await bench.take(folding, record(1))
    bench.log.failures = 1

    await folding.release()

    assert not bench.stream.acked


@pytest.mark.parametrize(
    ("unreadable", "skipped"),
    [
        (record(2, value=b"\xff"), (2,)),
        (record(2, value=b""), (2,)),
        (record(2, value=b'{"id": "1"}'), (2,)),
        (record(2, value=b"\xff", key=b"somewhere"), ()),
        (record(2, value=b"\xff", headers=[]), ()),
        (record(2, value=b"\xff", headers=[("position", b"two")]), ()),
    ],
)
async def test_a_record_that_cannot_be_read_is_set_aside_and_skipped_if_it_tells_its_place(
    bench: Bench, unreadable: Any, skipped: tuple[int, ...]
) -> None:
    folding = await bench.started()

    await bench.take(folding, record(1), unreadable)
    await folding.flush()

    assert [offset for offset, _ in bench.letters] == [1]
    assert bench.head.skipped == skipped
    assert folding.resume_offsets({HERE}) == {HERE: 2}


async def test_a_skipped_position_and_a_hole_are_missing(bench: Bench) -> None:
    folding = await bench.started()

    await bench.take(folding, record(1, value=b"\xff"))
    [unreadable] = folding.missing()
    await bench.take(folding, record(2), record(5))
    [hole] = folding.missing()

    assert (unreadable.after, unreadable.patience_s > 0) == (0, True)
    assert (hole.after, hole.patience_s) == (2, 0.0)


async def test_another_lineage_ends_the_fold_and_nothing_of_it_is_folded(bench: Bench) -> None:
    folding = await bench.started()
    event = await bench.take(folding, record(1))

    await bench.take(folding, record(1, offset=1, lineage="of a fresh database"))

    with pytest.RaisesGroup(LineageChanged):
        await folding.keep_flushing()
    await folding.release()
    assert bench.stream.acked == [event]
    assert (bench.head.position, bench.head.lineage) == (1, "l")
