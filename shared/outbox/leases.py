"""Who may relay a topic right now, by the clock of the store; owns no work."""

from typing import Final

from shared.ids import new_id
from shared.outbox.names import LEASES
from shared.store.client import Document, DuplicateKey, ReturnDocument, Store

LEASE_S: Final = 3.0  # a killed relay is followed within this time
RENEW_S: Final = 1.0


class Lease:
    """A claim on one name that ends by itself.

    The store's clock alone decides, so the clocks of the holders need not agree. Two holders at once (one paused
    past its time) are possible and harmless: consumers drop positions that they have applied.
    """

    def __init__(self, store: Store, name: str, *, length_s: float = LEASE_S) -> None:
        self._leases = store.collection(LEASES)
        self._name = name
        self._holder = new_id()
        self._length_s = length_s

    async def acquire(self) -> bool:
        """Take the lease or prolong it; whether it is held now."""
        try:
            lease = await self._leases.find_one_and_update(
                {"_id": self._name}, self._claim(), upsert=True, return_document=ReturnDocument.AFTER
            )
        except DuplicateKey:
            return False  # another one made the lease in this moment
        return lease is not None and bool(lease["holder"] == self._holder)

    async def release(self) -> None:
        """Let the next holder follow at once."""
        await self._leases.delete_one({"_id": self._name, "holder": self._holder})

    def _claim(self) -> list[Document]:
        now = {"$toLong": "$$NOW"}  # as a number: not every server compares dates with $$NOW
        free = {"$or": [{"$eq": ["$holder", self._holder]}, {"$lte": [{"$ifNull": ["$until_ms", 0]}, now]}]}
        until = {"$add": [now, int(self._length_s * 1000)]}
        return [
            {"$set": {"free": free}},
            {
                "$set": {
                    "holder": {"$cond": ["$free", self._holder, "$holder"]},
                    "until_ms": {"$cond": ["$free", until, "$until_ms"]},
                }
            },
            {"$unset": "free"},
        ]
