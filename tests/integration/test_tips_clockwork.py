"""Deadlines are told when they pass, once, whoever looks and whoever dies over it."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.tips.cases import Cases
from services.tips.clockwork import AGAIN, LOOK_S, Clockwork
from services.tips.domain import Tip
from services.tips.domain.clocks import known_until
from shared.clock import FixedClock
from shared.contracts.topics import TIPS
from shared.errors import ConcurrentChange
from shared.outbox.entries import Outbox
from shared.pausing import at_work
from shared.store.client import Session
from shared.telemetry.metrics import TIP_CLOCKWORK_ERRORS, TIP_DAYS_OFF_KNOWN_UNTIL
from shared.work import Write
from tests.integration.tips_rig import UNIT, TipsRig

RECEIVED = datetime.fromisoformat("2026-03-02T09:00:00+07:00")
WARNED = datetime.fromisoformat("2026-03-21T00:00:00+07:00")
DUE = datetime.fromisoformat("2026-03-24T00:00:00+07:00")
DAY = timedelta(days=1)
MANY = 12


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(RECEIVED)


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[TipsRig]:
    async with TipsRig.running(store_uri, tmp_path, clock=clock) as rig:
        yield rig


async def replica(rig: TipsRig, clock: FixedClock, cases: type[Cases] = Cases) -> Clockwork:
    """A clockwork as another process of the service has it, with an outbox and a lease of its own."""
    outbox = Outbox(rig.runtime.store, clock=clock, topics=(TIPS,))
    await outbox.open()
    return Clockwork(cases(rig.runtime.store), outbox, clock=clock)


async def reported(rig: TipsRig, count: int = 1) -> list[str]:
    """Crime reports that are checked, so that nothing but the decision is waited for."""
    tips = []
    for _ in range(count):
        tip = (await rig.submit(headers=rig.officer, source="force_member")).json()["id"]
        await rig.step(tip, "registration")
        await rig.step(tip, "verification")
        tips.append(tip)
    return tips


async def told(rig: TipsRig) -> list[tuple[str, str, datetime]]:
    """What the clocks of decisions have told: of which tip, what, and of when."""
    return [
        (event["subject"], event["type"].split(".")[1], datetime.fromisoformat(event["time"]))
        for event in await rig.journal()
        if event["data"].get("clock") == "art_147_decision"
    ]


async def due_tip(rig: TipsRig, clock: FixedClock) -> Tip:
    """The one tip whose clocks have something to tell."""
    tips = rig.app.state.parts.repositories.tips
    (id,) = await tips.due(clock.now(), limit=10)
    tip = await tips.find_anywhere(id)
    assert isinstance(tip, Tip)
    return tip


def chained(events: list[dict[str, Any]]) -> bool:
    latest: dict[str, Any] = {}
    for event in events:
        if event["data"]["was"] != latest.get(event["subject"]):
            return False
        latest[event["subject"]] = event["data"]["is"]
    return True


async def test_a_deadline_is_told_when_it_passes_and_not_before(rig: TipsRig, clock: FixedClock) -> None:
    (tip,) = await reported(rig)
    clockwork = await replica(rig, clock)

    looks = []
    for at in (WARNED - timedelta(seconds=1), WARNED, DUE - timedelta(seconds=1), DUE, DUE + DAY):
        clock.advance(at - clock.now() + timedelta(milliseconds=1))
        looks.append(await clockwork.look())

    assert looks == [0, 1, 0, 1, 0]
    assert await told(rig) == [
        (tip, "deadline_started", RECEIVED),
        (tip, "deadline_warned", WARNED),
        (tip, "deadline_missed", DUE),
    ]
    assert chained(await rig.journal())
    shown = (await rig.client.get(f"/v1/tips/{tip}", headers=rig.officer)).json()
    assert [each["state"] for each in shown["clocks"]] == ["missed", "met"]


async def test_a_decided_report_wakes_nobody(rig: TipsRig, clock: FixedClock) -> None:
    (tip,) = await reported(rig)
    await rig.step(tip, "confirmation")
    clock.advance(60 * DAY)

    assert await (await replica(rig, clock)).look() == 0
    assert [what for _, what, _ in await told(rig)] == ["deadline_started", "deadline_met"]


async def test_the_service_tells_it_by_itself(rig: TipsRig, clock: FixedClock) -> None:
    await reported(rig)
    clock.advance(DUE - clock.now() + DAY)

    async with at_work((await replica(rig, clock)).run, "clockwork"), asyncio.timeout(10 * LOOK_S):
        while (await told(rig))[-1][1] != "deadline_missed":
            await asyncio.sleep(0.05)


async def test_a_look_that_fails_is_followed_by_another(
    rig: TipsRig, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clockwork = await replica(rig, clock)
    looked, again = 0, asyncio.Event()

    async def look() -> int:
        nonlocal looked
        looked += 1
        if looked == 1:
            raise ValueError("nobody knows why")
        again.set()
        return 0

    monkeypatch.setattr(clockwork, "look", look)
    monkeypatch.setattr("services.tips.clockwork.LOOK_S", 0.01)
    failed = TIP_CLOCKWORK_ERRORS._value.get()

    async with at_work(clockwork.run, "clockwork"), asyncio.timeout(5):
        await again.wait()

    assert TIP_CLOCKWORK_ERRORS._value.get() == failed + 1


async def test_a_tip_that_cannot_be_attended_to_keeps_no_other_waiting(
    rig: TipsRig, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await reported(rig, 2)
    clock.advance(DUE - clock.now() + DAY)
    clockwork = await replica(rig, clock)
    strike = clockwork.strike

    async def stumble(before: Tip) -> Tip:
        if before.id == first:
            raise ValueError("nobody knows why")
        return await strike(before)

    monkeypatch.setattr(clockwork, "strike", stumble)
    failed = TIP_CLOCKWORK_ERRORS._value.get()

    looks = [await clockwork.look(), await clockwork.look()]
    monkeypatch.undo()
    clock.advance(AGAIN + timedelta(milliseconds=1))
    later = await clockwork.look()

    assert (looks, later) == ([1, 0], 1)
    assert [tip for tip, what, _ in await told(rig) if what == "deadline_missed"] == [second, first]
    assert TIP_CLOCKWORK_ERRORS._value.get() == failed + 1


async def test_tips_that_cannot_be_read_do_not_fill_the_head_of_the_queue(
    rig: TipsRig, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    *broken, last = await reported(rig, 4)
    tips = rig.runtime.store.collection("tips")
    await tips.update_many({"_id": {"$in": broken[:2]}}, {"$set": {"status": "of a later build"}})
    await tips.delete_one({"_id": broken[2]})
    monkeypatch.setattr("services.tips.clockwork.AT_ONCE", 3)
    clock.advance(DUE - clock.now() + DAY)
    clockwork = await replica(rig, clock)
    failed = TIP_CLOCKWORK_ERRORS._value.get()

    looks = [await clockwork.look(), await clockwork.look(), await clockwork.look()]

    assert looks == [0, 1, 0]
    assert [tip for tip, what, _ in await told(rig) if what == "deadline_missed"] == [last]
    assert TIP_CLOCKWORK_ERRORS._value.get() == failed + 3


async def test_of_two_replicas_one_looks(rig: TipsRig, clock: FixedClock) -> None:
    await reported(rig, 3)
    clock.advance(DUE - clock.now() + DAY)
    replicas = [await replica(rig, clock) for _ in range(3)]

    looks = await asyncio.gather(*(each.look() for each in replicas))

    assert sorted(looks) == [0, 0, 3]
    assert Counter(what for _, what, _ in await told(rig)) == {"deadline_started": 3, "deadline_missed": 3}


async def test_two_that_look_at_once_tell_it_once(rig: TipsRig, clock: FixedClock) -> None:
    await reported(rig)
    clock.advance(DUE - clock.now() + DAY)
    one, other = await replica(rig, clock), await replica(rig, clock)
    seen = await due_tip(rig, clock)

    await one.strike(seen)
    with pytest.raises(ConcurrentChange):
        await other.strike(seen)

    assert [what for _, what, _ in await told(rig)] == ["deadline_started", "deadline_missed"]


class Unfenced(Cases):
    """Replaces whatever is there, as nobody should."""

    def replacing(self, before: Tip, after: Tip) -> Write:
        async def write(session: Session) -> None:
            stands = await self._documents.find_one({"_id": before.id}, session=session)
            assert stands is not None
            await super(Unfenced, self).replacing(replace(before, version=stands["version"]), after)(session)

        return write


async def test_without_the_fence_two_would_tell_it_twice(rig: TipsRig, clock: FixedClock) -> None:
    await reported(rig)
    clock.advance(DUE - clock.now() + DAY)
    one, other = await replica(rig, clock, Unfenced), await replica(rig, clock, Unfenced)
    seen = await due_tip(rig, clock)

    await one.strike(seen)
    await other.strike(seen)

    assert [what for _, what, _ in await told(rig)] == ["deadline_started", "deadline_missed", "deadline_missed"]


async def test_a_clockwork_that_is_killed_is_followed_and_nothing_is_told_twice(
    rig: TipsRig, clock: FixedClock
) -> None:
    tips = await reported(rig, MANY)
    clock.advance(DUE - clock.now() + DAY)

    killed = await started(rig, clock, die_after=5)
    assert await asyncio.wait_for(killed.wait(), 30) == -9
    struck = Counter(what for _, what, _ in await told(rig))["deadline_missed"]
    follower = await started(rig, clock)
    try:
        async with asyncio.timeout(30):
            while Counter(what for _, what, _ in await told(rig))["deadline_missed"] < MANY:
                await asyncio.sleep(0.1)
    finally:
        follower.kill()
        await follower.wait()

    assert struck == 5
    assert Counter(tip for tip, what, _ in await told(rig) if what == "deadline_missed") == dict.fromkeys(tips, 1)
    assert chained(await rig.journal(UNIT))


async def started(rig: TipsRig, clock: FixedClock, die_after: int = -1) -> asyncio.subprocess.Process:
    words = (rig.uri, rig.runtime.store.name, clock.now().isoformat(), str(die_after))
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.integration.clockwork_process", *words)


async def test_until_when_days_off_are_known_is_told_at_the_start(rig: TipsRig, clock: FixedClock) -> None:
    TIP_DAYS_OFF_KNOWN_UNTIL.set(0)
    ended = asyncio.Event()
    ended.set()

    await (await replica(rig, clock)).run(ended)

    assert REGISTRY.get_sample_value("pulse_tips_days_off_known_until_s") == known_until().timestamp()
