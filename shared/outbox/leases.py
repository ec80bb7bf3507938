"""Who may relay a topic right now, by the clock of the store; owns no work."""

import time
from typing import Final

from shared.ids import new_id
from shared.store.client import Document, DuplicateKey, ReturnDocument, Store

LEASES: Final = "outbox_leases"
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
        self._held_until = 0.0

    @property
    def held(self) -> bool:
        """Whether the claim can still be trusted here, without asking."""
        return time.monotonic() < self._held_until

    async def acquire(self) -> bool:
        """Take the lease or prolong it; whether it is held now."""
        asked_at = time.monotonic()
        try:
            lease = await self._leases.find_one_and_update(
                {"_id": self._name}, self._claim(), upsert=True, return_document=ReturnDocument.AFTER
            )
        except DuplicateKey:
            return False  # another one made the lease in this moment
        if lease is None or lease["holder"] != self._holder:
            self._held_until = 0.0
            return False
        self._held_until = asked_at + self._length_s
        return True

    async def release(self) -> None:
        """Let the next holder follow at once."""
        self._held_until = 0.0
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
