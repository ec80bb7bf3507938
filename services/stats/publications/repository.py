"""Where publications, their tables and their restatements are kept; owns the names of the collections."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Final

import msgspec

from services.stats.publications.causes import Explanation
from services.stats.publications.publication import Frozen, Publication
from services.stats.publications.restatement import Restatement
from shared.errors import NotFound
from shared.repository import Aggregates
from shared.security import EVERYWHERE, Principal, Role
from shared.store.client import Document, Session, Store
from shared.web import decode_cursor, encode_cursor
from shared.work import Write

# Figures are aggregates without personal data: who may read them at all may read all that was published.
ANY_READER: Final = Principal("reader", Role.AUDITOR, frozenset({EVERYWHERE}))


class Publications:
    """All publications. A table is kept beside its publication: it is large, and never changes."""

    def __init__(self, store: Store) -> None:
        self.kept: Final = Aggregates(store, "publications", Publication)
        self._publications = store.collection("publications")
        self._frozen = store.collection("publication_figures")
        self._restatements = store.collection("restatements")

    async def open(self) -> None:
        """Make the indexes; safe to repeat."""
        await self.kept.open()
        await self._publications.create_index([("units", 1)])
        await self._restatements.create_index([("publication", 1), ("number", -1)], unique=True)
        await self._restatements.create_index([("reason", 1)])

    async def find(self, id: str) -> Publication:
        """Raises: NotFound."""
        return await self.kept.find(id, ANY_READER)

    async def table(self, id: str) -> Frozen:
        """What was published. Raises: NotFound."""
        document = await self._frozen.find_one({"_id": id})
        if document is None:
            raise NotFound(f"There is no publication {id}.")
        return msgspec.convert(document, Frozen)

    async def touching(self, units: Collection[str] | None) -> AsyncIterator[Publication]:
        """The publications with one of these units in their table; all of them without units."""
        query: Document = {} if units is None else {"units": {"$in": sorted(units)}}
        ids = [document["_id"] async for document in self._publications.find(query, {"_id": 1})]
        for id in ids:
            yield await self.find(id)

    def adding(self, id: str, frozen: Frozen) -> Write:
        """The write that keeps a table."""

        async def write(session: Session) -> None:
            await self._frozen.insert_one({"_id": id, **msgspec.to_builtins(frozen)}, session=session)

        return write

    # -- restatements

    def restating(self, restatements: Sequence[Restatement]) -> Write:
        """The write that records restatements."""
        documents = [_document(each) for each in restatements]

        async def write(session: Session) -> None:
            await self._restatements.insert_many(documents, session=session)

        return write

    async def restatements(self, id: str, cursor: str | None, limit: int) -> tuple[list[Restatement], str | None]:
        """Those of one publication, latest first, and where the next page begins. Raises: InvalidInput."""
        query: Document = {"publication": id}
        if cursor is not None:
            query["number"] = {"$lt": decode_cursor(cursor, number=int)["number"]}
        found = await self._restatements.find(query).sort([("number", -1)]).to_list(limit + 1)
        page = [_read(document) for document in found[:limit]]
        return page, encode_cursor({"number": page[-1].number}) if len(found) > limit else None

    async def unexplained(self, limit: int) -> list[Restatement]:
        """Some of those whose reason is still to be found."""
        query = {"reason": "not_yet_explained"}
        return [_read(document) for document in await self._restatements.find(query).to_list(limit)]

    async def explain(self, id: str, explanation: Explanation) -> None:
        """Fill in the reason."""
        found = {"explanation": msgspec.to_builtins(explanation), "reason": explanation.reason.value}
        await self._restatements.update_one({"_id": id}, {"$set": found})


def _document(restatement: Restatement) -> Document:
    fields: Document = msgspec.to_builtins(restatement)
    return {"_id": fields.pop("id"), **fields, "reason": restatement.explanation.reason.value}


def _read(document: Document) -> Restatement:
    return msgspec.convert({**document, "id": document["_id"]}, Restatement)
