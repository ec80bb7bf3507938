"""The ledger's collections on a real store: who may write heads, and what is dropped when."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest

from services.stats.ledger import repository as repositories
from services.stats.ledger.blocks import blocks, slot, unpacked
from services.stats.ledger.entries import BookedEntry
from services.stats.ledger.partition import LedgerHead
from services.stats.ledger.repository import LedgerRepository, Superseded
from shared.contracts.topics import PATROLS
from shared.store.client import Store
from tests.unit.fold_world import NOW

UNIT, CITY, DAY = "00070", "01", NOW.toordinal()
PLACES = [(PATROLS.name, number) for number in range(2)]
BOOKED = LedgerHead(PATROLS.name, 1, "cluster", "lineage", 7, {UNIT: 3}, {UNIT: [2]}, DAY)


@pytest.fixture
async def store(store_uri: str) -> AsyncIterator[Store]:
    store = Store.open(store_uri, f"ledger_{uuid4().hex[:12]}")
    yield store
    await asyncio.shield(store.drop())
    store.close()


@pytest.fixture
def repository(store: Store) -> LedgerRepository:
    return LedgerRepository(store, "rules-1")


def entry(position: int) -> BookedEntry:
    amounts = {UNIT: {DAY * 1440 + position: {"patrols_completed": 1}}}
    return BookedEntry(UNIT, position, f"event-{position}", "patrol.completed.v1", "p", NOW, NOW, amounts)


async def test_heads_come_back_as_they_were_written(repository: LedgerRepository) -> None:
    await repository.take_over("a", PLACES)

    await repository.vouch("a", [BOOKED])

    assert BOOKED in await repository.take_over("b", PLACES)
    assert BOOKED in (await repository.heads(PATROLS.name))[0]


async def test_whoever_was_followed_vouches_for_nothing_any_more(repository: LedgerRepository) -> None:
    await repository.take_over("a", PLACES)
    await repository.take_over("b", PLACES)

    with pytest.raises(Superseded):
        await repository.vouch("a", [BOOKED])

    assert (await repository.is_of("a"), await repository.is_of("b")) == (False, True)
    assert BOOKED not in (await repository.heads(PATROLS.name))[0]


async def test_blocks_are_found_by_slot_and_by_position_and_kept_once(repository: LedgerRepository) -> None:
    await repository.take_over("a", PLACES)
    some = list(blocks(PATROLS.name, UNIT, CITY, [entry(position) for position in range(1, 61)]))

    await repository.add(some[:2])
    await repository.add(some)

    of_day = await repository.in_slots([slot("patrol", CITY, DAY)])
    either = await repository.in_slots([slot("patrol", UNIT, DAY), slot("patrol", UNIT, DAY + 1)])
    assert len(of_day) == len(either) == len(some) == 3
    assert {each.position for _, each in unpacked(of_day)} == set(range(1, 61))
    assert await repository.in_slots([slot("tip", CITY, DAY)]) == []
    assert {each.position for _, each in unpacked(await repository.beyond(PATROLS.name, UNIT, 50))} == set(
        range(51, 61)
    )


async def test_a_discarded_ledger_begins_anew_and_its_writer_notices(repository: LedgerRepository) -> None:
    await repository.take_over("a", PLACES)
    await repository.add(list(blocks(PATROLS.name, UNIT, CITY, [entry(1)])))
    _, filling = await repository.heads(PATROLS.name)

    await repository.discard()

    assert not await repository.is_of("a")
    assert await repository.take_over("a", PLACES) == [LedgerHead(*place) for place in PLACES]
    assert await repository.in_slots([slot("patrol", UNIT, DAY)]) == []
    assert (await repository.heads(PATROLS.name))[1] != filling


async def test_another_number_of_partitions_begins_anew(repository: LedgerRepository) -> None:
    await repository.take_over("a", PLACES)
    await repository.vouch("a", [BOOKED])

    heads = await repository.take_over("b", [*PLACES, (PATROLS.name, 2)])

    assert [head.offset for head in heads] == [0, 0, 0]


async def test_other_generations_are_dropped_and_their_writers_end(store: Store, repository: LedgerRepository) -> None:
    await repository.take_over("a", PLACES)
    await repository.add(list(blocks(PATROLS.name, UNIT, CITY, [entry(1)])))

    await LedgerRepository(store, "rules-2").take_over("b", PLACES)

    assert {name.rpartition("_")[2] for name in await store.collection_names()} == {"rules-2"}
    with pytest.raises(Superseded):
        await repository.vouch("a", [replace(BOOKED, offset=8)])


async def test_blocks_of_another_form_are_dropped_and_booked_anew(
    store: Store, repository: LedgerRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    await repository.take_over("a", PLACES)
    await repository.vouch("a", [BOOKED])

    monkeypatch.setattr(repositories, "FORM", "next")
    heads = await LedgerRepository(store, "rules-1").take_over("b", PLACES)

    assert {head.offset for head in heads} == {0}
    assert all("_next_" in name for name in await store.collection_names())
