"""Lets the city live on, through the public interfaces alone; owns the course of things, decides nothing of it.

Every fact is a story of its own: a patrol sets out and comes back, a tip is looked at by officers, a fire is put out.
A service that is away makes its stories wait; too many of them, and nothing new begins.
"""

import asyncio
import time
import uuid
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import structlog

from deploy.demo import decisions
from deploy.demo.client import Refused, Services
from deploy.demo.rhythm import moment_of, text
from deploy.demo.state import State

MOST_STORIES: Final = 3_000  # five times a busy evening at the usual pace; beyond it nothing new begins
RECEIPTS_KEPT: Final = 50
SAVE_EVERY_S: Final = 20.0
TELL_EVERY_S: Final = 300.0
LATEST: Final = 10
"""An officer looks at so many tips of the commune."""
LONGEST_LAG_S: Final = 30.0  # what a machine that slept missed is not made up for at once

log = structlog.get_logger(__name__)

Story = Callable[[Random, int], Awaitable[None]]


class Simulator:
    """Runs until it is cancelled."""

    def __init__(
        self,
        services: Services,
        state: State,
        *,
        pace: float,
        seed: str | None = None,
        minute_s: float = 60.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._services = services
        self._state = state
        self._pace = pace
        self._seed = seed or uuid.uuid4().hex
        self._minute_s = minute_s
        self._now = now
        self.told: Counter[str] = Counter()
        """What has happened since it was last told in the log."""
        self._under_way: dict[str, str] = {}
        self._receipts: deque[str] = deque(maxlen=RECEIPTS_KEPT)
        self._stories: set[asyncio.Task[None]] = set()
        self._kinds: dict[str, Story] = {
            "patrol": self._patrol,
            "outreach_session": self._outreach_session,
            "advisory_document": self._advisory_document,
            decisions.AWARDS: self._award,
            **{kind: self._incident(kind) for kind in ("violation", "fire", "rescue")},
            **{kind: self._tip(kind) for kind in ("security_information", "crime_report")},
        }

    async def run(self) -> None:
        """Let things happen, beginning with the end of what was under way."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.finish_under_way())
                for kind, story in self._kinds.items() if self._pace else ():
                    group.create_task(self._arrivals(kind, story))
                group.create_task(self._keep_state())
                group.create_task(self._report())
        finally:
            for task in self._stories:
                task.cancel()
            await asyncio.gather(*self._stories, return_exceptions=True)
            self._save()

    async def tell(self, kind: str, number: int = 0) -> None:
        """One story of a kind, from beginning to end."""
        await self._begin(f"{kind}/{number}", self._kinds[kind])

    @property
    def kinds(self) -> tuple[str, ...]:
        """What can happen."""
        return tuple(self._kinds)

    async def finish_under_way(self) -> None:
        """End what had begun before this start, each at some time within the hour."""
        begun = self._state.under_way()
        self._under_way |= begun
        await asyncio.gather(*(self._begin(f"{kind}/{id}", self._ending(id, kind)) for id, kind in begun.items()))
        self._save()

    async def _arrivals(self, kind: str, story: Story) -> None:
        rng = Random(f"{self._seed}/{kind}")
        moment = self._moment()
        number = 0
        while True:
            moment = decisions.next_arrival(rng, kind, max(moment, self._moment() - LONGEST_LAG_S), self._pace)
            await asyncio.sleep(max(0.0, moment - self._moment()))
            if len(self._stories) < MOST_STORIES:
                self._begin(f"{kind}/{number}", story)
                number += 1

    def _begin(self, name: str, story: Story) -> "asyncio.Task[None]":
        task = asyncio.create_task(self._guarded(story(Random(f"{self._seed}/{name}"), int(self._moment())), name))
        self._stories.add(task)
        task.add_done_callback(self._stories.discard)
        return task

    async def _guarded(self, story: Awaitable[None], name: str) -> None:
        try:
            await story
        except Refused as refused:
            # Somebody else was faster, or a clerk of flesh and blood settled the matter: that is life.
            self.told["refused"] += 1
            log.debug("a step was refused", story=name, status=refused.status)
        except Exception:
            self.told["failed"] += 1
            log.exception("a story broke off", story=name)

    # -- stories

    async def _patrol(self, rng: Random, now: int) -> None:
        plan = decisions.plan_patrol(rng, decisions.unit_for(rng, "patrol"), now)
        patrol = await self._create("patrols", "/v1/patrols", plan.body, rng)
        self._under_way[patrol["id"]] = "patrol"
        await self._minutes(plan.minutes)
        await self._complete_patrol(patrol["id"])
        if plan.participants is not None:
            await self._minutes(2)
            await self._step("patrols", "patrols", patrol["id"], "correction", {"participants": plan.participants})
        if plan.voided:
            await self._minutes(2)
            await self._step("patrols", "patrols", patrol["id"], "voiding", {"reason": "Nhập nhầm (mô phỏng)"})

    def _incident(self, kind: str) -> Story:
        async def story(rng: Random, now: int) -> None:
            plan = decisions.plan_incident(rng, kind, decisions.unit_for(rng, kind), now)
            incident = await self._create("patrols", "/v1/incidents", plan.body, rng)
            id = incident["id"]
            self._under_way[id] = "incident"
            await self._minutes(plan.response_minutes)
            await self._step("patrols", "incidents", id, "response", {"responded_at": self._text()})
            await self._minutes(plan.resolution_minutes)
            await self._resolve_incident(id)
            if plan.category is not None:
                await self._minutes(2)
                await self._step("patrols", "incidents", id, "reclassification", {"category": plan.category})

        return story

    def _tip(self, kind: str) -> Story:
        async def story(rng: Random, now: int) -> None:
            unit = decisions.unit_for(rng, kind)
            plan = decisions.plan_tip(rng, kind, unit, now)
            told = await self._create("tips", "/v1/tips", plan.body, rng, anonymous=plan.anonymous)
            if plan.anonymous:
                self._receipts.append(told["receipt"])
            for since, minutes in zip((0.0, *decisions.ROUNDS_MIN), decisions.ROUNDS_MIN, strict=False):
                await self._minutes(minutes - since)
                await self._officers_round(rng, unit)
            if self._receipts and rng.random() < 0.2:
                await self._services.post(
                    "tips", "/v1/receipts/status", {"receipt": rng.choice(self._receipts)}, anonymous=True
                )

        return story

    async def _officers_round(self, rng: Random, unit: str) -> None:
        page = await self._services.get("tips", "/v1/tips", unit=unit, limit=LATEST)
        for tip in page["items"]:
            if step := decisions.next_step(rng, tip):
                await self._step("tips", "tips", tip["id"], *step)

    async def _outreach_session(self, rng: Random, now: int) -> None:
        plan = decisions.plan_session(rng, decisions.unit_for(rng, "outreach_session"), now)
        session = await self._create("patrols", "/v1/outreach-sessions", plan.body, rng)
        if plan.attendance is not None:
            await self._minutes(3)
            body = {"attendance": plan.attendance}
            await self._step("patrols", "outreach-sessions", session["id"], "correction", body)

    async def _advisory_document(self, rng: Random, now: int) -> None:
        document = decisions.plan_document(rng, decisions.unit_for(rng, "advisory_document"), now)
        await self._create("tips", "/v1/advisory-documents", document, rng)

    async def _award(self, rng: Random, now: int) -> None:
        plan = decisions.plan_award(rng, decisions.unit_for(rng, decisions.AWARDS), now)
        award = await self._create("awards", "/v1/awards", plan, rng)
        await self._minutes(rng.uniform(3, 20))
        await self._step("awards", "awards", award["id"], "conferral", {"conferred_at": self._text()})

    def _ending(self, id: str, kind: str) -> Story:
        async def story(rng: Random, _: int) -> None:
            await self._minutes(rng.uniform(0, 60))
            await (self._complete_patrol(id) if kind == "patrol" else self._resolve_incident(id))

        return story

    # -- steps

    async def _complete_patrol(self, id: str) -> None:
        await self._over(id, self._step("patrols", "patrols", id, "completion", {"completed_at": self._text()}))

    async def _resolve_incident(self, id: str) -> None:
        body = {"resolved_at": self._text(), "force_helped": True}
        await self._over(id, self._step("patrols", "incidents", id, "resolution", body))

    async def _over(self, id: str, step: Coroutine[Any, Any, None]) -> None:
        try:
            await step
        except Refused:
            self._under_way.pop(id, None)
            raise
        self._under_way.pop(id, None)

    async def _create(self, service: str, path: str, body: Any, rng: Random, *, anonymous: bool = False) -> Any:
        key = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        made = await self._services.post(service, path, body, key=f"demo-{key}", anonymous=anonymous)
        self.told[path.rpartition("/")[2]] += 1
        return made

    async def _step(self, service: str, things: str, id: str, step: str, body: Any) -> None:
        await self._services.post(service, f"/v1/{things}/{id}/{step}", body)
        self.told[step] += 1

    async def _minutes(self, minutes: float) -> None:
        await asyncio.sleep(minutes * self._minute_s)

    def _moment(self) -> float:
        now = self._now()
        return moment_of(now) + now.microsecond / 1e6

    def _text(self) -> str:
        return text(int(self._moment()))

    # -- beside the stories

    async def _keep_state(self) -> None:
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            self._save()

    def _save(self) -> None:
        if self._pace:
            self._state.live(int(self._moment()))
        self._state.keep_under_way(self._under_way)

    async def _report(self) -> None:
        while True:
            since = time.monotonic()
            await asyncio.sleep(TELL_EVERY_S)
            told, self.told = dict(self.told), Counter()
            log.info("simulated", seconds=round(time.monotonic() - since), under_way=len(self._under_way), **told)
