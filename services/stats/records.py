"""What the API keeps in the statistics' own database, and its outbox; figures are served without it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from services.stats.settings import StatsSettings
from shared.clock import Clock
from shared.contracts.topics import ALERTS, FIGURES
from shared.errors import Unavailable
from shared.pausing import pause
from shared.security import EVERYWHERE, Principal, Role
from shared.service import ServiceRuntime
from shared.store.client import StoreError
from shared.web import IdempotencyKey
from shared.work import Work

RETRY_S: Final = 2.0
TOPICS: Final = (FIGURES, ALERTS)
WRITER: Final = Principal("stats", Role.ADMINISTRATOR, frozenset({EVERYWHERE}))
"""The process itself, for what nobody asked for."""

_log = structlog.get_logger(__name__)

Opening = Callable[[], Awaitable[None]]


class Records:
    """The database, opened as soon as it answers; what it holds is refused until then."""

    def __init__(self, settings: StatsSettings, clock: Clock, *, database: str) -> None:
        self.runtime = ServiceRuntime.of(settings, database=database, topics=TOPICS, clock=clock)
        self.is_open = asyncio.Event()

    async def run(self, openings: Sequence[Opening], stop: asyncio.Event) -> None:
        """Open the database, whenever it is there, and publish what is committed until `stop`."""
        while not self.is_open.is_set() and not stop.is_set():
            try:
                await self._open(openings)
            except StoreError as error:
                _log.warning("the store does not answer; figures are served without it", error=type(error).__name__)
                await pause(RETRY_S, stop)
        async with self.runtime.relayed():
            await stop.wait()

    def close(self) -> None:
        self.runtime.store.close()

    async def _open(self, openings: Sequence[Opening]) -> None:
        await self.runtime.store.ping()
        await self.runtime.open()
        for each in openings:
            await each()
        self.is_open.set()

    def work(self, caller: Principal, key: IdempotencyKey | None = None) -> Work:
        """The work of one request, or of one step that the process takes by itself. Raises: Unavailable."""
        self.require_open()
        return self.runtime.work(caller, key)

    def require_open(self) -> None:
        """Raises: Unavailable as long as the store has not answered."""
        if not self.is_open.is_set():
            raise Unavailable("The store does not answer at the moment; figures are served without it.")
