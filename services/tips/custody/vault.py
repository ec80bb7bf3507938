"""Where sealed pieces and erasure keys are kept; opens nothing, and holds no private key."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.tips.custody.envelope import Envelope, Holder, Kind, Piece, SealedKey, new_erasure_key
from shared.errors import ConcurrentChange, DomainError
from shared.ids import anonymous_id
from shared.store.client import Collection, Document, DuplicateKey, Session, Store
from shared.work import Write

ERASURE_DATABASE: Final = "{}_erasure"
COLLECTIONS: Final[Mapping[Kind, str]] = {
    Kind.CONTENT: "contents",
    Kind.IDENTITY: "identities",
    Kind.MESSAGE: "messages",
    Kind.ATTACHMENT: "attachments",
    Kind.NOTE: "notes",
    Kind.REASON: "identity_reasons",
}
NOTHING: Final = b""
UNREAD: Final = "unread"  # holds the unit that is to read it
"""Stands beside a reporter's piece until an officer has read it at the desk."""
FROM_REPORTERS: Final = (Kind.MESSAGE, Kind.ATTACHMENT)
MOST_UNREAD: Final = 20_000  # pieces of a kind in a unit: a flood must not make looking for them slow


class Scope(StrEnum):
    """What is erased together."""

    CONTENT = "content"
    IDENTITY = "identity"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of pieces that one erasure key makes readable."""
        identity = (Kind.IDENTITY,)
        return identity if self is Scope.IDENTITY else tuple(kind for kind in Kind if kind not in identity)

    @classmethod
    def of(cls, kind: Kind) -> "Scope":
        return cls.IDENTITY if kind is Kind.IDENTITY else cls.CONTENT


class Shredded(DomainError):
    """What is asked for was destroyed on purpose and can be read by nobody any more."""

    status = 410
    code = "shredded"
    title = "Destroyed for good"


@dataclass(frozen=True, slots=True)
class SealedReport:
    """The seals of a new tip, and the erasure keys without which they are nothing."""

    tip: str
    erasure_keys: Mapping[Scope, bytes]
    envelopes: Sequence[Envelope]


class Vault:
    """Sealed pieces of all tips.

    Erasure keys lie in a database of their own, which is left out of backups: what is destroyed there is destroyed in
    every copy of the rest.
    """

    def __init__(self, store: Store) -> None:
        self._pieces = {kind: store.collection(name) for kind, name in COLLECTIONS.items()}
        self._decoys = store.collection("decoys")
        self.erasure = store.database(ERASURE_DATABASE.format(store.name))
        self._erasure_keys = self.erasure.collection("erasure_keys")

    async def open(self) -> None:
        """Make the indexes; safe to repeat."""
        for pieces in self._pieces.values():
            await pieces.create_index([("tip", 1), ("number", 1)])
        for kind in FROM_REPORTERS:
            await self._pieces[kind].create_index(UNREAD, sparse=True)
        # Makes the collection too: a transaction should not have to. What a crash should leave there is forgotten.
        await self._decoys.create_index("sent_at", expireAfterSeconds=60)

    # -- reading

    async def erasure_key(self, tip: str, scope: Scope) -> bytes | None:
        """What makes the tip's seals readable; None once it is destroyed, or when there never was one."""
        document = await self._erasure_keys.find_one({"_id": _erasure_id(tip, scope)})
        return bytes(document["key"]) if document else None

    async def erasure_keys(self, tips: Sequence[str], scope: Scope) -> dict[str, bytes]:
        """What makes the seals of each of the tips readable; those that have none are left out."""
        named = {_erasure_id(tip, scope): tip for tip in tips}
        found = self._erasure_keys.find({"_id": {"$in": list(named)}})
        return {named[document["_id"]]: bytes(document["key"]) async for document in found}

    async def find(self, piece: Piece) -> Envelope | None:
        document = await self._pieces[piece.kind].find_one({"_id": piece.name})
        return Envelope.of(document, piece.kind) if document else None

    async def of_tip(self, tip: str, kind: Kind, *, after: int = -1, limit: int | None = None) -> list[Document]:
        """The documents of a tip's pieces of one kind in order, with whatever was noted beside the seal."""
        found = self._pieces[kind].find({"tip": tip, "number": {"$gt": after}}).sort([("number", 1)])
        return list(await found.to_list(limit))

    async def listed(self, tip: str, kind: Kind) -> list[Document]:
        """What was noted beside each of a tip's seals of one kind that is not destroyed, without the seals."""
        found = self._pieces[kind].find({"tip": tip, "body": {"$ne": NOTHING}}, {"body": 0, "keys": 0})
        return list(await found.sort([("number", 1)]).to_list(None))

    async def all_of_tips(self, tips: Sequence[str], kind: Kind) -> list[Envelope]:
        """The tips' pieces of one kind that are not destroyed."""
        found = self._pieces[kind].find({"tip": {"$in": list(tips)}, "body": {"$ne": NOTHING}})
        return [Envelope.of(document, kind) async for document in found.sort([("tip", 1), ("number", 1)])]

    async def count(self, tip: str, kind: Kind) -> int:
        """How many pieces of one kind the tip has, destroyed ones included."""
        return int(await self._pieces[kind].count_documents({"tip": tip}))

    async def unread(self, tips: Sequence[str]) -> set[str]:
        """Of these tips those whose reporters wrote or sent what nobody has read."""
        return await self._unread({"tip": {"$in": list(tips)}, UNREAD: {"$exists": True}})

    async def unread_within(self, unit: str) -> set[str]:
        """The tips of a unit with such pieces: those that have waited longest, when a flood has left too many."""
        return await self._unread({UNREAD: unit})

    async def _unread(self, query: Document) -> set[str]:
        found: set[str] = set()
        for kind in FROM_REPORTERS:
            waiting = self._pieces[kind].find(query, {"tip": 1}).sort([("sent_at", 1)])
            found |= {document["tip"] for document in await waiting.to_list(MOST_UNREAD)}
        return found

    async def all_of(self, kind: Kind, *, tip: str | None = None) -> AsyncIterator[Envelope]:
        """Every piece of one kind that is not destroyed; with `tip` of that one."""
        there: Document = {"body": {"$ne": NOTHING}, **({} if tip is None else {"tip": tip})}
        async for document in self._pieces[kind].find(there):
            yield Envelope.of(document, kind)

    # -- writing

    async def key_or_new(self, tip: str, scope: Scope) -> tuple[bytes, tuple[Write, ...]]:
        """The erasure key of a tip that is not shredded; a new one and what keeps it where nothing was sealed yet."""
        known = await self.erasure_key(tip, scope)
        key = known or new_erasure_key()
        # A tip from the books without a text had nothing to seal, and so no key.
        return key, () if known else (self.keeping(SealedReport(tip, {scope: key}, [])),)

    def keeping(self, *reports: SealedReport) -> Write:
        """The write that keeps the seals of new tips."""
        keys = [
            {"_id": _erasure_id(report.tip, scope), "key": key}
            for report in reports
            for scope, key in report.erasure_keys.items()
        ]
        pieces: dict[Kind, list[Document]] = {}
        for envelope in (envelope for report in reports for envelope in report.envelopes):
            pieces.setdefault(envelope.piece.kind, []).append(envelope.document())

        async def write(session: Session) -> None:
            if keys:
                await self._erasure_keys.insert_many(keys, session=session)
            for kind, documents in pieces.items():
                await self._pieces[kind].insert_many(documents, session=session)

        return write

    async def accompany(self, tip: str, unit: str) -> None:
        """Let what nobody has read yet wait in the unit that the tip lies in by now."""
        for kind in FROM_REPORTERS:
            waiting = {"tip": tip, UNREAD: {"$exists": True, "$ne": unit}}
            await self._pieces[kind].update_many(waiting, {"$set": {UNREAD: unit}})

    def adding(self, envelope: Envelope, noted: Mapping[str, object]) -> Write:
        """The write that adds a piece to a tip.

        Raises, when it runs: ConcurrentChange if another piece took the number.
        """
        return _inserting(self._pieces[envelope.piece.kind], {**envelope.document(), **noted})

    def adding_if_known(self, envelope: Envelope, noted: Mapping[str, object], *, known: bool) -> Write:
        """The same write for whoever shows a receipt; what leads nowhere is a decoy.

        A decoy is written like a piece and taken out again in the same transaction, so that nobody can fill the store
        with them. A piece is looked for among the decoys too, for the sake of the same work.
        """
        id = anonymous_id()
        decoy = _inserting(self._decoys, {**envelope.document(), **noted, "_id": id})
        adding = self.adding(envelope, noted) if known else decoy

        async def write(session: Session) -> None:
            await adding(session)
            await self._decoys.delete_one({"_id": id}, session=session)

        return write

    def reading(self, tip: str, kind: Kind, numbers: Sequence[int]) -> Write:
        """The write that notes that these pieces of a tip were read."""

        async def write(session: Session) -> None:
            seen = {"tip": tip, "number": {"$in": list(numbers)}, UNREAD: {"$exists": True}}
            await self._pieces[kind].update_many(seen, {"$unset": {UNREAD: ""}}, session=session)

        return write

    def shredding(self, tip: str, scopes: Iterable[Scope] = tuple(Scope)) -> Write:
        """The write that destroys what was sealed of a tip: its erasure keys, and the pieces themselves."""
        scopes = tuple(scopes)

        async def write(session: Session) -> None:
            for scope in scopes:
                await self._erasure_keys.delete_one({"_id": _erasure_id(tip, scope)}, session=session)
                for kind in scope.kinds:
                    emptied = {"$set": {"body": NOTHING, "keys": []}, "$unset": {UNREAD: ""}}
                    await self._pieces[kind].update_many({"tip": tip}, emptied, session=session)

        return write

    async def reseal(self, before: Envelope, after: Envelope, holder: Holder) -> bool:
        """Put one sealed data key in place of another; whether the piece was still as it was before."""
        old, new = before.sealed_to(holder), after.sealed_to(holder)
        if old is None or new is None:
            return False
        outcome = await self._pieces[before.piece.kind].update_one(
            {"_id": before.piece.name, "keys.wrapped": old.wrapped},
            {"$set": {f"keys.{before.keys.index(old)}": _document(new)}},
        )
        return bool(outcome.modified_count)


def _inserting(place: Collection, document: Document) -> Write:
    async def write(session: Session) -> None:
        try:
            await place.insert_one(document, session=session)
        except DuplicateKey:
            raise ConcurrentChange("Somebody else added to the tip in between; try again.") from None

    return write


def _document(key: SealedKey) -> Document:
    return {"holder": key.holder.value, "key_id": key.key_id, "wrapped": key.wrapped}


def _erasure_id(tip: str, scope: Scope) -> str:
    return f"{tip}/{scope}"
