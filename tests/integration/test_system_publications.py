"""The way of one correction through the whole system: published, corrected, restated with its cause; and an alert."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson

from shared.contracts.topics import ALERTS, FIGURES
from shared.security import Role
from tests.integration.system_rig import Json, System
from tests.integration.worker_rig import ZONE, records_of, until

UNIT, CITY = "00070", "01"
QUICK = {"PULSE_PUBLICATION_SETTLE_S": "0.5", "PULSE_ALERT_LOOK_S": "1"}
RULE: Json = {
    "kind": "threshold",
    "title_vi": "Thử",
    "title_en": "Try",
    "metric": "participant_turns",
    "window": "P7D",
    "at_least": 5,
    "units": [UNIT],
}


async def test_a_correction_is_restated_with_its_cause_although_the_writer_is_killed(tmp_path: Path) -> None:
    async with System.running(tmp_path, **QUICK) as system, httpx.AsyncClient(timeout=30) as client:
        at = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        day = datetime.fromisoformat(at).astimezone(ZONE).date().isoformat()
        patrol = await post(system, client, "patrols", "patrols", _patrol(at))
        await until(lambda: _shows(system, 3), within_s=60)
        publication = await post(system, client, "stats", "publications", _of_day(day))
        await put(system, client, "alert-rules/turns", RULE)

        await post(system, client, "patrols", f"patrols/{patrol['id']}/correction", {"participants": 5})
        await system.kill("stats")

        async def restated() -> list[Json]:
            return await restatements(system, publication["id"])

        await until(lambda: _unless_away(restated), within_s=60, what="restatements")
        await until(lambda: _unless_away(lambda: _alerts(system)), within_s=60, what="the alert")
        event = (await system.get("patrols", "/v1/journal", topic="patrols.v1", unit=UNIT))["events"][-1]
        found = await restated()
        assert {(each["unit"], each["now"]["value"]) for each in found} == {(UNIT, 5), (CITY, 5)}
        assert {each["published"]["value"] for each in found} == {3}
        assert {each["reason"] for each in found} == {"events"}
        assert {cause["event_id"] for each in found for cause in each["causes"]} == {event["id"]}
        assert [each["rule"] for each in await _alerts(system)] == ["turns"]
        await until(lambda: _explained(system, {1, 2}), within_s=30, what="the events of publications")
        await until(lambda: _told(system, ALERTS.name, 1), within_s=30, what="the event of the alert")


def _patrol(at: str) -> Json:
    told = {"unit": UNIT, "kind": "security", "team_count": 1, "participants": 3}
    return told | {"started_at": at, "completed_at": at}


def _of_day(day: str) -> Json:
    asked = {"unit": CITY, "units": [UNIT], "metrics": ["participant_turns"], "from_date": day, "to_date": day}
    return {"name": "ngay", "title": "Ngày", **asked}


async def post(system: System, client: httpx.AsyncClient, service: str, path: str, body: Json) -> Json:
    headers = _administrator(system) | {"Idempotency-Key": str(uuid4())}
    answer = await client.post(f"{system.set_up.address(service)}/v1/{path}", json=body, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


async def put(system: System, client: httpx.AsyncClient, path: str, body: Json) -> None:
    address = f"{system.set_up.address('stats')}/v1/{path}"
    answer = await client.put(address, json=body, headers=_administrator(system))
    assert answer.status_code == 200, answer.text


def _administrator(system: System) -> dict[str, str]:
    return {"Authorization": f"Bearer {system.token(Role.ADMINISTRATOR)}"}


async def restatements(system: System, id: str) -> list[Json]:
    found = (await system.get("stats", f"/v1/publications/{id}/restatements"))["items"]
    return [] if any(each["reason"] == "not_yet_explained" for each in found) else list(found)


async def _alerts(system: System) -> list[Json]:
    return list((await system.get("stats", "/v1/alerts"))["items"])


async def _shows(system: System, turns: int) -> bool:
    return await system.total("participant_turns", UNIT) == turns and (await system.freshness())["status"] == "live"


async def _explained(system: System, numbers: set[int]) -> bool:
    # With the restatement, or later if the ledger was behind: a subscriber learns every reason.
    facts = [event["data"] for event in await _events(system, FIGURES.name)]
    return {each["number"] for each in facts if each.get("reason") == "events"} == numbers


async def _told(system: System, topic: str, events: int) -> bool:
    return len({event["id"] for event in await _events(system, topic)}) == events


async def _events(system: System, topic: str) -> list[Json]:
    return [orjson.loads(record.value) for record in await records_of(system.settings, topic)]


async def _unless_away(ask: Any) -> Any:
    try:
        return await ask()
    except httpx.HTTPError:
        return None
