"""Case work over HTTP: worklist, time, duplicates, merges, transfer, reopening; and what the journal tells of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.tips.clockwork import Clockwork
from shared.clock import FixedClock
from shared.security import Role
from tests.integration.tips_rig import OTHER, UNIT, TipsRig

RECEIVED = datetime.fromisoformat("2026-03-02T09:00:00+07:00")
DAY = timedelta(days=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(RECEIVED)


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[TipsRig]:
    async with TipsRig.running(store_uri, tmp_path, clock=clock) as rig:
        yield rig


async def reported(rig: TipsRig, *steps: str, **changes: Any) -> str:
    """A report of a member of the force after these steps."""
    submitted = await rig.submit(headers=rig.officer, source="force_member", **changes)
    tip = str(submitted.json()["id"])
    for name in steps:
        answer = await rig.step(tip, name)
        assert answer.status_code == 200, answer.text
    return tip


async def work(rig: TipsRig, **query: Any) -> list[str]:
    """The ids of a worklist, read page by page."""
    found: list[str] = []
    query = {"unit": UNIT, "limit": 2, **query}
    while True:
        answer = await rig.client.get("/v1/worklist", params=query, headers=rig.officer)
        assert answer.status_code == 200, answer.text
        found += [tip["id"] for tip in answer.json()["items"]]
        if answer.json()["next"] is None:
            return found
        query["cursor"] = answer.json()["next"]


async def test_the_worklist_is_ordered_by_the_next_deadline_and_narrowed(rig: TipsRig, clock: FixedClock) -> None:
    information = await reported(rig, stream="security_information")
    late = await reported(rig, "registration", "verification")
    clock.advance(10 * DAY)
    early = await reported(rig, "registration", "verification")
    call = await reported(rig, channel="hotline", stream="security_information")
    await reported(rig, "registration", "verification", "confirmation", "closing")
    await rig.step(early, "assignment", {"officer": "somebody"})
    await rig.step(late, "assignment")

    everything = await work(rig)
    clock.advance(DAY)
    await Clockwork(rig.app.state.parts.repositories.tips, rig.runtime.outbox, clock=clock).look()

    assert everything == [call, late, early, information]
    assert await work(rig, assigned="me") == [late]
    assert await work(rig, assigned="somebody") == [early]
    assert await work(rig, assigned="nobody", stream="security_information") == [call, information]
    assert await work(rig, clock="missed") == [call]
    assert await work(rig, clock="running") == [late, early]
    foreign = await rig.client.get("/v1/worklist", params={"unit": OTHER}, headers=rig.officer)
    assert (foreign.status_code, foreign.json()["code"]) == (404, "not-found")


async def test_statutory_time_is_extended_stopped_and_given_again(rig: TipsRig, clock: FixedClock) -> None:
    tip = await reported(rig, "registration", "verification")

    extended = (await rig.step(tip, "extension")).json()
    suspended = (await rig.step(tip, "suspension")).json()
    clock.advance(200 * DAY)
    resumed = (await rig.step(tip, "resumption")).json()
    again = await rig.step(tip, "extension")

    assert extended["decision_due_at"] == "2026-05-05T00:00:00+07:00"
    assert suspended["status"] == "suspended"
    assert resumed["decision_due_at"] == "2026-10-20T00:00:00+07:00"
    assert (resumed["status"], resumed["suspended_at"]) == ("verifying", None)
    assert (again.status_code, again.json()["code"]) == (409, "transition-not-allowed")
    events = await rig.journal()
    assert [event["type"] for event in events][-4:] == [
        "tip.deadline_extended.v1",
        "tip.suspended.v1",
        "tip.deadline_suspended.v1",
        "tip.deadline_resumed.v1",
    ]
    assert told_without_a_gap(events)


async def test_a_duplicate_is_suggested_merged_and_taken_apart_and_figures_follow(rig: TipsRig) -> None:
    tip = await reported(rig, residential_group="tdp-7")
    double = await reported(rig, residential_group="tdp-7")
    await reported(rig, category="drugs")

    suggested = (await rig.client.get(f"/v1/tips/{double}/duplicates", headers=rig.officer)).json()["items"]
    merged = await rig.step(double, "merge", {"into": tip})
    while_merged = await rig.step(double, "registration")
    work_then = await work(rig)
    voided = await rig.step(tip, "voiding", {"reason": "nhập nhầm"})
    standing = await rig.client.get(f"/v1/tips/{tip}", headers=rig.officer)
    apart = await rig.step(double, "unmerge")

    assert [(each["tip"]["id"], each["reasons"]) for each in suggested] == [
        (tip, ["same_category", "same_residential_group", "received_within_a_day"])
    ]
    assert merged.json()["merged_into"] == tip
    stands_alone = await rig.client.get(f"/v1/tips/{tip}", headers=rig.officer)
    assert [answer.json()["repeated"] for answer in (standing, stands_alone)] == [1, 0]
    assert double not in work_then
    assert (while_merged.status_code, voided.status_code) == (409, 409)
    assert (apart.json()["merged_into"], apart.json()["status"]) == (None, "received")
    events = [event for event in await rig.journal() if event["subject"] == double]
    gone, back = (event for event in events if event["type"] in ("tip.merged.v1", "tip.unmerged.v1"))
    assert (gone["data"]["is"], back["data"]["was"]) == (None, None)
    assert gone["data"]["was"] == back["data"]["is"]
    assert gone["data"]["merged_into"] == tip


async def test_two_tips_are_not_merged_into_each_other(rig: TipsRig) -> None:
    one, other = [await reported(rig, received_at="2026-03-02T09:00:00+07:00") for _ in range(2)]

    answers = await asyncio.gather(rig.step(one, "merge", {"into": other}), rig.step(other, "merge", {"into": one}))

    assert sorted(answer.status_code for answer in answers) in ([200, 409], [200, 422])
    shown = [(await rig.client.get(f"/v1/tips/{tip}", headers=rig.officer)).json() for tip in (one, other)]
    assert sorted(tip["merged_into"] is None for tip in shown) == [False, True]


async def test_a_tip_of_another_unit_cannot_be_told_from_none_when_merging(rig: TipsRig) -> None:
    tip = await reported(rig)
    there = rig.mint.headers(Role.COMMUNE_OFFICER, OTHER)
    foreign = (await rig.submit(headers=there, unit=OTHER, source="force_member")).json()["id"]
    absent = tip[:-4] + "ffff"

    answers = [await rig.step(tip, "merge", {"into": into}) for into in (foreign, absent)]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert [answer.json()["errors"][0]["reason"] for answer in answers] == [
        f"there is no tip {foreign}",
        f"there is no tip {absent}",
    ]


async def test_another_commune_goes_on_with_what_is_handed_over(rig: TipsRig) -> None:
    tip = await reported(rig, "registration")
    there = rig.mint.headers(Role.COMMUNE_OFFICER, OTHER)

    handed = await rig.step(tip, "transfer", {"unit": OTHER})
    goes_on = await rig.post(f"/v1/tips/{tip}/verification", headers=there)
    out = await rig.post(f"/v1/tips/{tip}/transfer", {"authority": "investigating_body"}, headers=there)

    assert [answer.status_code for answer in (handed, goes_on, out)] == [200, 200, 200]
    assert (await rig.client.get(f"/v1/tips/{tip}", headers=rig.officer)).status_code == 404
    assert (out.json()["status"], out.json()["authority"]) == ("transferred", "investigating_body")
    here, came = await rig.journal(), await rig.journal(OTHER)
    assert (here[-1]["type"], here[-1]["data"]["is"]) == ("tip.transferred.v1", None)
    assert (came[0]["type"], came[0]["data"]["was"]) == ("tip.transferred.v1", None)
    assert here[-1]["causationid"] == came[0]["causationid"]
    both = await rig.step(tip, "transfer", {"unit": OTHER, "authority": "other"})
    assert both.status_code == 422


async def test_a_closed_case_is_worked_on_again(rig: TipsRig, clock: FixedClock) -> None:
    tip = await reported(rig, "registration", "verification", "inconclusive-finding", "closing")
    clock.advance(30 * DAY)

    again = await rig.step(tip, "reopening")

    assert again.status_code == 200, again.text
    assert (again.json()["status"], again.json()["found_inconclusive_at"]) == ("verifying", None)
    assert told_without_a_gap(await rig.journal())


async def test_books_start_only_the_clocks_that_they_leave_running(rig: TipsRig, clock: FixedClock) -> None:
    clock.advance(365 * DAY)
    told = {"unit": UNIT, "stream": "crime_report", "category": "theft", "source": "media", "type": "tip"}
    decided = {
        **told,
        "key": "decided",
        "received_at": "2026-01-05T08:00:00+07:00",
        "verification_started_at": "2026-01-06T08:00:00+07:00",
        "verified_at": "2026-03-30T08:00:00+07:00",
    }
    waiting = {**told, "key": "waiting", "received_at": "2026-01-05T08:00:00+07:00"}

    answer = await rig.client.post("/v1/imports", json={"records": [decided, waiting]}, headers=rig.integrator)

    assert answer.json()["counts"] == {"created": 2}, answer.text
    events = await rig.journal()
    clocks = [(event["type"], event["data"]["clock"]) for event in events if "clock" in event["data"]]
    assert clocks == [
        ("tip.deadline_started.v1", "art_147_decision"),
        ("tip.deadline_missed.v1", "art_147_decision"),
        ("tip.deadline_started.v1", "hand_over"),
        ("tip.deadline_missed.v1", "hand_over"),
    ]
    assert {event["subject"] for event in events if "clock" in event["data"]} == {events[-1]["subject"]}


def told_without_a_gap(events: list[dict[str, Any]]) -> bool:
    latest: dict[str, Any] = {}
    for event in events:
        if event["data"]["was"] != latest.get(event["subject"]):
            return False
        latest[event["subject"]] = event["data"]["is"]
    return True
