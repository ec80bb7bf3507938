"""The connection to MongoDB and its transactions; the only module that names the driver."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, TypeVar

from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import InsertOne, ReplaceOne, ReturnDocument, UpdateOne
from pymongo.errors import AutoReconnect as StoreUnavailable
from pymongo.errors import BulkWriteError
from pymongo.errors import DuplicateKeyError as DuplicateKey
from pymongo.errors import PyMongoError as StoreError
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorClientSession, AsyncIOMotorCollection, AsyncIOMotorDatabase

__all__ = [
    "BulkWriteError",
    "Collection",
    "Document",
    "DuplicateKey",
    "InsertOne",
    "ReplaceOne",
    "ReturnDocument",
    "Session",
    "Store",
    "StoreError",
    "StoreUnavailable",
    "UpdateOne",
]

T = TypeVar("T")

Document = dict[str, Any]
if TYPE_CHECKING:
    Session = AsyncIOMotorClientSession
    Collection = AsyncIOMotorCollection[Document]
else:
    Session = Any
    Collection = Any

SERVER_SELECTION_MS: Final = 5_000  # a request should be told that the store is away, not hang
INTERNAL_ERROR: Final = 1
TRANSACTION_S: Final = 20.0  # for all attempts; callers and load balancers give up after 30 s
MAJORITY: Final = WriteConcern("majority", j=True)


class Store:
    """One database. Reads and writes are majority and journaled: what was acknowledged survives."""

    def __init__(self, client: "AsyncIOMotorClient[Document]", name: str) -> None:
        self.name = name
        self._client = client
        self._database: AsyncIOMotorDatabase[Document] = client.get_database(
            name,
            codec_options=CodecOptions(tz_aware=True, tzinfo=UTC),
            write_concern=MAJORITY,
            read_concern=ReadConcern("majority"),
        )

    @classmethod
    def open(cls, uri: str, database: str) -> "Store":
        """A store that connects on first use and reconnects by itself."""
        return cls(AsyncIOMotorClient(uri, serverSelectionTimeoutMS=SERVER_SELECTION_MS, appname=database), database)

    def database(self, name: str) -> "Store":
        """Another database over the same connections."""
        return Store(self._client, name)

    def collection(self, name: str) -> Collection:
        return self._database.get_collection(name)

    async def collection_names(self) -> list[str]:
        """The collections that exist."""
        return list(await self._database.list_collection_names())

    async def transaction(self, callback: Callable[[Session], Awaitable[T]]) -> T:
        """What `callback` returns, once everything it wrote with the session is committed to a majority's journals.

        `callback` runs again after a write conflict or a lost primary, so it must change nothing but the store.
        A client that dies within a transaction leaves its documents locked until the server gives it up, after
        60 s; whoever meets them is told to come again.
        Raises: what `callback` raises, after rolling back; StoreUnavailable when conflicts do not end in time.
        """
        deadline = time.monotonic() + TRANSACTION_S
        async with await self._client.start_session() as session:
            attempt = 0
            while True:
                try:
                    async with session.start_transaction(
                        read_concern=ReadConcern("snapshot"),
                        write_concern=MAJORITY,
                        read_preference=ReadPreference.PRIMARY,
                    ):
                        result = await callback(session)
                        await _commit(session, deadline)
                    return result
                except StoreError as error:
                    if not _rolled_back(error):
                        raise
                    if time.monotonic() > deadline:
                        raise StoreUnavailable("The transaction met others to the end of its time.") from error
                # Writers of one document would collide again in step; the cap keeps a hot document moving.
                await asyncio.sleep(random.uniform(0, min(0.005 * 1.5**attempt, 0.25)))
                attempt += 1

    async def ping(self) -> None:
        """Raises: StoreError when the store does not answer."""
        await self._client.admin.command("ping")

    async def drop(self) -> None:
        """Remove the database and everything in it."""
        await self._client.drop_database(self.name)

    def close(self) -> None:
        self._client.close()


def _rolled_back(error: StoreError) -> bool:
    """Whether the transaction is undone and may be tried again.

    The embedded store answers a commit that it had to roll back, in favour of another or for lack of cache, as an
    internal error without MongoDB's label.
    """
    return error.has_error_label("TransientTransactionError") or getattr(error, "code", None) == INTERNAL_ERROR


async def _commit(session: Session, deadline: float) -> None:
    """Commit, and commit again while the answer is lost: the server commits a transaction once."""
    while True:
        try:
            return await session.commit_transaction()
        except StoreError as error:
            if not error.has_error_label("UnknownTransactionCommitResult") or time.monotonic() > deadline:
                raise
