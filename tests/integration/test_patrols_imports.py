"""Patrol logs that are sent as a batch, again, in any order, and with mistakes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.patrols.app import TOPICS, assemble
from shared.contracts.topics import INCIDENTS, PATROLS
from shared.security import Role
from tests.integration.service_rig import OTHER, UNIT, Json, ServiceRig, assert_chained, types


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[ServiceRig]:
    async with ServiceRig.running(assemble, TOPICS, store_uri, tmp_path) as rig:
        yield rig


def patrol(key: str, **changes: Any) -> Json:
    return {
        "type": "patrol",
        "key": key,
        "unit": UNIT,
        "kind": "security",
        "team_count": 1,
        "participants": 4,
        "started_at": "2025-12-01T21:00:00+07:00",
        "completed_at": "2025-12-01T23:00:00+07:00",
        **changes,
    }


def team(key: str, **changes: Any) -> Json:
    return {"type": "team", "key": key, "unit": UNIT, "established_at": "2025-08-01T08:00:00+07:00", **changes}


def member(key: str, team: str, role: str = "member", **changes: Any) -> Json:
    return {
        "type": "member",
        "key": key,
        "unit": UNIT,
        "team": team,
        "full_name": "Trần Văn Mẫu",
        "role": role,
        "enrolled_at": "2025-08-02T08:00:00+07:00",
        **changes,
    }


def incident(key: str, **changes: Any) -> Json:
    return {
        "type": "incident",
        "key": key,
        "unit": UNIT,
        "kind": "fire",
        "category": "house",
        "occurred_at": "2025-12-01T22:10:00+07:00",
        **changes,
    }


def outcomes(report: Json) -> list[str]:
    return [each["outcome"] for each in report["outcomes"]]


async def test_a_batch_becomes_patrols_and_events(rig: ServiceRig) -> None:
    report = await rig.imported(*(patrol(f"p{number}") for number in range(20)), patrol("elsewhere", unit=OTHER))

    assert report["counts"] == {"created": 21}
    assert sorted(report["positions"]) == [f"patrols.v1/{OTHER}/1", f"patrols.v1/{UNIT}/20"]
    assert types(await rig.journal(PATROLS)) == ["patrol.completed"] * 20
    shown = await rig.get(f"/v1/patrols/{report['outcomes'][0]['id']}")
    assert (shown.json()["status"], shown.json()["participants"]) == ("completed", 4)


async def test_sending_again_is_harmless(rig: ServiceRig) -> None:
    batch = [patrol("p1"), incident("i1"), team("t1"), member("m1", "t1")]
    first = await rig.imported(*batch)

    again = await rig.imported(*reversed(batch), patrol("p2"))

    assert outcomes(again) == ["already_known"] * 4 + ["created"]
    assert [each["id"] for each in again["outcomes"][:4]] == [each["id"] for each in reversed(first["outcomes"])]
    assert len(await rig.journal(PATROLS)) == 4


async def test_another_way_of_writing_the_same_record_is_the_same_record(rig: ServiceRig) -> None:
    await rig.imported(patrol("p1"))

    again = await rig.imported({**dict(reversed(patrol("p1").items())), "residential_group": None, "teams": []})

    assert outcomes(again) == ["already_known"]


async def test_another_content_under_the_same_key_is_a_conflict(rig: ServiceRig) -> None:
    await rig.imported(patrol("p1"))

    report = await rig.imported(patrol("p1", participants=5), patrol("p2"), patrol("p2"), patrol("p2", participants=9))

    assert outcomes(report) == ["conflict", "created", "already_known", "conflict"]
    assert len(await rig.journal(PATROLS)) == 2


async def test_a_corrected_patrol_is_still_known_by_its_record(rig: ServiceRig) -> None:
    id = (await rig.imported(patrol("p1")))["outcomes"][0]["id"]
    await rig.made(f"/v1/patrols/{id}/correction", {"participants": 9})

    again = await rig.imported(patrol("p1"))

    assert outcomes(again) == ["already_known"]
    assert (await rig.get(f"/v1/patrols/{id}")).json()["participants"] == 9


async def test_one_bad_record_loses_no_other(rig: ServiceRig) -> None:
    bad: list[tuple[Any, str]] = [
        (patrol("b1", participants="4"), "participants"),
        (patrol("b2", colour="red"), "colour"),
        (patrol("b3", unit="99999"), "unit"),
        (patrol("b4", completed_at="2025-12-01T20:00:00+07:00"), "completed_at"),
        (patrol("b5", started_at="1999-12-01T20:00:00+07:00"), "started_at"),
        (patrol("b6", teams=["nobody"]), "teams"),
        (patrol("b 7"), "key"),
        ({"type": "dragon", "key": "b8"}, "record"),
        ({"key": "b9"}, "record"),
        ([1, 2], "record"),
        (member("b10", "nobody"), "team"),
    ]

    report = await rig.imported(patrol("good1"), *(record for record, _ in bad), patrol("good2"))

    assert outcomes(report) == ["created", *["rejected"] * len(bad), "created"]
    assert [each["errors"][0]["field"] for each in report["outcomes"][1:-1]] == [field for _, field in bad]
    assert all(each["errors"][0]["reason"] for each in report["outcomes"][1:-1])
    assert report["outcomes"][1]["key"] == "b1"
    assert len(await rig.journal(PATROLS)) == 2


async def test_a_split_unit_comes_back_with_its_candidates(rig: ServiceRig) -> None:
    report = await rig.imported(patrol("p1", unit="00019"))

    (outcome,) = report["outcomes"]
    assert outcome["errors"][0]["field"] == "unit"
    assert len(outcome["candidates"]) == 4


async def test_records_refer_to_one_another_in_any_order(rig: ServiceRig) -> None:
    first = await rig.imported(
        patrol("p1", teams=["t1"]), member("m1", "t1", "leader"), team("t1"), member("m2", "t1", "leader")
    )
    second = await rig.imported(member("m3", "t1", "deputy"), patrol("p2", teams=["t1"]))

    assert outcomes(first) == ["created", "created", "created", "rejected"]
    assert outcomes(second) == ["created", "created"]
    team_id = first["outcomes"][2]["id"]
    shown = (await rig.get(f"/v1/teams/{team_id}")).json()
    assert [seat["role"] for seat in shown["seats"]] == ["leader", "deputy"]
    assert shown["version"] == 3
    assert (await rig.get(f"/v1/patrols/{second['outcomes'][1]['id']}")).json()["teams"] == [team_id]
    assert_chained(await rig.journal(PATROLS))


async def test_a_team_may_be_named_by_its_id(rig: ServiceRig) -> None:
    made = await rig.made("/v1/teams", {"unit": UNIT, "established_at": "2025-08-01T08:00:00+07:00"})

    report = await rig.imported(member("m1", made["id"]), patrol("p1", teams=[made["id"]]))

    assert report["counts"] == {"created": 2}


async def test_an_incident_brings_its_whole_course(rig: ServiceRig) -> None:
    course = {"responded_at": "2025-12-01T22:15:00+07:00", "resolved_at": "2025-12-01T23:00:00+07:00"}

    report = await rig.imported(incident("i1", **course, force_helped=True), incident("i2"))

    assert report["counts"] == {"created": 2}
    events = await rig.journal(INCIDENTS)
    assert types(events) == [
        "incident.reported", "incident.responded", "incident.resolved", "incident.reported",
    ]  # fmt: skip
    assert_chained(events)


async def test_a_session_is_taken_in(rig: ServiceRig) -> None:
    session = {
        "type": "outreach_session",
        "key": "s1",
        "unit": "01",
        "held_at": "2024-05-01T08:00:00Z",
        "attendance": 7,
    }

    report = await rig.imported(session)

    assert report["positions"] == ["patrols.v1/01/1"]


async def test_the_same_batch_sent_twice_at_once_is_taken_once(rig: ServiceRig) -> None:
    batch = [team("t1"), *(patrol(f"p{number}", teams=["t1"]) for number in range(30))]

    reports = await asyncio.gather(*(rig.imported(*batch) for _ in range(3)))

    assert sum(report["counts"].get("created", 0) for report in reports) == 31
    assert all(set(outcomes(report)) <= {"created", "already_known"} for report in reports)
    assert len(await rig.journal(PATROLS)) == 31


async def test_two_batches_that_fill_one_team_do_not_overfill_it(rig: ServiceRig) -> None:
    await rig.imported(team("t1"))

    reports = await asyncio.gather(
        *(rig.imported(*(member(f"{side}{number}", "t1") for number in range(3))) for side in "ab")
    )

    told = [outcome for report in reports for outcome in outcomes(report)]
    assert sorted(told) == ["created"] * 3 + ["rejected"] * 3


async def test_each_imports_into_their_own_units(rig: ServiceRig) -> None:
    leader = rig.as_(Role.TEAM_LEADER, UNIT)

    report = await rig.imported(patrol("p1"), patrol("p2", unit=OTHER), by=leader)

    assert outcomes(report) == ["created", "rejected"]
    assert await rig.journal(PATROLS, OTHER) == []


async def test_only_who_may_imports(rig: ServiceRig) -> None:
    body = {"records": [patrol("p1")]}

    status = {
        role: (await rig.client.post("/v1/imports", json=body, headers=rig.as_(role, "01"))).status_code
        for role in Role
    }
    nobody = await rig.client.post("/v1/imports", json=body)

    assert {role for role, code in status.items() if code == 200} == {
        Role.TEAM_LEADER, Role.INTEGRATOR, Role.ADMINISTRATOR,
    }  # fmt: skip
    assert nobody.status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[]", 422),
        (b'{"records": []}', 422),
        (b'{"records": {}}', 422),
        (b'{"records": [], "more": 1}', 422),
        (orjson.dumps({"records": [{}] * 2_001}), 422),
        (b'{"records": [', 400),
        (b'{"records": ["' + b"a" * 8_000_000 + b'"]}', 413),
    ],
)
async def test_a_body_that_is_no_batch_is_refused(rig: ServiceRig, body: bytes, status: int) -> None:
    headers = {**rig.as_administrator(), "content-type": "application/json"}

    answer = await rig.client.post("/v1/imports", content=body, headers=headers)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
