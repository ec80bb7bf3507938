"""Where identity requests are kept; owns the collection and what finds those of a tip."""

from services.tips.custody.identity_request import IdentityRequest
from shared.repository import Aggregates
from shared.store.client import Store


class IdentityRequests(Aggregates[IdentityRequest]):
    """The requests to open who gave a tip."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, "identity_requests", IdentityRequest)

    async def open(self) -> None:
        await super().open()
        await self._documents.create_index("tip")

    async def of_tip(self, tip: str) -> list[IdentityRequest]:
        """All requests for one tip, whatever became of them."""
        return [self._read(document) async for document in self._documents.find({"tip": tip})]
