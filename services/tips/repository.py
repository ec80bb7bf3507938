"""Where this service keeps its aggregates and, apart from them, what it keeps of reporters; owns the collections."""

from dataclasses import dataclass
from typing import Self

from services.tips.domain import AdvisoryDocument, Tip
from services.tips.sealing import Sealed
from shared.repository import Aggregates
from shared.store.client import Session, Store
from shared.work import Write


class Tips(Aggregates[Tip]):
    """Tips, and the vault: who gave them, under seal, and the digests of their receipts.

    The vault lies in collections of its own, which no reading of a tip touches.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store, "tips", Tip)
        self._reporters = store.collection("reporters")
        self._receipts = store.collection("receipts")

    def keeping_reporter(self, tip: Tip, sealed: Sealed) -> Write:
        async def write(session: Session) -> None:
            await self._reporters.insert_one({"_id": tip.id, "sealed": sealed}, session=session)

        return write

    def keeping_receipt(self, tip: Tip, digest: str) -> Write:
        async def write(session: Session) -> None:
            await self._receipts.insert_one({"_id": digest, "tip": tip.id}, session=session)

        return write

    async def find_by_receipt(self, digest: str) -> Tip | None:
        """The tip of a receipt, whatever its unit: the receipt itself is the right to ask."""
        receipt = await self._receipts.find_one({"_id": digest})
        # An unknown receipt costs the same two look-ups as a known one.
        document = await self._documents.find_one({"_id": receipt["tip"] if receipt else digest})
        return self._read(document) if document else None


@dataclass(frozen=True, slots=True)
class Repositories:
    """All aggregates of this service."""

    tips: Tips
    advisory_documents: Aggregates[AdvisoryDocument]

    @classmethod
    def of(cls, store: Store) -> Self:
        return cls(tips=Tips(store), advisory_documents=Aggregates(store, "advisory_documents", AdvisoryDocument))

    async def open(self) -> None:
        """Make the indexes; safe to repeat."""
        await self.tips.open()
        await self.advisory_documents.open()
