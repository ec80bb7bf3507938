"""Where this service keeps its aggregates and, apart from them, what it keeps of reporters; owns the collections."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from services.tips.abuse.gate import SpentTickets
from services.tips.abuse.repeats import Reports
from services.tips.cases import Cases
from services.tips.custody.vault import Vault
from services.tips.dialogue.correspondent import Correspondent
from services.tips.domain import AdvisoryDocument, Tip
from services.tips.stand_in import CAPITAL, STAND_IN, stand_in
from shared.repository import Aggregates
from shared.store.client import DuplicateKey, Session, Store
from shared.store.idempotency import IdempotencyKeys
from shared.work import Write

RECEIPT_KEYS: Final = "receipt_keys"
# Whoever guesses leaves one behind with each message, known receipt or not. A device that is in earnest sends again
# within minutes; the seven days of other keys would let a guesser fill the store.
RECEIPT_KEYS_KEPT: Final = timedelta(hours=1)


class Tips(Cases):
    """Tips, and in a collection of its own what is kept of their receipts: a digest, and the key to write to them."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._receipts = store.collection("receipts")
        self._stand_ins = store.collection("stand_ins")

    async def open(self) -> None:
        await super().open()
        await self._receipts.create_index("tip")
        with suppress(DuplicateKey):  # another process that starts was faster
            await self._stand_ins.replace_one({"_id": STAND_IN}, self._document(stand_in()), upsert=True)

    def keeping_receipt(self, tip: Tip, digest: str, reading_key: bytes) -> Write:
        """The write that keeps what finds the tip again, and the public key for what is written to its reporter."""

        async def write(session: Session) -> None:
            receipt = {"_id": digest, "tip": tip.id, "key": reading_key}
            await self._receipts.insert_one(receipt, session=session)

        return write

    async def find_by_receipt(self, digest: str) -> Tip | None:
        """The tip of a receipt, whatever its unit: the receipt itself is the right to ask."""
        receipt = await self._receipts.find_one({"_id": digest})
        # An unknown receipt costs the same as a known one: two look-ups, and a tip to read.
        place, id = (self._documents, receipt["tip"]) if receipt else (self._stand_ins, STAND_IN)
        document = await place.find_one({"_id": id})
        tip = self._read(document) if document else None
        return tip if receipt else None

    async def find_correspondent(self, digest: str, reading_key: X25519PrivateKey) -> Correspondent:
        """Where a receipt leads; for one that nobody knows a stand-in, after the same two look-ups."""
        tip = await self.find_by_receipt(digest)
        key = reading_key.public_key()
        if tip is None:
            return Correspondent(digest, CAPITAL, 0, key, known=False)
        return Correspondent(tip.id, tip.unit, tip.time_step_s, key)

    async def correspondent_of(self, tip: Tip) -> Correspondent | None:
        """The reporter of a tip, if there is a receipt to read with."""
        receipt = await self._receipts.find_one({"tip": tip.id})
        if receipt is None:
            return None
        return Correspondent(tip.id, tip.unit, tip.time_step_s, X25519PublicKey.from_public_bytes(receipt["key"]))


@dataclass(frozen=True, slots=True)
class Repositories:
    """All aggregates of this service."""

    tips: Tips
    advisory_documents: Aggregates[AdvisoryDocument]
    vault: Vault
    reports: Reports
    spent: SpentTickets
    receipt_keys: IdempotencyKeys

    @classmethod
    def of(cls, store: Store) -> Self:
        return cls(
            tips=Tips(store),
            advisory_documents=Aggregates(store, "advisory_documents", AdvisoryDocument),
            vault=Vault(store),
            reports=Reports(store),
            spent=SpentTickets(store),
            receipt_keys=IdempotencyKeys(store, RECEIPT_KEYS, kept=RECEIPT_KEYS_KEPT),
        )

    async def open(self) -> None:
        """Make the indexes; safe to repeat."""
        await self.tips.open()
        await self.advisory_documents.open()
        await self.vault.open()
        await self.reports.open()
        await self.spent.open()
        await self.receipt_keys.open()
