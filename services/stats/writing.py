"""The one writer among all API processes: holds the lease while its jobs run; does no job itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from services.stats.records import Records
from shared.outbox.leases import RENEW_S, Lease
from shared.pausing import pause
from shared.store.client import StoreError
from shared.telemetry import metrics

LEASE: Final = "publications-and-alerts"
LEASE_S: Final = 5.0  # longer than figures of a busy start keep the process from anything else
FOLLOW_S: Final = 1.0  # between looks whether the lease has become free
RETRY_S: Final = 1.0

_log = structlog.get_logger(__name__)

Job = Callable[[], Awaitable[None]]


class LeaseLost(Exception):
    """Another process holds the lease, or nobody knows who does."""


class LeasedWriter:
    """Runs the jobs for as long as this process holds the lease.

    Two writers at once (one paused past its lease) are possible and harmless: each step of a job commits against the
    version that it has read.
    """

    def __init__(self, records: Records, jobs: Sequence[tuple[str, Job]], *, lease_s: float = LEASE_S) -> None:
        self.leading = False
        self._records = records
        self._jobs = jobs
        self._lease = Lease(records.runtime.store, LEASE, length_s=lease_s)

    async def run(self, stop: asyncio.Event) -> None:
        """Lead whenever the lease is free, until cancelled."""
        await self._records.is_open.wait()
        try:
            while not stop.is_set():
                try:
                    if await self._lease.acquire():
                        await self._lead()
                except* (StoreError, LeaseLost) as group:
                    _log.warning("writing stopped and is tried again", reasons=[repr(e) for e in group.exceptions])
                await pause(FOLLOW_S, stop)
        finally:
            await self._let_go()

    async def _lead(self) -> None:
        _log.info("writing publications and alerts")
        self.leading = True
        metrics.STATS_WRITER.set(1)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hold())
                for name, job in self._jobs:
                    tasks.create_task(_keep_going(name, job))
        finally:
            self.leading = False
            metrics.STATS_WRITER.set(0)

    async def _hold(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            if not await self._lease.acquire():
                raise LeaseLost

    async def _let_go(self) -> None:
        """Let the next writer follow at once."""
        try:
            await self._lease.release()
        except StoreError:
            _log.info("the lease is left to end by itself")


async def _keep_going(name: str, job: Job) -> None:
    """Run the job again whenever it fails: a fault in one must not end the others."""
    while True:
        try:
            await job()
        except Exception as error:
            metrics.STATS_WRITER_ERRORS.labels(name).inc()
            tell = _log.warning if isinstance(error, StoreError) else _log.exception
            tell("a job of the writer failed and begins anew", job=name, error=type(error).__name__)
        await asyncio.sleep(RETRY_S)
