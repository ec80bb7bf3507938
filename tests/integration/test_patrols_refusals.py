"""What the patrols service refuses, and how it says so."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.patrols.app import TOPICS, assemble
from shared.contracts.topics import PATROLS
from tests.integration.service_rig import UNIT, Json, ServiceRig


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[ServiceRig]:
    async with ServiceRig.running(assemble, TOPICS, store_uri, tmp_path) as rig:
        yield rig


PATROL: Json = {
    "unit": UNIT,
    "kind": "security",
    "team_count": 1,
    "participants": 4,
    "started_at": "2025-12-01T21:00:00+07:00",
    "completed_at": "2025-12-01T23:00:00+07:00",
}


def tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"unit": "99999"}, "unit"),
        ({"unit": 70}, "unit"),
        ({"unit": "Hoàn Kiếm"}, "unit"),
        ({"colour": "red"}, "colour"),
        ({"participants": "4"}, "participants"),
        ({"participants": 4.5}, "participants"),
        ({"participants": -1}, "participants"),
        ({"participants": True}, "participants"),
        ({"kind": "naval"}, "kind"),
        ({"team_count": None}, "teams"),
        ({"teams": ["nobody"]}, "teams"),
        ({"started_at": "1999-12-31T00:00:00+07:00"}, "started_at"),
        ({"started_at": "2025-12-01T21:00:00"}, "started_at"),
        ({"started_at": 1_764_600_000}, "started_at"),
        ({"completed_at": tomorrow()}, "completed_at"),
        ({"completed_at": "2025-12-01T20:59:59+07:00"}, "completed_at"),
        ({"residential_group": "Tổ của ông Ba"}, "residential_group"),
    ],
)
async def test_a_wrong_field_is_named_with_its_reason(rig: ServiceRig, changes: Json, field: str) -> None:
    answer = await rig.post("/v1/patrols", {**PATROL, **changes})

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert await rig.journal(PATROLS) == []


async def test_a_missing_field_is_named(rig: ServiceRig) -> None:
    answer = await rig.post("/v1/patrols", {name: value for name, value in PATROL.items() if name != "participants"})

    assert answer.json()["errors"] == [{"field": "participants", "reason": "is required"}]


async def test_a_clock_that_runs_a_little_ahead_is_forgiven(rig: ServiceRig) -> None:
    ahead = (datetime.now(UTC) + timedelta(seconds=30)).isoformat()

    answer = await rig.post("/v1/patrols", {**PATROL, "completed_at": ahead})

    assert answer.status_code == 201


async def test_a_split_unit_is_refused_with_those_it_became(rig: ServiceRig) -> None:
    # Phường Điện Biên was split over four communes on 1 July 2025.
    answer = await rig.post("/v1/patrols", {**PATROL, "unit": "00019"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "unit"
    assert {candidate["code"] for candidate in answer.json()["candidates"]} == {"00004", "00070", "00190", "00226"}
    assert all(candidate["name"] for candidate in answer.json()["candidates"])


async def test_a_former_unit_is_taken_for_the_only_one_it_became(rig: ServiceRig) -> None:
    patrol = await rig.made("/v1/patrols", {**PATROL, "unit": "00001"})

    assert patrol["unit"] == "00097"
    assert len(await rig.journal(PATROLS, "00097")) == 1


async def test_a_split_unit_is_valid_on_a_day_before_the_reform(rig: ServiceRig) -> None:
    before = {"unit": "00019", "started_at": "2025-06-30T21:00:00+07:00", "completed_at": "2025-06-30T23:00:00+07:00"}

    patrol = await rig.made("/v1/patrols", {**PATROL, **before})

    assert patrol["unit"] == "00019"
    assert len(await rig.journal(PATROLS, "00019")) == 1


async def test_a_correction_does_not_put_a_patrol_where_its_unit_was_not(rig: ServiceRig) -> None:
    before = {"unit": "00019", "started_at": "2025-06-30T21:00:00+07:00", "completed_at": "2025-06-30T23:00:00+07:00"}
    patrol = await rig.made("/v1/patrols", {**PATROL, **before})
    after = {"started_at": "2025-07-02T21:00:00+07:00", "completed_at": "2025-07-02T23:00:00+07:00"}

    answer = await rig.post(f"/v1/patrols/{patrol['id']}/correction", after)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "started_at")


@pytest.mark.parametrize(
    ("fix", "field"), [({}, "body"), ({"kind": None}, "body"), ({"unit": UNIT}, "unit"), ({"id": "x"}, "id")]
)
async def test_a_correction_says_what_it_puts_right(rig: ServiceRig, fix: Json, field: str) -> None:
    patrol = await rig.made("/v1/patrols", PATROL)

    answer = await rig.post(f"/v1/patrols/{patrol['id']}/correction", fix)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid-json"),
        (b'{"participants": NaN}', 400, "invalid-json"),
        (b'{"x": "' + b"a" * 1_000_001 + b'"}', 413, "body-too-large"),
        (b"[]", 422, "invalid-input"),
        (b"", 422, "invalid-input"),
    ],
)
async def test_a_body_that_is_none_is_refused(rig: ServiceRig, body: bytes, status: int, code: str) -> None:
    headers = {**rig.as_administrator(), "Idempotency-Key": "1", "content-type": "application/json"}

    answer = await rig.client.post("/v1/patrols", content=body, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["correlation_id"] == answer.headers["x-correlation-id"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}])
async def test_without_a_valid_token_nothing_is_told(rig: ServiceRig, headers: dict[str, str]) -> None:
    answer = await rig.post("/v1/patrols", PATROL, by=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")


async def test_something_new_needs_an_idempotency_key(rig: ServiceRig) -> None:
    answer = await rig.client.post("/v1/patrols", json=PATROL, headers=rig.as_administrator())

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("DELETE", "/v1/patrols", 405), ("PUT", "/v1/teams", 405)],
)
async def test_unknown_paths_and_methods_are_problems_too(rig: ServiceRig, method: str, path: str, status: int) -> None:
    answer = await rig.client.request(method, path, headers=rig.as_administrator())

    assert (answer.status_code, answer.json()["status"]) == (status, status)


async def test_a_probe_tells_of_a_store_that_is_away(rig: ServiceRig) -> None:
    assert (await rig.client.get("/health/live")).status_code == 200
    assert (await rig.client.get("/health/ready")).json()["checks"] == {"store": "ok", "relay": "ok"}


async def test_the_api_describes_itself(rig: ServiceRig) -> None:
    document: Any = (await rig.client.get("/openapi.json")).json()

    assert {"/v1/patrols", "/v1/incidents/{incident_id}/voiding", "/v1/imports", "/v1/journal"} <= set(
        document["paths"]
    )
    records = document["paths"]["/v1/imports"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "$ref" not in str(records)
