"""The job that looks at the figures again and again and takes the steps that follow; judges nothing itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import structlog

from services.stats.alerts.findings import Found, Observation, Withheld, steps
from services.stats.alerts.handlers import AlertBook
from services.stats.alerts.looking import Look
from services.stats.alerts.repository import Looks, Rules
from services.stats.alerts.rules import Rule
from services.stats.feed.freshness import TopicFreshness
from services.stats.records import WRITER, Records
from services.stats.serving.served import Served
from services.stats.settings import StatsSettings
from shared.clock import Clock
from shared.contracts.alerts import ClearedReason
from shared.errors import ConcurrentChange, TransitionNotAllowed
from shared.telemetry import metrics

TOLD_WITHHELD: Final = 500
SEEN_AT_ONCE: Final = 5  # a few milliseconds
# A look pauses for so many times what it has just taken: what it takes of the process delays frames by as much.
PAUSE_RATIO: Final = 4.0

_log = structlog.get_logger(__name__)


class Heard(Protocol):
    """Who hears the heartbeats of the owners."""

    def freshness(self, now: datetime) -> dict[str, Any]: ...


class Watching:
    """Looks at everything once a minute, and at what changed as soon as it has settled."""

    def __init__(
        self,
        settings: StatsSettings,
        book: AlertBook,
        rules: Rules,
        looks: Looks,
        served: Served,
        heard: Heard,
        records: Records,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._book = book
        self._rules = rules
        self._looks = looks
        self._served = served
        self._heard = heard
        self._records = records
        self._clock = clock
        self._since = clock.now()
        self._in_force: Mapping[str, Rule] = {}
        self._rows: set[str] = set()
        self._wake = asyncio.Event()

    def notify(self, rows: Iterable[str]) -> None:
        """Figures of these units changed."""
        self._rows.update(rows)
        self._wake.set()

    async def run(self) -> None:
        """Look, until cancelled."""
        everything_at = self._clock.now()
        while True:
            now = self._clock.now()
            if now >= everything_at:
                everything_at = now + timedelta(seconds=self._settings.alert_look_s)
                await self.look(None)
                await self.escalate()
            elif self._rows:
                rows, self._rows = frozenset(self._rows), set()
                await self.look(rows)
            await self._rest(everything_at)

    async def look(self, units: frozenset[str] | None) -> None:
        """See, raise and clear: of these units, or of everything without."""
        if units is None:
            self._in_force = await self._rules.all()
        now = self._clock.now()
        look = Look(
            served=self._served,
            rules=self._in_force,
            topics=self._topics(now),
            as_of=now,
            city=self._settings.city,
            since=self._since,
            false_alarms_a_month=self._settings.alert_false_alarms_a_month,
        )
        found = await _in_portions(look.find(units))
        await self._act(found, look.scope())
        if units is None:
            watched = sum(isinstance(each, Observation) for each in found)
            withheld = [each for each in found if isinstance(each, Withheld)]
            await self._looks.keep(now, withheld[:TOLD_WITHHELD], watched=watched)

    async def escalate(self) -> None:
        """Tell the next recipients of what nobody has acknowledged in time."""
        at, patience = self._clock.now(), timedelta(seconds=self._settings.alert_escalate_after_s)
        for alert in await self._book.alerts.waiting(WRITER):
            if alert.is_overdue(at=at, patience=patience):
                with suppress(TransitionNotAllowed, ConcurrentChange):  # somebody was faster
                    await self._book.step(alert.id, lambda each: each.escalate(at=at), work=self._records.work(WRITER))

    async def _act(self, found: list[Found], scope: frozenset[str]) -> None:
        open_ones = await self._book.alerts.open_ones()
        todo = steps(found, open_ones, scope=scope)
        for seen in todo.to_raise:
            with suppress(ConcurrentChange):  # another writer raised it
                alert = await self._book.raise_alert(seen, work=self._records.work(WRITER))
                metrics.ALERTS_RAISED.inc()
                _log.info("alert raised", alert=alert.id, rule=alert.rule, unit=alert.unit)
        for key, reason in todo.to_clear.items():
            await self._clear(open_ones[key], reason)
        metrics.ALERTS_OPEN.set(len(open_ones) + len(todo.to_raise) - len(todo.to_clear))

    async def _clear(self, id: str, reason: ClearedReason) -> None:
        at = self._clock.now()
        with suppress(TransitionNotAllowed, ConcurrentChange):
            await self._book.step(id, lambda alert: alert.clear(at=at, reason=reason), work=self._records.work(WRITER))

    def _topics(self, now: datetime) -> dict[str, TopicFreshness]:
        return {topic.topic: topic for topic in self._heard.freshness(now)["topics"]}

    async def _rest(self, everything_at: datetime) -> None:
        """Until figures change, and then until they have settled; not beyond the next look at everything."""
        left_s = max(0.0, (everything_at - self._clock.now()).total_seconds())
        self._wake.clear()
        if not self._rows:
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._wake.wait()
        await asyncio.sleep(min(left_s, self._settings.alert_settle_s))


async def _in_portions(finding: Iterator[Found]) -> list[Found]:
    """All that is found, with pauses: whoever waits for figures goes first."""
    found: list[Found] = []
    began_s = time.monotonic()
    for each in finding:
        found.append(each)
        if len(found) % SEEN_AT_ONCE == 0:
            await asyncio.sleep((time.monotonic() - began_s) * PAUSE_RATIO)
            began_s = time.monotonic()
    return found
