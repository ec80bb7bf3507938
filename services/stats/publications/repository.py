"""Where publications, their tables and their restatements are kept; owns the names of the collections."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import Final

import msgspec

from services.stats.publications.causes import Explanation, Reason
from services.stats.publications.publication import Frozen, Publication
from services.stats.publications.restatement import Restatement
from shared.errors import ConcurrentChange, NotFound
from shared.repository import Aggregates
from shared.security import EVERYWHERE, Principal, Role
from shared.store.client import Document, Session, Store
from shared.web import decode_cursor, encode_cursor
from shared.work import Write

# Figures are aggregates without personal data: who may read them at all may read all that was published.
ANY_READER: Final = Principal("reader", Role.AUDITOR, frozenset({EVERYWHERE}))
_UNEXPLAINED: Final = {"reason": Reason.NOT_YET_EXPLAINED.value}


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
        await self._restatements.create_index([("reason", 1), ("attempt_at", 1)])

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

    async def unexplained(self, at: datetime, limit: int) -> list[Restatement]:
        """Those whose reason is to be looked for at this time, the ones that have waited longest first."""
        # Restatements of an earlier release have no such time: they are due.
        query = {**_UNEXPLAINED, "$or": [{"attempt_at": None}, {"attempt_at": {"$lte": at}}]}
        found = self._restatements.find(query).sort([("attempt_at", 1)])
        return [_read(document) for document in await found.to_list(limit)]

    async def postpone(self, id: str, until: datetime) -> None:
        """Look for the reason again at that time."""
        await self._restatements.update_one({"_id": id, **_UNEXPLAINED}, {"$set": {"attempt_at": until}})

    def explaining(self, id: str, explanation: Explanation) -> Write:
        """The write that fills in the reason. Raises: ConcurrentChange if another writer has."""
        found = {"explanation": msgspec.to_builtins(explanation), "reason": explanation.reason.value}

        async def write(session: Session) -> None:
            query = {"_id": id, **_UNEXPLAINED}
            written = await self._restatements.update_one(query, {"$set": found}, session=session)
            if written.matched_count != 1:
                raise ConcurrentChange(f"The reason of restatement {id} is known already.")

        return write


def _document(restatement: Restatement) -> Document:
    fields: Document = msgspec.to_builtins(restatement)
    # A time of the store's own type, for order; the fields beside it are as JSON has them.
    told = {"reason": restatement.explanation.reason.value, "attempt_at": restatement.as_of}
    return {"_id": fields.pop("id"), **fields, **told}


def _read(document: Document) -> Restatement:
    return msgspec.convert({**document, "id": document["_id"]}, Restatement)
