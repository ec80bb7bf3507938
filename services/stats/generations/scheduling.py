"""Starts the self-check once a day in a process of its own; checks nothing itself."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from services.stats.settings import StatsSettings
from shared.clock import Clock

COMMAND: Final = ("-m", "services.stats", "rebuild", "--scheduled")
LOOK_S: Final = 60.0

log = structlog.get_logger(__name__)


def next_check(now: datetime, hour: int, zone: ZoneInfo) -> datetime:
    """The next time that the local hour begins."""
    local = now.astimezone(zone)
    today = datetime.combine(local.date(), time(hour), zone)
    return today if today > local else datetime.combine(local.date() + timedelta(days=1), time(hour), zone)


async def keep_checking(settings: StatsSettings, clock: Clock) -> None:
    """Start the check whenever its hour begins, until cancelled; every worker does, and a lease lets one through."""
    if settings.self_check_hour is None:
        return
    due = next_check(clock.now(), settings.self_check_hour, settings.zone)
    while True:
        # In short steps, because a machine may have slept and a clock may have been set.
        await asyncio.sleep(min(LOOK_S, max(0.0, (due - clock.now()).total_seconds())))
        if clock.now() >= due:
            due = next_check(clock.now(), settings.self_check_hour, settings.zone)
            await _check()


async def _check() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, *COMMAND)
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            process.terminate()
        raise
    log.info("the self-check has ended", exit_code=code)
