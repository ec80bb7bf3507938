"""Records what reaches a topic, for tests; judges nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from shared.contracts.topics import Topic
from shared.messaging.codec import Envelope, Record, Undecodable, decode
from shared.messaging.consumer import Reader
from shared.settings import Settings

PATIENCE_S: Final = 60.0


async def eventually(condition: Callable[[], object], *, within_s: float = PATIENCE_S) -> None:
    """Return as soon as the condition holds. Raises: AssertionError when it does not in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        await asyncio.sleep(0.005)


class EventRecorder:
    """Everything that a topic holds of one lineage, in the order of each partition, followed as it comes."""

    def __init__(self, lineage: str) -> None:
        self.records: list[Record] = []
        self.restarts = 0
        self._lineage = lineage

    @property
    def events(self) -> list[Envelope]:
        """The events whose lineage is the recorder's; what cannot be read has none."""
        found: list[Envelope] = []
        for record in self.records:
            with suppress(Undecodable):
                found.append(decode(record.value))
        return [event for event in found if event.lineage == self._lineage]

    def positions(self, unit: str) -> list[int]:
        """The positions of a unit in the order of the log, repeated ones included."""
        return [event.position for event in self.events if event.partitionkey == unit]

    def applied(self, unit: str) -> list[int]:
        """The positions of a unit as a consumer applies them: the next one is taken, any other is dropped."""
        taken: list[int] = []
        for position in self.positions(unit):
            if position == len(taken) + 1:
                taken.append(position)
        return taken

    def _apply(self, records: Sequence[Record]) -> None:
        self.records.extend(records)

    def _restarted(self) -> None:
        self.restarts += 1
        self.records.clear()

    @classmethod
    @asynccontextmanager
    async def following(cls, settings: Settings, topic: Topic, *, lineage: str) -> "AsyncIterator[EventRecorder]":
        """A recorder that reads `topic` from its beginning for as long as the block lasts."""
        recorder, stop = cls(lineage), asyncio.Event()
        reader = Reader(settings, [topic], apply=recorder._apply, restarted=recorder._restarted)
        reading = asyncio.create_task(reader.run(stop))
        try:
            yield recorder
        finally:
            stop.set()
            await reading
