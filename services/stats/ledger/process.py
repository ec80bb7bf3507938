"""The ledger as a process: composition root and life cycle. Books nothing itself, serves only its own probes."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import Final

import structlog

from services.stats.background import EXIT_FAILED, EXIT_REFUSED, first_of, serve_probes
from services.stats.catalogue import CATALOGUE, generation
from services.stats.engine import LineageChanged
from services.stats.engine.cells import Cells
from services.stats.engine.local_panes import Calendar
from services.stats.ledger.partition import HistoryReplaced, LedgerHead, Partition
from services.stats.ledger.repository import LedgerRepository, Superseded
from services.stats.ledger.writer import Writer
from services.stats.settings import DATABASE, StatsSettings
from services.stats.state.broker import SameBroker
from shared.contracts.topics import FACT_TOPICS, Topic
from shared.messaging.admin import TopicMismatch
from shared.outbox.leases import RENEW_S, Lease
from shared.places import places
from shared.store.client import Store, StoreError
from shared.web import Readiness

LEASE: Final = "ledger"

_log = structlog.get_logger(__name__)


class Ledger:
    """Writes the ledger whenever nobody else does, until it is told to stop."""

    def __init__(self, settings: StatsSettings, readiness: Readiness) -> None:
        self.exit_code = 0
        self._settings = settings
        self._store = Store.open(settings.mongodb_uri.get_secret_value(), DATABASE)
        self._repository = LedgerRepository(self._store, ledger_generation(settings))
        self._lease = Lease(self._store, LEASE)
        self._calendar = Calendar(settings.zone)
        self._cells = {topic.name: _cells(topic, self._calendar) for topic in FACT_TOPICS}
        self._stop = readiness.stopping
        self._writer: Writer | None = None
        self._trouble: str | None = "waiting for the store"
        readiness.add("ledger", self._booking)

    async def run(self) -> None:
        """Write until told to stop. What makes the ledger wrong, or cannot be mended by waiting, ends the process."""
        try:
            await self._meet_broker()
            while not self._stop.is_set():
                await self._one_term()
        except* (LineageChanged, TopicMismatch) as reasons:
            self._end(EXIT_REFUSED, first_of(reasons))
        except* Exception as reasons:
            _log.error("the ledger cannot go on", exc_info=first_of(reasons))
            self._end(EXIT_FAILED, first_of(reasons))
        finally:
            self._store.close()

    async def _meet_broker(self) -> None:
        broker = SameBroker(self._settings)
        try:
            await broker.meet()
        finally:
            await broker.close()

    async def _one_term(self) -> None:
        if not await self._has_lease():
            await asyncio.sleep(RENEW_S)
            return
        writer = self._writer = Writer(self._settings, self._repository, self._lease, new_partition=self._partition)
        try:
            await writer.run(self._stop)
        except* Superseded as reasons:
            _log.warning("the term of writing is over", reason=str(first_of(reasons)))
        except* HistoryReplaced as reasons:
            _log.warning("the ledger is made anew", reason=str(first_of(reasons)))
            await self._repository.discard()
        finally:
            self._writer = None
        if self._stop.is_set():
            with suppress(StoreError):  # then it ends by itself
                await self._lease.release()

    async def _has_lease(self) -> bool:
        try:
            held = await self._lease.acquire()
        except StoreError as error:
            _log.info("waiting for the store", error=type(error).__name__)
            self._trouble = "the store does not answer"
            return False
        self._trouble = None  # who waits for another's term to end is well
        return held

    def _partition(self, head: LedgerHead) -> Partition:
        return Partition(head, cells=self._cells[head.topic], calendar=self._calendar, city_of=places().city_of)

    async def _booking(self) -> str | None:
        return self._writer.trouble if self._writer else self._trouble

    def _end(self, exit_code: int, reason: BaseException) -> None:
        self.exit_code = exit_code
        _log.critical("the ledger has stopped", reason=str(reason), exit_code=exit_code)
        os.kill(os.getpid(), signal.SIGTERM)


def ledger_generation(settings: StatsSettings) -> str:
    """The rules that this process counts by."""
    return generation(CATALOGUE, settings.zone, places().digest())


def run_ledger(settings: StatsSettings) -> int:
    """Write the ledger until SIGTERM or SIGINT, serving probes and metrics. Returns the exit code."""
    readiness = Readiness()
    ledger = Ledger(settings, readiness)
    told = settings.model_copy(update={"port": settings.ledger_metrics_port})
    serve_probes("stats-ledger", told, readiness, ledger.run)
    return ledger.exit_code


async def discard_ledger(settings: StatsSettings) -> None:
    """Have the ledger made anew by the process that writes it, or by the next one."""
    store = Store.open(settings.mongodb_uri.get_secret_value(), DATABASE)
    try:
        await LedgerRepository(store, ledger_generation(settings)).discard()
    finally:
        store.close()


def _cells(topic: Topic, calendar: Calendar) -> Cells:
    known = places()
    return Cells(CATALOGUE.readers(topic), calendar, lambda unit, group, day: known.today_unit(unit, day, group))
