"""Continuous work at a chosen rate: stories committed through the outbox of the services, and nothing else."""

import asyncio
import time
from datetime import UTC, datetime
from random import Random
from typing import Final

from shared.contracts.base import Event
from shared.outbox.entries import Outbox
from shared.places import Places
from shared.store.client import Session
from tests.chaos.oracle import Accepted
from tests.chaos.stories import Chance, Stories

CITY: Final = "01"
UNITS_OF_A_WRITER: Final = 3  # a transaction counts each unit of each topic that it touches
BATCH_EVENTS: Final = 100  # what costs is the counters, whatever they count
WRITERS: Final = 2


class Load:
    """Writers that commit batches of stories, each for units of its own."""

    def __init__(self, outbox: Outbox, accepted: Accepted, places: Places, rng: Random, *, events_per_s: float) -> None:
        units = [CITY, *(unit.code for unit in places.communes_of(CITY))]
        groups = [units[at : at + UNITS_OF_A_WRITER] for at in range(0, len(units), UNITS_OF_A_WRITER)]
        self.units = units
        self._outbox = outbox
        self._accepted = accepted
        self._events_per_s = events_per_s
        self._stories = [
            [
                Stories(Chance(Random(rng.random()), group), name=f"{number}")
                for number, group in enumerate(groups)
                if number % WRITERS == writer
            ]
            for writer in range(WRITERS)
        ]

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; a slow store makes it late, and it does not catch up in one go."""
        async with asyncio.TaskGroup() as writers:
            for stories in self._stories:
                writers.create_task(self._write(stories, stop))

    async def _write(self, stories: list[Stories], stop: asyncio.Event) -> None:
        pause_s = BATCH_EVENTS * WRITERS / self._events_per_s
        turn = 0
        while not stop.is_set():
            began = time.monotonic()
            await self._commit(stories[turn % len(stories)])
            turn += 1
            await asyncio.sleep(max(0.0, pause_s - (time.monotonic() - began)))

    async def _commit(self, stories: Stories) -> None:
        now = datetime.now(UTC)
        events: list[Event] = []
        while len(events) < BATCH_EVENTS:
            events += stories.next(now)
        positions = await self._outbox.commit(events, _nothing_else)
        for event, position in zip(events, positions, strict=True):
            self._accepted.add(event, position.position)


async def _nothing_else(_: Session) -> None:
    """The change that the events tell is made up."""
