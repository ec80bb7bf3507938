"""Starts the self-check once a day in a process of its own, again where nobody ended it; checks nothing itself."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from services.stats.generations.checking import EXIT_AGREES, EXIT_DIFFERS, EXIT_DONE_BEFORE
from services.stats.settings import StatsSettings
from shared.clock import Clock

COMMAND: Final = ("-m", "services.stats", "rebuild", "--scheduled")
LOOK_S: Final = 60.0
# Whoever held the lease may have died in the middle, or the broker have been away; but it is work for the night.
AGAIN: Final = timedelta(minutes=30)
GIVE_UP: Final = timedelta(hours=4)
ENDED: Final = frozenset({EXIT_AGREES, EXIT_DIFFERS, EXIT_DONE_BEFORE})

log = structlog.get_logger(__name__)


def next_check(now: datetime, hour: int, zone: ZoneInfo) -> datetime:
    """The next time that the local hour begins."""
    local = now.astimezone(zone)
    today = datetime.combine(local.date(), time(hour), zone)
    return today if today > local else datetime.combine(local.date() + timedelta(days=1), time(hour), zone)


def tries_again(exit_code: int, now: datetime, began: datetime) -> bool:
    """Whether a check of the hour that began then is worth another try some time after `now`."""
    return exit_code not in ENDED and now + AGAIN - began < GIVE_UP


async def keep_checking(settings: StatsSettings, clock: Clock) -> None:
    """Start the check whenever its hour begins, until cancelled; every worker does, and a lease lets one through."""
    if settings.self_check_hour is None:
        return
    due = began = next_check(clock.now(), settings.self_check_hour, settings.zone)
    while True:
        # In short steps, because a machine may have slept and a clock may have been set.
        await asyncio.sleep(min(LOOK_S, max(0.0, (due - clock.now()).total_seconds())))
        if clock.now() >= due:
            exit_code = await _check()
            if tries_again(exit_code, clock.now(), began):
                due = clock.now() + AGAIN
            else:
                due = began = next_check(clock.now(), settings.self_check_hour, settings.zone)


async def _check() -> int:
    process = await asyncio.create_subprocess_exec(sys.executable, *COMMAND)
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            process.terminate()
        raise
    log.info("the self-check has ended", exit_code=code)
    return code
