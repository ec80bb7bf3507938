"""Clerks who enter made-up facts through the public APIs and remember what figures must come of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import uuid4

from deploy.demo.client import Services

CLERKS: Final = 3
PAUSE_S: Final = 0.05  # about as busy as a city in the evening, and the machine has other things to do
UNITS: Final = (
    "00004", "00008", "00025", "00070", "00082", "00091", "00097", "00103", "00118", "00127",
    "00136", "00145", "00160", "00166", "00175", "00190",
)  # fmt: skip
# Until the reform of 1 July 2025; the last two were split among several communes of today.
FORMER_UNITS: Final = ("00001", "00006", "00043", "00061", "00007", "00019")
LAST_SPRING: Final = datetime(2025, 3, 1, 3, tzinfo=UTC)

Json = dict[str, Any]
Story = Callable[[Random], Awaitable[None]]


class Writer:
    """Writes for as long as it is told to. `promised` holds the city's figures that must come of it.

    A request that is not answered is sent again under its key until it is: every fact exists exactly once.
    """

    def __init__(self, services: Services, *, seed: int) -> None:
        self.promised: Counter[str] = Counter()
        self.stories = 0
        self._services = services
        self._rng = Random(seed)
        self._kinds: tuple[Story, ...] = (self._patrol, self._patrol, self._incident, self._tip, self._award)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Clerks write meanwhile; afterwards each has finished what it began."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as clerks:
            for _ in range(CLERKS):
                clerks.create_task(self._clerk(Random(self._rng.random()), stop))
            try:
                yield
            finally:
                stop.set()

    async def write(self, stories: int) -> None:
        """Return when so many stories are told."""
        for number in range(stories):
            await self._kinds[number % len(self._kinds)](self._rng)

    async def launch_campaign(self) -> None:
        """A campaign makes a window of its own."""
        launched = datetime.now(UTC) - timedelta(days=20)
        campaign = {"unit": "01", "title": "Đợt cao điểm", "from_date": launched.date().isoformat()}
        await self._create("awards", "campaigns", campaign | {"launched_at": launched.isoformat()})
        self.promised["campaigns_launched"] += 1

    async def patrol(self, unit: str, *, participants: int = 3) -> Json:
        """One patrol that came back a minute ago."""
        return await self._completed_patrol(unit, datetime.now(UTC) - timedelta(minutes=1), participants)

    # -- stories

    async def _clerk(self, rng: Random, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await rng.choice(self._kinds)(rng)
            self.stories += 1
            await asyncio.sleep(PAUSE_S)

    async def _patrol(self, rng: Random) -> None:
        unit, at = _place(rng)
        participants = rng.randint(2, 6)
        patrol = await self._completed_patrol(unit, at, participants)
        if rng.random() < 0.3:
            await self._step("patrols", "patrols", patrol, "correction", participants=participants + 2)
            self.promised["participant_turns"] += 2
        if rng.random() < 0.1:
            earlier = (at - timedelta(days=2)).isoformat()
            await self._step("patrols", "patrols", patrol, "correction", started_at=earlier, completed_at=earlier)
        elif rng.random() < 0.1:
            after = await self._step("patrols", "patrols", patrol, "voiding", reason="Ghi nhầm sổ.")
            self.promised["patrols_completed"] -= 1
            self.promised["participant_turns"] -= after["participants"]

    async def _incident(self, rng: Random) -> None:
        unit, at = _place(rng)
        body = {"unit": unit, "kind": "violation", "category": "noise", "occurred_at": at.isoformat()}
        incident = await self._create("patrols", "incidents", body | {"responded_at": at.isoformat()})
        turns_out = rng.choice(("violation", "violation", "fire"))
        if turns_out == "fire":
            await self._step("patrols", "incidents", incident, "reclassification", kind="fire", category="house_fire")
        self.promised["fire_incidents_handled" if turns_out == "fire" else "violations_detected"] += 1

    async def _tip(self, rng: Random) -> None:
        unit, at = _place(rng)
        told = {"stream": "security_information", "category": "public_order", "text": "Tụ tập đông người."}
        tip = await self._create("tips", "tips", told | {"unit": unit, "received_at": at.isoformat()})
        self.promised["security_information_received"] += 1
        if rng.random() < 0.5:
            judged = {"value": "valuable", "value_assessed_at": (at + timedelta(minutes=1)).isoformat()}
            await self._step("tips", "tips", tip, "assessment", **judged)
            self.promised["security_information_valuable"] += 1
        if rng.random() < 0.3:
            elsewhere = rng.choice([other for other in _units_at(at) if other != unit])
            await self._step("tips", "tips", tip, "relocation", unit=elsewhere)

    async def _award(self, rng: Random) -> None:
        unit, at = _place(rng)
        honour = {"kind": "giay_khen", "issuer": "commune_chair", "recipient": rng.choice(("individual", "collective"))}
        award = await self._create("awards", "awards", honour | {"unit": unit, "conferred_at": at.isoformat()})
        if rng.random() < 0.2:
            await self._step("awards", "awards", award, "revocation", reason="Sai đối tượng.")
        else:
            self.promised["awards_conferred"] += 1

    # -- requests

    async def _completed_patrol(self, unit: str, at: datetime, participants: int) -> Json:
        body = {"unit": unit, "kind": "security", "team_count": 1, "participants": participants}
        patrol = await self._create(
            "patrols", "patrols", body | {"started_at": at.isoformat(), "completed_at": at.isoformat()}
        )
        self.promised["patrols_completed"] += 1
        self.promised["participant_turns"] += participants
        return patrol

    async def _create(self, service: str, things: str, body: Json) -> Json:
        made: Json = await self._services.post(service, f"/v1/{things}", body, key=str(uuid4()))
        return made

    async def _step(self, service: str, things: str, thing: Json, step: str, **body: Any) -> Json:
        path = f"/v1/{things}/{thing['id']}/{step}"
        changed: Json = await self._services.post(service, path, body, key=str(uuid4()))
        return changed


def _place(rng: Random) -> tuple[str, datetime]:
    """A unit and a time: most of the last hour, some days late, some of before the reform."""
    kind = rng.random()
    if kind < 0.15:
        at = LAST_SPRING + timedelta(hours=rng.randrange(24 * 100))
    elif kind < 0.4:
        at = datetime.now(UTC) - timedelta(hours=rng.randrange(1, 24 * 70))
    else:
        at = datetime.now(UTC) - timedelta(minutes=rng.randrange(2, 60))
    return rng.choice(_units_at(at)), at


def _units_at(at: datetime) -> tuple[str, ...]:
    return FORMER_UNITS if at < LAST_SPRING + timedelta(days=101) else UNITS
