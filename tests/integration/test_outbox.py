"""Numbering and storing of events, on a real store."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import orjson
import pytest

from shared.contracts.topics import INCIDENTS, PATROLS, TIPS
from shared.outbox.entries import Outbox, Position, latest
from shared.outbox.lineage import lineage_of, renew_lineage
from shared.outbox.sequences import BrokenSequence, Sequences
from shared.store.client import DuplicateKey, Session, Store
from tests.integration.outbox_rig import OTHER, UNIT, commit, fresh_outbox, nothing_else, outbox_on, patrol


@pytest.fixture
async def outbox(store_uri: str) -> AsyncIterator[Outbox]:
    async with fresh_outbox(store_uri) as outbox:
        yield outbox


@pytest.fixture
def sequences(outbox: Outbox) -> Sequences:
    return Sequences(outbox.store, PATROLS.name)


async def test_each_unit_counts_its_own_events_from_one(outbox: Outbox) -> None:
    first = await outbox.commit([patrol(UNIT), patrol(OTHER), patrol(UNIT)], nothing_else)
    second = await outbox.commit([patrol(UNIT)], nothing_else)

    assert [str(position) for position in first] == ["patrols.v1/00070/1", "patrols.v1/00004/1", "patrols.v1/00070/2"]
    assert second == [Position("patrols.v1", UNIT, 3)]
    assert latest(first) == [Position("patrols.v1", OTHER, 1), Position("patrols.v1", UNIT, 2)]


async def test_a_change_and_its_event_commit_together_or_not_at_all(outbox: Outbox, sequences: Sequences) -> None:
    patrols = outbox.store.collection("patrols")

    async def write(session: Session) -> None:
        await patrols.insert_one({"_id": "twice"}, session=session)

    await outbox.commit([patrol()], write)
    with pytest.raises(DuplicateKey):
        await outbox.commit([patrol()], write)
    (position,) = await outbox.commit([patrol()], nothing_else)

    assert position.position == 2
    assert [entry.first for entry in await sequences.page(UNIT, 0)] == [1, 2]


async def test_a_record_tells_its_position_and_lineage(outbox: Outbox, sequences: Sequences) -> None:
    event = patrol()

    await outbox.commit([patrol(), event], nothing_else)

    (entry,) = await sequences.page(UNIT, 0)
    told = orjson.loads(entry.records[1])
    assert (told["id"], told["position"], told["lineage"]) == (event.id, 2, outbox.lineage)


async def test_writers_in_several_processes_leave_neither_holes_nor_doubles(
    outbox: Outbox, sequences: Sequences
) -> None:
    writers = [outbox, outbox_on(outbox.store), outbox_on(outbox.store)]
    for writer in writers:
        await writer.open()

    results = await asyncio.gather(*(writer.commit([patrol()], nothing_else) for writer in writers for _ in range(15)))

    assert sorted(position.position for (position,) in results) == list(range(1, 46))
    assert [entry.first for entry in await sequences.page(UNIT, 0)] == list(range(1, 46))


async def test_commit_order_is_number_order(outbox: Outbox, sequences: Sequences) -> None:
    writers = [outbox, await opened(outbox.store)]
    seen: list[int] = [0]

    async with asyncio.TaskGroup() as writing:
        for writer in writers:
            writing.create_task(commit(writer, times=20))
        while seen[-1] < 40:
            committed = await sequences.committed_of(UNIT)
            page = await sequences.page(UNIT, 0)  # raises on a hole
            assert not committed or page[-1].last >= committed
            seen.append(committed)

    assert all(earlier <= later for earlier, later in pairwise(seen))


async def opened(store: Store) -> Outbox:
    outbox = outbox_on(store)
    await outbox.open()
    return outbox


async def test_a_bulk_import_is_one_entry(outbox: Outbox, sequences: Sequences) -> None:
    await commit(outbox, events=500)
    await commit(outbox, events=1_200)

    page = await sequences.page(UNIT, 0)

    assert [(entry.first, entry.last) for entry in page] == [(1, 500), (501, 1500), (1501, 1700)]


async def test_a_page_may_begin_inside_an_entry(outbox: Outbox, sequences: Sequences) -> None:
    await commit(outbox, events=10)
    await commit(outbox, events=2)

    page = await sequences.page(UNIT, 7)

    assert [(entry.first, entry.last) for entry in page] == [(8, 10), (11, 12)]
    assert [orjson.loads(record)["position"] for entry in page for record in entry.records] == [8, 9, 10, 11, 12]


async def test_a_journal_with_a_hole_is_noticed(outbox: Outbox, sequences: Sequences) -> None:
    await commit(outbox, times=3)
    await outbox.store.collection("outbox_entries").delete_one({"first": 2})

    with pytest.raises(BrokenSequence, match=r"patrols\.v1/00070: position 2 has no entry"):
        await sequences.page(UNIT, 0)


async def test_an_event_of_another_owner_is_refused(store_uri: str) -> None:
    async with fresh_outbox(store_uri, topics=(TIPS, INCIDENTS)) as outbox:
        with pytest.raises(ValueError, match=r"belongs to patrols\.v1"):
            await outbox.commit([patrol()], nothing_else)


async def test_a_database_has_one_lineage_whoever_asks_first(store_uri: str) -> None:
    async with fresh_outbox(store_uri) as outbox, fresh_outbox(store_uri) as other:
        told = await asyncio.gather(*(lineage_of(outbox.store) for _ in range(8)))

        assert set(told) == {outbox.lineage}
        assert other.lineage != outbox.lineage


async def test_a_restored_database_gets_a_new_lineage_in_every_record(outbox: Outbox, sequences: Sequences) -> None:
    await commit(outbox, events=3)
    await commit(outbox, OTHER)

    new = await renew_lineage(outbox.store)

    assert await lineage_of(outbox.store) == new != outbox.lineage
    entries = [*await sequences.page(UNIT, 0), *await sequences.page(OTHER, 0)]
    assert {orjson.loads(record)["lineage"] for entry in entries for record in entry.records} == {new}
