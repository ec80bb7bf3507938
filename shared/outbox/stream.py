"""Hears from the store what other processes commit; only wakes, since the relay looks by itself as well."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from shared.outbox.entries import Hints, counter_id
from shared.outbox.names import COUNTERS
from shared.store.client import Document, Store, StoreError

RETRY_S: Final = 1.0


class CommitStream:
    """A change stream over the counters of one topic, opened again whenever it ends."""

    def __init__(self, store: Store, topic: str, hints: Hints) -> None:
        self.works = False
        self._store = store
        self._topic = topic
        self._hints = hints

    async def run(self) -> None:
        """Turn changes into hints, until cancelled."""
        while True:
            with suppress(StoreError):
                async for unit, position in self._changes():
                    self._hints.add(unit, position)
            self.works = False
            await asyncio.sleep(RETRY_S)

    async def _changes(self) -> AsyncIterator[tuple[str, int]]:
        prefix = counter_id(self._topic, "")
        pipeline: list[Document] = [{"$match": {"operationType": {"$in": ["insert", "update", "replace"]}}}]
        async with self._store.collection(COUNTERS).watch(pipeline) as changes:
            self.works = True
            async for change in changes:
                key = change["documentKey"]["_id"]
                fields = change.get("fullDocument") or change["updateDescription"]["updatedFields"]
                if key.startswith(prefix) and "position" in fields:
                    yield key.removeprefix(prefix), fields["position"]
