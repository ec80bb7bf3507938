"""The life of tips and advisory documents over HTTP, and what the journal tells of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.security import Role
from tests.integration.tips_rig import OTHER, UNIT, TipsRig


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[TipsRig]:
    async with TipsRig.running(store_uri, tmp_path) as rig:
        yield rig


async def test_a_tip_is_worked_on_from_report_to_finding(rig: TipsRig) -> None:
    submitted = await rig.submit(headers=rig.officer, source="force_member", stream="security_information")
    tip = submitted.json()["id"]

    steps = [
        await rig.step(tip, "registration"),
        await rig.step(tip, "verification", {}),
        await rig.step(tip, "confirmation"),
        await rig.step(tip, "assessment", {"value": "valuable"}),
        await rig.step(tip, "refutation"),
    ]

    assert [step.status_code for step in steps] == [200] * 5, [step.text for step in steps]
    assert [step.headers["pulse-position"] for step in steps] == [f"tips.v1/{UNIT}/{n}" for n in range(2, 7)]
    shown = (await rig.client.get(f"/v1/tips/{tip}", headers=rig.officer)).json()
    assert shown == steps[-1].json()
    assert (shown["status"], shown["value"], shown["verified_at"]) == ("refuted", "valuable", None)
    events = await rig.told()
    assert [event["type"] for event in events] == [
        "tip.received.v1",
        "tip.registered.v1",
        "tip.verification_started.v1",
        "tip.verified.v1",
        "tip.value_assessed.v1",
        "tip.refuted.v1",
    ]
    assert [event["position"] for event in events] == [1, 2, 3, 4, 5, 6]
    assert {event["subject"] for event in events} == {tip}
    assert _told_without_a_gap(events)
    assert all(event["correlationid"] for event in events)


async def test_a_correction_and_a_voiding_take_figures_back(rig: TipsRig) -> None:
    tip = (await rig.submit(headers=rig.officer, source="organisation")).json()["id"]

    corrected = await rig.step(tip, "correction", {"category": "fraud", "received_at": "2026-01-05T08:00:00+07:00"})
    voided = await rig.step(tip, "voiding", {"reason": "nhập nhầm"})

    assert (corrected.json()["category"], corrected.json()["received_at"][:10]) == ("fraud", "2026-01-05")
    assert voided.json()["status"] == "voided"
    events = await rig.told()
    assert events[1]["data"]["is"]["category"] == "fraud"
    assert events[2]["data"]["is"] is None
    assert _told_without_a_gap(events)
    again = await rig.step(tip, "voiding", {"reason": "nhập nhầm"})
    assert (again.status_code, again.json()["code"]) == (409, "transition-not-allowed")


async def test_a_relocated_tip_leaves_one_unit_and_comes_to_the_other(rig: TipsRig) -> None:
    tip = (await rig.submit(headers=rig.officer, source="media")).json()["id"]
    await rig.step(tip, "registration")

    moved = await rig.step(tip, "relocation", {"unit": OTHER, "residential_group": "tdp-3"})

    assert moved.status_code == 200, moved.text
    assert moved.headers["pulse-position"] == f"tips.v1/{OTHER}/1, tips.v1/{UNIT}/5"
    left, came = (await rig.told())[-1], (await rig.journal(OTHER))[-1]
    assert left["type"] == came["type"] == "tip.relocated.v1"
    assert left["causationid"] == came["causationid"]
    assert (left["data"]["is"], came["data"]["was"]) == (None, None)
    assert came["data"]["is"] == left["data"]["was"] | {"residential_group": "tdp-3"}
    gone = await rig.client.get(f"/v1/tips/{tip}", headers=rig.officer)
    assert gone.status_code == 404
    here = rig.mint.headers(Role.COMMUNE_OFFICER, OTHER)
    assert (await rig.client.get(f"/v1/tips/{tip}", headers=here)).json()["unit"] == OTHER


async def test_an_advisory_document_rests_on_tips_and_can_be_withdrawn(rig: TipsRig) -> None:
    tip = (await rig.submit(headers=rig.officer, source="force_member")).json()["id"]
    body = {"unit": UNIT, "addressee": "peoples_committee", "rests_on": [tip]}

    issued = await rig.post("/v1/advisory-documents", body, headers=rig.officer)
    path = issued.headers["location"]
    withdrawn = await rig.post(f"{path}/withdrawal", headers=rig.officer)

    assert issued.status_code == 201, issued.text
    assert (await rig.client.get(path, headers=rig.officer)).json() == withdrawn.json()
    assert withdrawn.json()["status"] == "withdrawn"
    events = (await rig.told())[1:]
    assert [event["type"] for event in events] == ["advisory_document.issued.v1", "advisory_document.withdrawn.v1"]
    assert [event["data"]["rests_on"] for event in events] == [[tip], [tip]]
    assert events[1]["data"]["was"] == events[0]["data"]["is"]
    unknown = await rig.post("/v1/advisory-documents", body | {"rests_on": [path[-36:]]}, headers=rig.officer)
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "rests_on")


async def test_a_step_sent_again_with_its_key_is_taken_once(rig: TipsRig) -> None:
    tip = (await rig.submit(headers=rig.officer, source="media")).json()["id"]

    first = await rig.post(f"/v1/tips/{tip}/registration", headers=rig.officer, key="retry")
    again = await rig.post(f"/v1/tips/{tip}/registration", headers=rig.officer, key="retry")
    anew = await rig.post(f"/v1/tips/{tip}/registration", headers=rig.officer)

    assert (again.status_code, again.json()) == (200, first.json())
    assert (anew.status_code, anew.json()["code"]) == (409, "transition-not-allowed")
    assert len(await rig.told()) == 2


async def test_of_two_officers_at_once_one_takes_the_step(rig: TipsRig) -> None:
    tip = (await rig.submit(headers=rig.officer, source="media")).json()["id"]

    answers = await asyncio.gather(*(rig.step(tip, "registration") for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len(await rig.told()) == 2


async def test_lists_are_paged_latest_first_and_end_at_the_unit(rig: TipsRig) -> None:
    for day in range(1, 6):
        received_at = f"2026-03-0{day}T09:00:00+07:00"
        await rig.submit(headers=rig.officer, source="force_member", received_at=received_at)

    seen: list[str] = []
    query: dict[str, Any] = {"unit": UNIT, "limit": 2}
    while len(seen) < 5:
        page = (await rig.client.get("/v1/tips", params=query, headers=rig.officer)).json()
        seen += [tip["received_at"] for tip in page["items"]]
        query["cursor"] = page["next"]

    assert page["next"] is None
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)
    foreign = await rig.client.get("/v1/tips", params={"unit": OTHER}, headers=rig.officer)
    assert (foreign.status_code, foreign.json()["code"]) == (404, "not-found")


def _told_without_a_gap(events: list[dict[str, Any]]) -> bool:
    """Whether each event begins where the one before it ended."""
    stands = [None, *(event["data"]["is"] for event in events)]
    return [event["data"]["was"] for event in events] == stands[:-1]
