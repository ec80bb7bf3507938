"""Teams, patrols, incidents and sessions over HTTP, and the events that they leave in the journal."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.patrols.app import TOPICS, assemble
from shared.contracts.topics import INCIDENTS, PATROLS
from shared.security import Role
from tests.integration.service_rig import OTHER, UNIT, Json, ServiceRig, assert_chained, types


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[ServiceRig]:
    async with ServiceRig.running(assemble, TOPICS, store_uri, tmp_path) as rig:
        yield rig


TEAM: Json = {"unit": UNIT, "residential_groups": ["tdp-7"], "established_at": "2025-08-01T08:00:00+07:00"}
PATROL: Json = {
    "unit": UNIT,
    "kind": "security",
    "team_count": 1,
    "participants": 4,
    "started_at": "2025-12-01T21:00:00+07:00",
}
INCIDENT: Json = {
    "unit": UNIT,
    "kind": "violation",
    "category": "noise",
    "occurred_at": "2025-12-01T22:10:00+07:00",
}
SESSION: Json = {
    "unit": UNIT,
    "held_at": "2025-11-20T19:00:00+07:00",
    "attendance": 120,
    "partners": ["women", "veterans"],
}
COMPLETION: Json = {"completed_at": "2025-12-01T23:00:00+07:00"}


def member(role: str, **changes: Any) -> Json:
    return {"full_name": "Nguyễn Thị Mẫu", "role": role, "enrolled_at": "2025-08-02T08:00:00+07:00", **changes}


async def test_a_patrol_sets_out_comes_back_is_put_right_and_taken_back(rig: ServiceRig) -> None:
    team = await rig.made("/v1/teams", TEAM)
    patrol = await rig.made("/v1/patrols", {**PATROL, "team_count": 2, "teams": [team["id"]]})
    path = f"/v1/patrols/{patrol['id']}"

    await rig.made(f"{path}/completion", {**COMPLETION, "participants": 5})
    await rig.made(f"{path}/correction", {"kind": "traffic", "completed_at": "2025-12-01T23:30:00+07:00"})
    voided = await rig.made(f"{path}/voiding", {"reason": "entered twice"})

    events = [event for event in await rig.journal(PATROLS) if event["subject"] == patrol["id"]]
    assert types(events) == ["patrol.started", "patrol.completed", "patrol.corrected", "patrol.voided"]
    assert_chained(await rig.journal(PATROLS))
    assert events[1]["data"]["is"] == {
        "kind": "security",
        "teams": 2,
        "participants": 5,
        "started_at": "2025-12-01T21:00:00+07:00",
        "completed_at": "2025-12-01T23:00:00+07:00",
    }
    assert events[1]["time"] == "2025-12-01T23:00:00+07:00"
    assert events[2]["data"]["is"]["kind"] == "traffic"
    assert events[3]["data"]["is"] is None
    assert (voided["status"], voided["version"]) == ("voided", 4)
    assert (await rig.get(path)).json() == voided


async def test_a_patrol_that_is_over_is_one_event(rig: ServiceRig) -> None:
    await rig.made("/v1/patrols", {**PATROL, **COMPLETION})

    assert types(await rig.journal(PATROLS)) == ["patrol.completed"]


async def test_an_answer_tells_where_the_aggregate_is_and_where_its_event_stands(rig: ServiceRig) -> None:
    answer = await rig.post("/v1/patrols", PATROL)

    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/patrols/{answer.json()['id']}"
    assert answer.headers["pulse-position"] == f"patrols.v1/{UNIT}/1"


async def test_times_come_back_to_the_last_digit(rig: ServiceRig) -> None:
    exact = "2025-12-01T21:00:00.123456+07:00"
    patrol = await rig.made("/v1/patrols", {**PATROL, "started_at": exact})

    await rig.made(f"/v1/patrols/{patrol['id']}/completion", COMPLETION)

    started, completed = await rig.journal(PATROLS)
    assert completed["data"]["was"] == started["data"]["is"]
    assert completed["data"]["was"]["started_at"] == exact


async def test_a_step_that_the_state_does_not_allow_changes_nothing(rig: ServiceRig) -> None:
    patrol = await rig.made("/v1/patrols", {**PATROL, **COMPLETION})

    answer = await rig.post(f"/v1/patrols/{patrol['id']}/completion", COMPLETION)

    assert (answer.status_code, answer.json()["code"]) == (409, "transition-not-allowed")
    assert len(await rig.journal(PATROLS)) == 1


async def test_of_racing_steps_none_is_lost(rig: ServiceRig) -> None:
    patrol = await rig.made("/v1/patrols", PATROL)

    answers = await asyncio.gather(
        *(rig.post(f"/v1/patrols/{patrol['id']}/correction", {"participants": number}) for number in range(1, 5))
    )

    assert {answer.status_code for answer in answers} == {200}
    assert_chained(await rig.journal(PATROLS))
    assert len(await rig.journal(PATROLS)) == 5


async def test_a_team_takes_a_leader_a_deputy_and_three_members(rig: ServiceRig) -> None:
    team = await rig.made("/v1/teams", TEAM)
    seats = f"/v1/teams/{team['id']}/members"

    for role in ("leader", "deputy", "member", "member", "member"):
        await rig.made(seats, member(role))

    for role in ("leader", "deputy", "member"):
        assert (await rig.post(seats, member(role))).status_code == 409
    full = (await rig.get(f"/v1/teams/{team['id']}")).json()
    assert sorted(seat["role"] for seat in full["seats"]) == ["deputy", "leader", "member", "member", "member"]
    assert types(await rig.journal(PATROLS)) == ["team.established", *["member.enrolled"] * 5]


async def test_a_seat_is_not_taken_twice_at_once(rig: ServiceRig) -> None:
    team = await rig.made("/v1/teams", TEAM)

    answers = await asyncio.gather(*(rig.post(f"/v1/teams/{team['id']}/members", member("leader")) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_names_stay_in_the_service(rig: ServiceRig) -> None:
    team = await rig.made("/v1/teams", TEAM)
    enrolled = await rig.made(f"/v1/teams/{team['id']}/members", member("leader"))

    seen = await rig.get(f"/v1/members/{enrolled['id']}")
    hidden = await rig.get(f"/v1/members/{enrolled['id']}", by=rig.as_(Role.CITY_OPERATOR, "01"))

    assert seen.json()["full_name"] == "Nguyễn Thị Mẫu"
    assert hidden.status_code == 403
    assert "Mẫu" not in str(await rig.journal(PATROLS))


async def test_who_left_frees_the_seat_and_who_is_left_leaves_with_the_team(rig: ServiceRig) -> None:
    team = await rig.made("/v1/teams", TEAM)
    first = await rig.made(f"/v1/teams/{team['id']}/members", member("leader"))
    await rig.made(f"/v1/members/{first['id']}/departure", {"left_at": "2025-09-01T08:00:00+07:00"})
    second = await rig.made(f"/v1/teams/{team['id']}/members", member("leader"))

    dissolved = await rig.made(f"/v1/teams/{team['id']}/dissolution", {"dissolved_at": "2025-10-01T08:00:00+07:00"})

    assert (dissolved["status"], dissolved["seats"]) == ("dissolved", [])
    assert (await rig.get(f"/v1/members/{second['id']}")).json()["status"] == "left"
    events = await rig.journal(PATROLS)
    assert types(events) == [
        "team.established", "member.enrolled", "member.left", "member.enrolled", "member.left", "team.dissolved",
    ]  # fmt: skip
    assert_chained(events)
    late = await rig.post("/v1/patrols", {**PATROL, "teams": [team["id"]]})
    assert (late.status_code, late.json()["errors"][0]["field"]) == (422, "teams")


async def test_an_incident_takes_its_course(rig: ServiceRig) -> None:
    incident = await rig.made("/v1/incidents", INCIDENT)
    path = f"/v1/incidents/{incident['id']}"

    await rig.made(f"{path}/reclassification", {"kind": "fire", "category": "house"})
    await rig.made(f"{path}/response", {"responded_at": "2025-12-01T22:15:00+07:00"})
    await rig.made(f"{path}/resolution", {"resolved_at": "2025-12-01T23:00:00+07:00", "force_helped": True})
    await rig.made(f"{path}/voiding", {"reason": "a drill"})

    events = await rig.journal(INCIDENTS)
    assert types(events) == [
        f"incident.{step}" for step in ("reported", "reclassified", "responded", "resolved", "voided")
    ]
    assert_chained(events)
    assert events[3]["data"]["is"]["force_helped"] is True
    assert await rig.journal(PATROLS) == []


async def test_an_incident_told_afterwards_has_its_whole_course(rig: ServiceRig) -> None:
    course = {"responded_at": "2025-12-01T22:15:00+07:00", "resolved_at": "2025-12-01T23:00:00+07:00"}

    answer = await rig.post("/v1/incidents", {**INCIDENT, **course, "force_helped": True})

    assert answer.headers["pulse-position"] == f"incidents.v1/{UNIT}/3"
    events = await rig.journal(INCIDENTS)
    assert types(events) == ["incident.reported", "incident.responded", "incident.resolved"]
    assert_chained(events)


async def test_a_session_is_held_put_right_and_taken_back(rig: ServiceRig) -> None:
    session = await rig.made("/v1/outreach-sessions", SESSION)
    path = f"/v1/outreach-sessions/{session['id']}"

    await rig.made(f"{path}/correction", {"attendance": 90, "partners": ["farmers"]})
    await rig.made(f"{path}/voiding", {"reason": "another commune's"})

    events = await rig.journal(PATROLS)
    assert types(events) == [f"outreach_session.{step}" for step in ("held", "corrected", "voided")]
    assert_chained(events)
    assert events[1]["data"]["is"]["attendance"] == 90


async def test_a_list_is_read_page_by_page_latest_first(rig: ServiceRig) -> None:
    for day in (3, 1, 2, 2, 1):
        await rig.made("/v1/patrols", {**PATROL, "started_at": f"2025-12-0{day}T21:00:00+07:00"})

    pages: list[list[str]] = []
    cursor: str | None = None
    while cursor or not pages:
        query = {"cursor": cursor} if cursor else {}
        page = (await rig.get("/v1/patrols", {"unit": UNIT, "limit": 2, **query})).json()
        pages.append([item["id"] for item in page["items"]])
        cursor = page["next"]

    assert [len(page) for page in pages] == [2, 2, 1]
    assert len({id for page in pages for id in page}) == 5
    days = [(await rig.get(f"/v1/patrols/{id}")).json()["started_at"][9] for page in pages for id in page]
    assert days == ["3", "2", "2", "1", "1"]


async def test_the_first_answer_to_a_key_is_the_only_one(rig: ServiceRig) -> None:
    key = str(uuid4())

    answers = [await rig.post("/v1/patrols", PATROL, key=key) for _ in range(3)]
    other = await rig.post("/v1/patrols", {**PATROL, "participants": 5}, key=key)

    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert {answer.headers["pulse-position"] for answer in answers} == {f"patrols.v1/{UNIT}/1"}
    assert {answer.headers["location"] for answer in answers} == {f"/v1/patrols/{answers[0].json()['id']}"}
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true", "true"]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert len(await rig.journal(PATROLS)) == 1


async def test_a_repeated_step_under_one_key_is_taken_once(rig: ServiceRig) -> None:
    patrol = await rig.made("/v1/patrols", PATROL)
    path, key = f"/v1/patrols/{patrol['id']}/completion", str(uuid4())

    first, again = [await rig.post(path, COMPLETION, key=key) for _ in range(2)]

    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert len(await rig.journal(PATROLS)) == 2


async def test_keys_of_another_caller_are_other_keys(rig: ServiceRig) -> None:
    key = str(uuid4())

    first = await rig.post("/v1/patrols", PATROL, key=key, by=rig.as_(Role.TEAM_LEADER, UNIT))
    second = await rig.post("/v1/patrols", PATROL, key=key, by=rig.as_(Role.COMMUNE_OFFICER, UNIT))

    assert first.json()["id"] != second.json()["id"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("POST", "/completion", COMPLETION),
        ("POST", "/correction", {"participants": 1}),
        ("POST", "/voiding", {"reason": "mine"}),
    ],
)
async def test_what_lies_in_a_foreign_unit_looks_absent(rig: ServiceRig, method: str, path: str, body: Any) -> None:
    patrol = await rig.made("/v1/patrols", PATROL)
    foreign = rig.as_(Role.COMMUNE_OFFICER, OTHER)

    there, absent = [
        await rig.client.request(method, f"/v1/patrols/{id}{path}", json=body, headers=foreign)
        for id in (patrol["id"], str(uuid4()))
    ]

    assert there.status_code == absent.status_code == 404
    ids = {"detail", "correlation_id"}
    assert {k: v for k, v in there.json().items() if k not in ids} == {
        k: v for k, v in absent.json().items() if k not in ids
    }
    assert len(await rig.journal(PATROLS)) == 1


async def test_nobody_writes_into_a_foreign_unit(rig: ServiceRig) -> None:
    foreign = rig.as_(Role.COMMUNE_OFFICER, OTHER)

    answers = [
        await rig.post("/v1/patrols", PATROL, by=foreign),
        await rig.post("/v1/incidents", INCIDENT, by=foreign),
        await rig.get("/v1/patrols", {"unit": UNIT}, by=foreign),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert await rig.journal(PATROLS) == []


async def test_each_role_does_its_own(rig: ServiceRig) -> None:
    may_write = {Role.TEAM_LEADER, Role.COMMUNE_OFFICER, Role.ADMINISTRATOR}

    written = {role for role in Role if (await rig.post("/v1/patrols", PATROL, by=rig.as_(role, "01"))).is_success}
    read = {role for role in Role if (await rig.get("/v1/patrols", {"unit": UNIT}, by=rig.as_(role, "01"))).is_success}

    assert written == may_write
    assert read == may_write | {Role.CITY_OPERATOR, Role.AUDITOR}
