"""The order of the ledger's writes, with a store in memory that fails when it is told to."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from services.stats.ledger.blocks import BlockDocument, unpacked
from services.stats.ledger.partition import LedgerHead
from services.stats.ledger.repository import LedgerRepository, Superseded
from services.stats.ledger.writer import RECORDS_AT_ONCE, Writer
from shared.outbox.leases import Lease
from shared.settings import Settings
from shared.store.client import StoreUnavailable
from tests.unit.fold_world import NOW, event, patrol
from tests.unit.ledger_world import log_of, partition_at

UNIT = "00070"


class Writes:
    """What was written, in order."""

    def __init__(self) -> None:
        self.done: list[tuple[str, Any]] = []
        self.failures: list[BaseException] = []
        self.reached = asyncio.Event()
        self.blocked = False

    async def add(self, blocks: Sequence[BlockDocument]) -> None:
        self.reached.set()
        if self.blocked:
            await asyncio.Event().wait()
        if self.failures:
            raise self.failures.pop()
        self.done.append(("entries", [entry.position for _, entry in unpacked(blocks)]))

    async def vouch(self, _writer: str, heads: Sequence[LedgerHead]) -> None:
        self.done.append(("heads", [head.positions for head in heads]))


@pytest.fixture
def writes() -> Writes:
    return Writes()


@pytest.fixture
def writer(writes: Writes) -> Writer:
    made = Writer(
        Settings(), cast(LedgerRepository, writes), cast(Lease, None), new_partition=lambda head: partition_at(head)
    )
    head = LedgerHead("patrols.v1", 3)
    made._partitions = {(head.topic, head.partition): partition_at(head)}
    return made


def records(*positions: int) -> Any:
    return log_of([event(UNIT, position, None, patrol(NOW)) for position in positions])


async def test_heads_are_written_after_the_entries_that_they_vouch_for(writer: Writer, writes: Writes) -> None:
    await writer.take(records(1, 2))

    await writer.flush()

    assert writes.done == [("entries", [1, 2]), ("heads", [{UNIT: 2}])]


async def test_a_flush_in_the_middle_of_many_records_leaves_none_behind(writer: Writer, writes: Writes) -> None:
    many = RECORDS_AT_ONCE + 100
    flushing = asyncio.create_task(writer.flush())

    await writer.take(records(*range(1, many + 1)))
    await flushing
    await writer.flush()

    assert writes.done[-1] == ("heads", [{UNIT: many}])
    assert sorted(each for kind, some in writes.done if kind == "entries" for each in some) == list(range(1, many + 1))


async def test_a_store_that_is_away_loses_nothing(
    writer: Writer, writes: Writes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.stats.ledger.writer.RETRY_S", 0)
    writes.failures = [StoreUnavailable("away"), StoreUnavailable("away")]
    await writer.take(records(1))

    await writer.flush()

    assert writes.done == [("entries", [1]), ("heads", [{UNIT: 1}])]


async def test_entries_of_a_flush_that_was_cut_off_go_out_before_the_next_head(writer: Writer, writes: Writes) -> None:
    writes.blocked = True
    await writer.take(records(1))
    flushing = asyncio.create_task(writer.flush())
    await writes.reached.wait()

    flushing.cancel()
    await asyncio.wait({flushing})
    writes.blocked = False
    await writer.take(records(1, 2))
    await writer.flush()

    assert writes.done == [("entries", [1, 2]), ("heads", [{UNIT: 2}])]


async def test_a_writer_that_was_followed_gives_up(writer: Writer, writes: Writes) -> None:
    writes.failures = [Superseded("another writer")]
    await writer.take(records(1))

    with pytest.raises(Superseded):
        await writer.flush()
