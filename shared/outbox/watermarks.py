"""How far each sequence has reached the broker, and which broker; never ahead of an acknowledgement."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from shared.outbox.names import PUBLICATIONS, WATERMARKS
from shared.store.client import DuplicateKey, Store, UpdateOne

# At 50 events a second each would be a synced write of its own beside its commit; what a crash within this time leaves
# unmarked is published again, and dropped as a duplicate.
GATHER_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Publication:
    """One life of a topic: everything from position 1, on a broker that has kept it so far.

    A lost broker begins the next one. Watermarks are kept per publication, so a relay that wakes up late
    cannot raise those of a life it has not seen.
    """

    topic: str
    epoch: int
    cluster_id: str


class Publications:
    """The present publication of each topic."""

    def __init__(self, store: Store) -> None:
        self._publications = store.collection(PUBLICATIONS)
        self._watermarks = store.collection(WATERMARKS)

    async def current(self, topic: str) -> Publication | None:
        found = await self._publications.find_one({"_id": topic})
        return Publication(topic, found["epoch"], found["cluster_id"]) if found else None

    async def begin(self, topic: str, cluster_id: str, *, after: Publication | None) -> Publication:
        """The publication that follows `after`; the one begun by another relay if that was quicker."""
        epoch = after.epoch + 1 if after else 1
        if after is None:
            with suppress(DuplicateKey):
                await self._publications.insert_one({"_id": topic, "epoch": epoch, "cluster_id": cluster_id})
        else:
            moved = {"$set": {"epoch": epoch, "cluster_id": cluster_id}}
            await self._publications.update_one({"_id": topic, "epoch": after.epoch}, moved)
            await self._watermarks.delete_many({"topic": topic, "epoch": after.epoch})
        current = await self.current(topic)
        assert current is not None  # it was written above, by this relay or another
        return current


class Watermarks:
    """The last acknowledged position of each unit, written in groups: after a quiet time at once, else now and then."""

    def __init__(self, store: Store, publication: Publication) -> None:
        self._watermarks = store.collection(WATERMARKS)
        self._publication = publication
        self._moved: dict[str, int] = {}
        self._wake = asyncio.Event()

    async def load(self) -> dict[str, int]:
        """Last acknowledged position by unit."""
        of_publication = {"topic": self._publication.topic, "epoch": self._publication.epoch}
        found = self._watermarks.find(of_publication, {"unit": 1, "position": 1})
        return {watermark["unit"]: watermark["position"] async for watermark in found}

    async def after(self, acknowledged: Awaitable[object], unit: str, position: int) -> None:
        """Move the watermark of `unit` to `position` once the broker has acknowledged it."""
        await acknowledged
        self.move(unit, position)

    def move(self, unit: str, position: int) -> None:
        self._moved[unit] = position
        self._wake.set()

    async def run(self) -> None:
        """Write what moves, until cancelled."""
        while True:
            await self._wake.wait()
            await self.flush()
            await asyncio.sleep(GATHER_S)

    async def flush(self) -> None:
        """Write what has moved."""
        self._wake.clear()
        moved, self._moved = self._moved, {}
        if not moved:
            return
        of = self._publication
        updates = [
            UpdateOne(
                {"_id": f"{of.topic}/{of.epoch}/{unit}"},
                {
                    "$max": {"position": position},
                    "$setOnInsert": {"topic": of.topic, "epoch": of.epoch, "unit": unit, "cluster_id": of.cluster_id},
                },
                upsert=True,
            )
            for unit, position in moved.items()
        ]
        await self._watermarks.bulk_write(updates, ordered=False)
