"""The rebuild as a process: composition, the lease that lets one run at a time, and its exit code. Compares nothing."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from typing import Final

import structlog

from services.stats.generations.control_topic import ControlTopic
from services.stats.generations.rebuilding import NothingServed, Rebuild, Wanted, last_check
from services.stats.generations.rules import folds_of, rules_of
from services.stats.settings import DATABASE, StatsSettings
from services.stats.state.broker import BrokerReplaced
from shared.clock import SystemClock
from shared.contracts.stats import SelfCheck
from shared.messaging.admin import BROKER_ERRORS
from shared.outbox.leases import Lease
from shared.store.client import Store, StoreError
from shared.telemetry.logs import configure_logging

LEASE: Final = "self-check"
LEASE_S: Final = 30.0
RENEW_S: Final = 5.0
ONCE_WITHIN: Final = timedelta(hours=6)  # several workers start the scheduled one in the same minute
NICE: Final = 10  # everything else goes first

EXIT_AGREES: Final = 0
EXIT_DIFFERS: Final = 1
EXIT_NOTHING_DONE: Final = 2
EXIT_DONE_BEFORE: Final = 3  # of the scheduled one: another process has done it

_log = structlog.get_logger(__name__)


class Overtaken(Exception):
    """The lease went to another process before this one had ended."""


def run_rebuild(settings: StatsSettings, *, scheduled: bool, switch: bool) -> int:
    """Fold everything anew and compare. Returns the exit code."""
    configure_logging("stats-rebuild", settings.log_level)
    os.nice(NICE)
    wanted = Wanted("self-check" if scheduled else "rebuild", always_keep=switch, switch=switch)
    return asyncio.run(_run(settings, wanted))


async def _run(settings: StatsSettings, wanted: Wanted) -> int:
    store = Store.open(settings.mongodb_uri.get_secret_value(), DATABASE)
    lease = Lease(store, LEASE, length_s=LEASE_S)
    try:
        if not await lease.acquire():
            _log.info("another one folds everything anew at the moment")
            return EXIT_NOTHING_DONE
        check = await _while_held(lease, settings, wanted)
        await lease.release()
    except (StoreError, Overtaken, NothingServed, BrokerReplaced, *BROKER_ERRORS) as error:
        _log.error("nothing was compared", reason=str(error) or repr(error))
        return EXIT_NOTHING_DONE
    finally:
        store.close()
    if check is None:
        return EXIT_DONE_BEFORE
    return EXIT_AGREES if check.outcome == "agrees" else EXIT_DIFFERS


async def _while_held(lease: Lease, settings: StatsSettings, wanted: Wanted) -> SelfCheck | None:
    holding = asyncio.create_task(_hold(lease))
    checking = asyncio.create_task(check_once(settings, wanted))
    try:
        await asyncio.wait({holding, checking}, return_when=asyncio.FIRST_COMPLETED)
        if not checking.done():
            holding.result()
        return await checking
    finally:
        for task in (holding, checking):
            task.cancel()
        await asyncio.gather(holding, checking, return_exceptions=True)


async def _hold(lease: Lease) -> None:
    while True:
        await asyncio.sleep(RENEW_S)
        if not await lease.acquire():
            raise Overtaken("another process holds the lease")


async def check_once(settings: StatsSettings, wanted: Wanted) -> SelfCheck | None:
    """One rebuild; none if it is due by a schedule and another process has begun it lately."""
    clock, rules = SystemClock(), rules_of(settings)
    topic = ControlTopic(settings, clock)
    try:
        await topic.open()
        last = last_check(topic, wanted.kind)
        if wanted.kind == "self-check" and last is not None and clock.now() - last < ONCE_WITHIN:
            _log.info("the self-check of today is done", began_at=last.isoformat())
            return None
        rebuild = Rebuild(
            settings,
            topic,
            clock,
            generation=rules.generation,
            new_fold=folds_of(settings, rules.generation),
            share=settings.self_check_share,
            told_by=f"rebuild-{os.getpid()}",
        )
        return await rebuild.run(wanted)
    finally:
        await topic.close()
