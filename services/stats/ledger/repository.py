"""The ledger in the statistics' database: blocks, and the heads that vouch for them; must not know what they mean.

Each generation has collections of its own. A head is written by its writer alone: whoever takes the ledger over puts
its name into all heads, and what an earlier writer still had under way finds no head of its own any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Final

from services.stats.ledger.blocks import FORM, BlockDocument, source
from services.stats.ledger.partition import LedgerHead
from shared.ids import new_id
from shared.store.client import BulkWriteError, Document, Store, UpdateOne

BLOCKS: Final = "ledger_blocks_"
HEADS: Final = "ledger_heads_"
DUPLICATE_KEY: Final = 11_000
_FIELDS: Final = {field.name: 1 for field in fields(LedgerHead)}

Place = tuple[str, int]  # (topic, partition)


def collections_of(generation: str) -> tuple[str, str]:
    """The names of the collections of heads and of blocks."""
    return f"{HEADS}{FORM}_{generation}", f"{BLOCKS}{FORM}_{generation}"


class Superseded(Exception):
    """Another writer has taken the ledger over, or it was discarded."""


class LedgerRepository:
    """Blocks and heads of one generation."""

    def __init__(self, store: Store, generation: str) -> None:
        self._store = store
        self._own = collections_of(generation)
        self._heads, self._blocks = (store.collection(name) for name in self._own)

    # -- writing

    async def take_over(self, writer: str, places: Iterable[Place]) -> list[LedgerHead]:
        """The heads of these partitions, which nobody but `writer` changes from now on.

        What other generations left is dropped, and so is what no head vouches for: a ledger that was discarded, or
        whose partitions are others, begins anew.
        """
        await self._drop_others()
        ids = {_head_id(topic, partition): (topic, partition) for topic, partition in places}
        await self._heads.update_many({}, {"$set": {"writer": writer}})
        found = {document["_id"]: document async for document in self._heads.find({})}
        if found.keys() != ids.keys():
            await self._begin_anew(writer, ids)
            return [LedgerHead(*place) for place in ids.values()]
        return [_head(document) for document in found.values()]

    async def add(self, blocks: Sequence[BlockDocument]) -> None:
        """Keep the blocks; those that are kept already stay as they are, because they are the same."""
        if not blocks:
            return
        try:
            await self._blocks.insert_many(blocks, ordered=False)
        except BulkWriteError as error:
            if any(failed["code"] != DUPLICATE_KEY for failed in error.details["writeErrors"]):
                raise

    async def vouch(self, writer: str, heads: Sequence[LedgerHead]) -> None:
        """Write the heads, after the blocks. Raises: Superseded."""
        if not heads:
            return
        updates = [
            UpdateOne({"_id": _head_id(head.topic, head.partition), "writer": writer}, {"$set": asdict(head)})
            for head in heads
        ]
        written = await self._heads.bulk_write(updates, ordered=False)
        if written.matched_count != len(updates):
            raise Superseded("another writer has taken the ledger over, or it was discarded")

    async def is_of(self, writer: str) -> bool:
        """Whether this writer has the ledger still."""
        return await self._heads.find_one({"writer": writer}) is not None

    async def discard(self) -> None:
        """Have the ledger made anew, by the writer that runs or by the next one."""
        await self._heads.drop()

    # -- reading

    async def heads(self, topic: str) -> tuple[list[LedgerHead], frozenset[str]]:
        """The heads of a topic, and which filling of the ledger they are of: none or another one vouches for less."""
        documents = [document async for document in self._heads.find({"topic": topic})]
        return [_head(document) for document in documents], frozenset(str(each["filling"]) for each in documents)

    async def in_slots(self, slots: Sequence[str]) -> list[BlockDocument]:
        """The blocks that touch any of the slots."""
        wanted: Mapping[str, object] = {"slots": slots[0] if len(slots) == 1 else {"$in": list(slots)}}
        return [document async for document in self._blocks.find(wanted)]

    async def beyond(self, topic: str, unit: str, position: int) -> list[BlockDocument]:
        """The blocks of a unit that hold anything above a position."""
        wanted = {"source": source(topic, unit), "last": {"$gt": position}}
        return [document async for document in self._blocks.find(wanted)]

    # -- inside

    async def _begin_anew(self, writer: str, ids: Mapping[str, Place]) -> None:
        # In this order: a death in between leaves no head that vouches for blocks which are gone.
        await self._heads.drop()
        await self._blocks.drop()
        await self._blocks.create_index("slots")
        await self._blocks.create_index([("source", 1), ("last", 1)])
        filling = new_id()
        heads = [
            {"_id": id, "writer": writer, "filling": filling, **asdict(LedgerHead(*place))} for id, place in ids.items()
        ]
        await self._heads.insert_many(heads)

    async def _drop_others(self) -> None:
        names = await self._store.collection_names()
        for prefix in (HEADS, BLOCKS):
            for name in names:
                if name.startswith(prefix) and name not in self._own:
                    await self._store.collection(name).drop()


def _head_id(topic: str, partition: int) -> str:
    return f"{topic}/{partition}"


def _head(document: Document) -> LedgerHead:
    return LedgerHead(**{name: document[name] for name in _FIELDS})
