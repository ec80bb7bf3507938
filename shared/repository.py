"""Aggregates in the store, one collection per kind, within the caller's reach; must not know any rule of theirs."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import datetime
from typing import Final, Generic, TypeVar

import msgspec

from shared.aggregate import Aggregate
from shared.contracts.base import Event
from shared.errors import ConcurrentChange, NotFound
from shared.security import Principal
from shared.store.client import BulkWriteError, Document, Session, Store
from shared.web import decode_cursor, encode_cursor
from shared.work import Work, Write

A = TypeVar("A", bound=Aggregate)
T = TypeVar("T")

LOOKED_UP: Final = 100  # ids a query: an embedded store compares every document found with every id asked for
DUPLICATE_KEY: Final = 11_000
ATTEMPTS: Final = 5  # a step is pure: losing a race only means to take it again from the newer version


class Aggregates(Generic[A]):
    """The aggregates of one kind.

    A document is the aggregate as JSON has it, times with their offset and every digit: what an event told as `is` must
    come back as the very same `was`. Beside it stands `at`, the time in the store's own type, for order.
    """

    def __init__(self, store: Store, name: str, kind: type[A]) -> None:
        self.kind = kind
        self._documents = store.collection(name)

    async def open(self) -> None:
        """Make what lists need; safe to repeat."""
        await self._documents.create_index([("unit", 1), ("at", -1), ("_id", -1)])

    # -- reading

    async def find(self, id: str, caller: Principal) -> A:
        """Raises: NotFound if there is none, or it is out of the caller's reach: nobody can tell which."""
        document = await self._documents.find_one({"_id": id})
        if document is None or not _within_reach(document, caller):
            raise NotFound(f"There is no {self.kind.NOUN} {id}.")
        return self._read(document)

    async def find_known(self, ids: Iterable[str], caller: Principal) -> dict[str, A]:
        """Those of the ids that exist within the caller's reach."""
        documents = self._found(sorted(set(ids)))
        return {found["_id"]: self._read(found) async for found in documents if _within_reach(found, caller)}

    async def page(self, caller: Principal, *, unit: str, cursor: str | None, limit: int) -> tuple[list[A], str | None]:
        """Those of the unit, latest first, and where the next page begins. Raises: NotFound for a unit out of reach."""
        query = self._of_unit(unit, caller)
        if cursor is not None:
            after = decode_cursor(cursor, at=str, id=str)
            at = datetime.fromisoformat(str(after["at"]))
            query["$or"] = [{"at": {"$lt": at}}, {"at": at, "_id": {"$lt": after["id"]}}]
        documents = await self._documents.find(query).sort([("at", -1), ("_id", -1)]).to_list(limit + 1)
        page = documents[:limit]
        more = len(documents) > limit
        following = encode_cursor({"at": page[-1]["at"].isoformat(), "id": page[-1]["_id"]}) if more else None
        return [self._read(document) for document in page], following

    async def digests(self, ids: Sequence[str], caller: Principal) -> dict[str, bytes | None]:
        """Per id that is taken the digest of the import record it came from; empty if it came another way.

        None where it lies out of the caller's reach.
        """
        documents = self._found(ids, {"import_digest": 1, "unit": 1, "stream": 1})
        return {
            found["_id"]: found.get("import_digest", b"") if _within_reach(found, caller) else None
            async for found in documents
        }

    # -- writing

    async def add(self, aggregate: A, events: Sequence[Event], *, work: Work) -> A:
        """The new aggregate, kept with its events."""
        await work.commit(aggregate, events, self.inserting([aggregate]))
        return aggregate

    async def change(self, id: str, step: Callable[[A], tuple[A, Sequence[Event]]], *, work: Work) -> A:
        """The aggregate after the step, kept with its events.

        Raises: NotFound; what the step raises; ConcurrentChange if others were faster again and again.
        """

        async def attempt() -> A:
            before = await self.find(id, work.caller)
            after, events = step(before)
            await work.commit(after, events, self.replacing(before, after))
            return after

        return await persistently(attempt)

    def inserting(self, aggregates: Sequence[A], digests: Mapping[str, bytes] | None = None) -> Write:
        """The write that makes these documents. Raises, when it runs: ConcurrentChange if one of the ids is taken."""
        documents = [self._document(aggregate) for aggregate in aggregates]
        if digests is not None:
            for document in documents:
                document["import_digest"] = digests[document["_id"]]

        async def write(session: Session) -> None:
            try:
                await self._documents.insert_many(documents, session=session)
            except BulkWriteError as error:
                if any(failed["code"] != DUPLICATE_KEY for failed in error.details["writeErrors"]):
                    raise
                raise ConcurrentChange(f"Somebody else added the same {self.kind.NOUN} in between.") from None

        return write

    def replacing(self, before: A, after: A) -> Write:
        """The write that puts one version in place of another. Raises, when it runs: ConcurrentChange."""

        async def write(session: Session) -> None:
            result = await self._documents.update_one(
                {"_id": before.id, "version": before.version}, {"$set": self._document(after)}, session=session
            )
            if result.matched_count != 1:
                raise ConcurrentChange(f"Somebody else changed the {self.kind.NOUN} in between; try again.")

        return write

    def _of_unit(self, unit: str, caller: Principal) -> Document:
        """What a list of a unit is made of. Raises: NotFound for a unit out of reach."""
        if not caller.covers(unit):
            raise NotFound(f"There is no unit {unit} among yours.")
        if caller.streams is None or "stream" not in {field.name for field in fields(self.kind)}:
            return {"unit": unit}
        return {"unit": unit, "stream": {"$in": sorted(caller.streams)}}

    async def _found(self, ids: Sequence[str], fields: Document | None = None) -> AsyncIterator[Document]:
        for start in range(0, len(ids), LOOKED_UP):
            wanted = list(ids[start : start + LOOKED_UP])
            async for document in self._documents.find({"_id": {"$in": wanted}}, fields):
                yield document

    def _document(self, aggregate: A) -> Document:
        document: Document = msgspec.to_builtins(aggregate)
        return {"_id": document.pop("id"), **document, "at": aggregate.occurred_at}

    def _read(self, document: Document) -> A:
        return msgspec.convert({**document, "id": document["_id"]}, self.kind)


def _within_reach(document: Document, caller: Principal) -> bool:
    return caller.covers(document["unit"]) and caller.handles(document.get("stream"))


async def persistently(attempt: Callable[[], Awaitable[T]]) -> T:
    """What the attempt gives, made again while others are faster. Raises: ConcurrentChange after several losses."""
    for _ in range(ATTEMPTS - 1):
        with suppress(ConcurrentChange):
            return await attempt()
    return await attempt()
