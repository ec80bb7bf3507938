"""Brings the history into the services, through the interface for records in bulk; owns order and resumption.

What is loaded is noted chunk by chunk, so that an interrupted start goes on where it was and a later one is quick.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import structlog

from deploy.demo.client import Services
from deploy.demo.history import LATELY, Chunk, History, Recent, Record
from deploy.demo.state import Progress, State

BATCH: Final = 1_000
AT_ONCE: Final = 3  # requests; more of them only wait for the same store
ASLEEP_S: Final = 600  # a shorter pause between two lives is not worth filling
PATH: Final = "/v1/imports"
_MISSED: Final = "while it was off"
_OVER: Final = {"patrol": "completed_at", "incident": "resolved_at"}
_CREATED: Final = "created"
_GOOD: Final = frozenset({_CREATED, "already_known", "conflict"})
"""A conflict is a recent record that was loaded while it was under way and has gone on since."""

log = structlog.get_logger(__name__)


class Loader:
    """Loads what is not loaded yet."""

    def __init__(self, history: History, services: Services, state: State) -> None:
        self._history = history
        self._services = services
        self._state = state
        self._outcomes: Counter[str] = Counter()
        self._under_way = state.under_way()
        self.alive = asyncio.Event()
        """Set when the last two days are there: from then on a simulator can go on from them."""

    async def load(self, now: int, progress_file: Path | None = None) -> Counter[str]:
        """How many records came out how; afterwards the history is there as it is known at the moment `now`."""
        reaches, lived_until = self._state.begin(now)
        chunks = self._history.chunks(reaches)
        missed = self._missed(lived_until, now)
        loaded = await self._still_there(chunks)
        progress = Progress(sum(chunk.expected for chunk in (*missed, *chunks)), progress_file)
        waiting = [*missed, *(chunk for chunk in chunks if chunk.name not in loaded)]
        progress.add(sum(chunk.expected for chunk in chunks if chunk.name in loaded), "already loaded")
        if waiting:
            log.info("loading the history", chunks=len(waiting), records=sum(chunk.expected for chunk in waiting))
        first = [chunk for chunk in waiting if chunk.label in (LATELY, _MISSED)]
        await self._load_all(first, progress)
        self._state.live(now)
        self.alive.set()
        await self._load_all([chunk for chunk in waiting if chunk not in first], progress)
        progress.finish()
        if waiting:
            log.info("the history is loaded", outcomes=dict(self._outcomes))
        return self._outcomes

    def under_way(self) -> dict[str, str]:
        """What had begun and was not over when it was loaded."""
        return dict(self._under_way)

    def _missed(self, lived_until: int, now: int) -> list[Chunk]:
        """What happened while nothing ran."""
        if now - lived_until < ASLEEP_S:
            return []
        since = max(lived_until, Recent.before(now).since)
        return self._history.recent(_MISSED, Recent(since, now, now))

    async def _still_there(self, chunks: Sequence[Chunk]) -> set[str]:
        """The chunks that are loaded, without those of a service whose database has been made anew since."""
        loaded = self._state.loaded()
        for service in sorted({chunk.service for chunk in chunks}):
            known = [chunk for chunk in chunks if chunk.service == service and chunk.name in loaded]
            first = next((record for chunk in known for record in chunk.records()), None)
            if first is None:
                continue
            if (await self._send(service, [first]))[_CREATED]:
                log.info("the records of a service are gone and loaded anew", of=service)
                loaded -= {chunk.name for chunk in known}
                self._state.keep_loaded(loaded)
        return loaded

    async def _load_all(self, chunks: Iterable[Chunk], progress: Progress) -> None:
        """The chunks in their order, some at once."""
        order = iter(chunks)

        async def work() -> None:
            for chunk in order:
                await self._load(chunk, progress)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())

    async def _load(self, chunk: Chunk, progress: Progress) -> None:
        good = True
        sent = 0
        for batch in _batches(chunk.records()):
            outcomes = await self._send(chunk.service, batch)
            good = good and outcomes.keys() <= _GOOD
            counted = min(len(batch), max(0, chunk.expected - sent))
            sent += len(batch)
            progress.add(counted, chunk.label)
        progress.add(max(0, chunk.expected - sent), chunk.label)
        if good:
            self._state.add_loaded(chunk.name)

    async def _send(self, service: str, batch: Sequence[Record]) -> Counter[str]:
        report = await self._services.post(service, PATH, {"records": batch})
        counted = Counter[str](report["counts"])
        self._outcomes += counted
        begun = {}
        for record, outcome in zip(batch, report["outcomes"], strict=True):
            if outcome["outcome"] not in _GOOD:
                log.error("a record was refused", key=record["key"], of=service, errors=outcome.get("errors"))
            elif outcome["outcome"] == _CREATED and _OVER.get(record["type"], "key") not in record:
                begun[outcome["id"]] = record["type"]
        if begun:
            self._under_way |= begun
            self._state.keep_under_way(self._under_way)
        return counted


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    while batch := list(islice(records, BATCH)):
        yield batch
