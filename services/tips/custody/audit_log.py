"""Where the audit chain is kept: entries are added in the transaction of what they tell, and never changed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from services.tips.custody.audit import Action, Deed, Entry, Head
from shared.errors import ConcurrentChange
from shared.repository import persistently
from shared.store.client import Document, DuplicateKey, Session, Store
from shared.work import Work, Write

MILLISECOND_US: Final = 1_000

T = TypeVar("T")


class AuditLog:
    """The audit log of this service, one chain for all its processes."""

    def __init__(self, store: Store, *, unit: str) -> None:
        self._entries = store.collection("audit_entries")
        self._unit = unit
        self._turn = asyncio.Lock()  # those of one process would only outrun one another

    async def commit(self, work: Work, deed: Deed, outcome: Any, *writes: Write) -> None:
        """Commit the writes and an entry that tells of them, together; the published head with it."""
        await self.commit_made(work, deed, lambda: _ready(outcome, writes))

    async def commit_made(
        self, work: Work, deed: Deed, make: Callable[[], Awaitable[tuple[T, tuple[Write, ...]]]]
    ) -> T:
        """As `commit`, where outcome and writes are made anew while others are faster."""

        async def attempt() -> T:
            outcome, writes = await make()
            entry = Entry.after(await self.head(), deed, at=_as_kept(work.clock.now()))
            await work.commit(outcome, [entry.event(self._unit)], *writes, self._appending(entry))
            return outcome

        async with self._turn:
            return await persistently(attempt)

    async def head(self) -> Head:
        """Where the chain ends now."""
        found = await self._entries.find({}).sort([("_id", -1)]).to_list(1)
        return Head(found[0]["_id"], found[0]["hash"]) if found else Head()

    async def entries(self, *, after: int = 0, limit: int | None = None) -> AsyncIterator[Entry]:
        """The entries in order."""
        found = self._entries.find({"_id": {"$gt": after}}).sort([("_id", 1)])
        async for document in found.limit(limit) if limit else found:
            yield _read(document)

    def _appending(self, entry: Entry) -> Write:
        async def write(session: Session) -> None:
            try:
                await self._entries.insert_one(_document(entry), session=session)
            except DuplicateKey:
                raise ConcurrentChange("Somebody else wrote to the audit log in between; try again.") from None

        return write


async def _ready(outcome: T, writes: tuple[Write, ...]) -> tuple[T, tuple[Write, ...]]:
    return outcome, writes


def _document(entry: Entry) -> Document:
    told = asdict(entry.deed) | {"action": entry.deed.action.value}
    return {"_id": entry.seq, "at": entry.at, **told, "previous": entry.previous, "hash": entry.hash}


def _read(document: Document) -> Entry:
    told = {name: document[name] for name in ("actor", "role", "tip", "about")}
    deed = Deed(Action(document["action"]), **told)
    return Entry(document["_id"], document["at"], deed, document["previous"], document["hash"])


def _as_kept(at: datetime) -> datetime:
    # The store keeps milliseconds; what was hashed must come back as it was.
    return at.astimezone(UTC).replace(microsecond=at.microsecond // MILLISECOND_US * MILLISECOND_US)
