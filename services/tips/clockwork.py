"""Looks at tips when their time has come, in one process at a time; decides nothing: `timekeeping` does.

When to look stands in the store, in the transaction of the change that set it, so a restart forgets nothing. Each tip
is one transaction with its events, fenced by its version: two processes at once, or a second look, tell nothing twice.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.tips.cases import Cases
from services.tips.domain import Tip
from services.tips.domain.clocks import known_until
from services.tips.domain.retention import erasable_from
from services.tips.domain.timekeeping import strike
from shared.clock import Clock
from shared.errors import ConcurrentChange, NotFound
from shared.outbox.entries import Outbox
from shared.outbox.leases import Lease
from shared.pausing import pause
from shared.store.client import StoreError
from shared.telemetry.metrics import (
    TIP_CLOCKWORK_ERRORS,
    TIP_CLOCKWORK_LEADER,
    TIP_DAYS_OFF_KNOWN_UNTIL,
    TIP_DEADLINE_LATE_SECONDS,
)

LEASE: Final = "tips.clockwork"
LOOK_S: Final = 1.0  # deadlines end at full minutes, and people are told within a second
AGAIN: Final = timedelta(minutes=1)
"""After how long a tip is looked at again that could not be attended to."""
AT_ONCE: Final = 50  # tips between two renewals of the lease: at 145 commits a second about a third of a second
WARN_BEFORE: Final = timedelta(days=31)
"""How long before the days off that are known run out: those of a year are decreed by November of the one before."""

Erase = Callable[[Tip], Awaitable[None]]

_log = structlog.get_logger(__name__)


class Clockwork:
    """Strikes what is due and erases what is kept no longer, for as long as it holds the lease."""

    def __init__(self, cases: Cases, outbox: Outbox, *, clock: Clock, erase: Erase | None = None) -> None:
        self._cases = cases
        self._outbox = outbox
        self._clock = clock
        self._erase = erase
        self._lease = Lease(outbox.store, LEASE)

    async def run(self, stop: asyncio.Event) -> None:
        """Look again and again until told to stop, whatever goes wrong in between."""
        tell_days_off(self._clock.now())
        while not stop.is_set():
            try:
                while await self.look() == AT_ONCE and not stop.is_set():
                    pass
            except Exception as error:  # the store is away: the next look is in a second
                _tell(error)
            await pause(LOOK_S, stop)
        TIP_CLOCKWORK_LEADER.set(0)
        with suppress(StoreError):
            await self._lease.release()

    async def look(self) -> int:
        """Attend to a handful of what is due; how many tips it changed, none without the lease."""
        leading = await self._lease.acquire()
        TIP_CLOCKWORK_LEADER.set(int(leading))
        due = await self._cases.due(self._clock.now(), limit=AT_ONCE) if leading else []
        changed = 0
        for id in due:
            # One that cannot be read or attended to, or has nothing to tell, must not keep the others waiting.
            attended = False
            try:
                attended = await self._attend(id)
            except ConcurrentChange:
                pass  # whoever changed it has set its clocks
            except StoreError:
                raise
            except Exception as error:
                _tell(error)
            changed += attended
            if not attended:
                now = self._clock.now()
                await self._cases.postpone(id, due_by=now, until=now + AGAIN)
        return changed

    async def _attend(self, id: str) -> bool:
        before = await self._cases.find_anywhere(id)
        if before is None:
            raise NotFound(f"There is no {Tip.NOUN} {id}.")
        tip = await self.strike(before)
        erasable = erasable_from(tip)
        if self._erase is None or erasable is None or erasable > self._clock.now():
            return tip is not before
        await self._erase(tip)
        return True

    async def strike(self, before: Tip) -> Tip:
        """Keep the tip with its clocks as they stand by now. Raises: ConcurrentChange."""
        now = self._clock.now()
        after, events = strike(before, now=now)
        if after is before:
            return before
        await self._outbox.commit(events, self._cases.replacing(before, after))
        for event in events:
            TIP_DEADLINE_LATE_SECONDS.observe(max(0.0, (now - event.time).total_seconds()))
        return after


def tell_days_off(now: datetime) -> None:
    """Say until when days off are known, and loudly if those of the coming year are missing."""
    TIP_DAYS_OFF_KNOWN_UNTIL.set(known_until().timestamp())
    if known_until() - now <= WARN_BEFORE:
        _log.warning("days off of the coming year are not known", known_until=known_until().isoformat())


def _tell(error: Exception) -> None:
    TIP_CLOCKWORK_ERRORS.inc()
    _log.warning("clocks could not be looked at", error=type(error).__name__)
