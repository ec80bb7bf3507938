"""Alerts on a real store: raised once, seen by those whose unit it is, acknowledged, escalated, cleared; and rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from services.stats.alerts.repository import Alerts
from shared.contracts.json_schema import frozen
from shared.contracts.topics import ALERTS
from shared.security import Role
from shared.store.client import Session
from shared.work import Write
from tests.integration.desk_rig import CITY, FIRES, OTHER, UNIT, DeskRig, Json

RULE: Json = {
    "kind": "threshold",
    "title_vi": "Thử",
    "title_en": "Try",
    "metric": "rescues_handled",
    "window": "day",
    "at_least": 2,
    "clear_below": 1,
}
LOWER: Json = {
    **RULE,
    "metric": "violations_per_1000_patrols",
    "units": [UNIT],
    "at_least": None,
    "clear_below": None,
    "at_most": 400,
}


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[DeskRig]:
    async with DeskRig.running(store_uri, tmp_path, writes=False) as rig:
        yield rig


async def five_fires(rig: DeskRig) -> Json:
    """The alert that they are."""
    for _ in range(5):
        rig.city.happened(UNIT, FIRES)
    await rig.desk.watching.look(None)
    (alert,) = (await rig.get("/v1/alerts"))["items"]
    return dict(alert)


def types(events: list[Json]) -> list[str]:
    return [event["type"] for event in events]


async def test_a_spike_is_raised_once_with_its_numbers_and_sentences(rig: DeskRig) -> None:
    alert = await five_fires(rig)
    for _ in range(3):
        await rig.desk.watching.look(None)

    events = await rig.events(ALERTS, UNIT)
    assert (alert["rule"], alert["unit"], alert["status"]) == ("fires-spike", UNIT, "raised")
    assert alert["figure"] == 5
    assert alert["expected"] < 0.1
    assert alert["probability"] < 1e-6
    assert "Hoàn Kiếm" in alert["text_vi"]
    assert "28 days" in alert["text_en"]
    assert types(events) == ["alert.raised.v1"]
    jsonschema.Draft202012Validator(frozen()["alert.raised.v1.json"]).validate(events[0])


async def test_two_writers_raise_one_alert(rig: DeskRig) -> None:
    for _ in range(5):
        rig.city.happened(UNIT, FIRES)

    await asyncio.gather(*(rig.desk.watching.look(None) for _ in range(4)))

    assert len((await rig.get("/v1/alerts"))["items"]) == 1
    assert await rig.committed(ALERTS) == 1


async def test_without_the_place_of_the_open_alert_two_writers_would_raise_two(
    rig: DeskRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write(_: Session) -> None: ...

    def unchecked(*_: object) -> Write:
        return write

    monkeypatch.setattr(Alerts, "raising", unchecked)
    for _ in range(5):
        rig.city.happened(UNIT, FIRES)

    await asyncio.gather(*(rig.desk.watching.look(None) for _ in range(4)))

    assert await rig.committed(ALERTS) > 1


async def test_an_alert_is_acknowledged_by_its_unit_and_cleared_when_it_is_over(rig: DeskRig) -> None:
    alert = await five_fires(rig)
    path = f"/v1/alerts/{alert['id']}/acknowledge"

    elsewhere = await rig.post(path, by=rig.as_(Role.COMMUNE_OFFICER, OTHER))
    reader = await rig.post(path, by=rig.as_(Role.AUDITOR, CITY))
    taken = await rig.post(path, by=rig.as_(Role.COMMUNE_OFFICER, UNIT))
    again = await rig.post(path, by=rig.as_(Role.COMMUNE_OFFICER, UNIT))
    rig.city.happened(UNIT, FIRES, -5)
    await rig.desk.watching.look(frozenset({UNIT}))
    over = await rig.get(f"/v1/alerts/{alert['id']}")

    assert [answer.status_code for answer in (elsewhere, reader, taken, again)] == [404, 403, 200, 409]
    assert taken.json()["status"] == "acknowledged"
    assert (over["alert"]["status"], over["alert"]["cleared_reason"]) == ("cleared", "calm")
    events = await rig.events(ALERTS, UNIT)
    assert types(events) == ["alert.raised.v1", "alert.acknowledged.v1", "alert.cleared.v1"]
    assert "acknowledged_by" not in events[1]["data"]


async def test_an_alert_about_a_ratio_is_over_when_nothing_is_left_to_divide_by(rig: DeskRig) -> None:
    ratio = {**RULE, "metric": "violations_per_1000_patrols", "at_least": 100, "clear_below": 50, "units": [UNIT]}
    await rig.client.put("/v1/alert-rules/ratio", json=ratio, headers=rig.administrator)
    rig.city.happened(UNIT, "patrols_completed", 2)
    rig.city.happened(UNIT, "violations_detected")
    await rig.desk.watching.look(None)

    rig.city.happened(UNIT, "patrols_completed", -2)
    await rig.desk.watching.look(None)

    events = await rig.events(ALERTS, UNIT)
    (alert,) = (await rig.get("/v1/alerts"))["items"]
    assert types(events) == ["alert.raised.v1", "alert.cleared.v1"]
    assert (alert["status"], alert["cleared_reason"]) == ("cleared", "no_events")
    assert [event["data"].get("cleared_reason") for event in events] == [None, "no_events"]
    jsonschema.Draft202012Validator(frozen()["alert.cleared.v1.json"]).validate(events[1])


async def test_what_is_over_may_be_raised_again(rig: DeskRig) -> None:
    await five_fires(rig)
    rig.city.happened(UNIT, FIRES, -5)
    await rig.desk.watching.look(None)

    rig.city.happened(UNIT, FIRES, 6)
    await rig.desk.watching.look(None)

    assert types(await rig.events(ALERTS, UNIT)) == ["alert.raised.v1", "alert.cleared.v1", "alert.raised.v1"]


async def test_alerts_are_listed_by_state_and_unit_page_by_page_within_reach(rig: DeskRig) -> None:
    await five_fires(rig)
    for _ in range(5):
        rig.city.happened(OTHER, FIRES)
    await rig.desk.watching.look(None)

    first = await rig.get("/v1/alerts", limit=1)
    rest = await rig.get("/v1/alerts", limit=1, cursor=first["next"])
    own = await rig.get("/v1/alerts", by=rig.as_(Role.COMMUNE_OFFICER, UNIT))
    cleared = await rig.get("/v1/alerts", state="cleared")

    assert {first["items"][0]["unit"], rest["items"][0]["unit"]} == {UNIT, OTHER}
    assert rest["next"] is None
    assert [each["unit"] for each in own["items"]] == [UNIT]
    assert [each["unit"] for each in (await rig.get("/v1/alerts", unit=OTHER))["items"]] == [OTHER]
    assert cleared["items"] == []


async def test_an_alert_that_nobody_answers_is_escalated_twice_and_an_answered_one_is_not(
    store_uri: str, tmp_path: Path
) -> None:
    async with DeskRig.running(store_uri, tmp_path, writes=False, alert_escalate_after_s=1) as rig:
        alert = await five_fires(rig)
        await _age(rig, alert["id"])
        for _ in range(2):
            await rig.desk.watching.escalate()
        await _age(rig, alert["id"])
        await rig.desk.watching.escalate()
        await _age(rig, alert["id"])
        await rig.desk.watching.escalate()

        events = await rig.events(ALERTS, UNIT)
        assert types(events) == ["alert.raised.v1", "alert.escalated.v1", "alert.escalated.v1"]
        assert events[-1]["data"]["escalation"] == 2


async def _age(rig: DeskRig, id: str) -> None:
    """Let the alert have been told a minute ago."""
    alerts = rig.desk.records.runtime.store.collection("alerts")
    alert = await alerts.find_one({"_id": id})
    assert alert is not None
    at = (rig.city.noon - timedelta(days=1)).isoformat()
    await alerts.update_one({"_id": id}, {"$set": {"told_at": at}})


async def test_a_rule_that_an_administrator_says_is_in_force(rig: DeskRig) -> None:
    answer = await rig.client.put("/v1/alert-rules/rescues", json=RULE, headers=rig.administrator)
    rig.city.happened(UNIT, "rescues_handled", 2)
    await rig.desk.watching.look(None)

    assert answer.status_code == 200, answer.text
    assert "rescues" in [each["id"] for each in (await rig.get("/v1/alert-rules"))["items"]]
    assert [each["rule"] for each in (await rig.get("/v1/alerts"))["items"]] == ["rescues"]


async def test_a_rate_that_falls_to_its_lower_limit_is_raised_and_cleared_above_its_band(rig: DeskRig) -> None:
    rate = {**LOWER, "clear_above": 450, "minimum_events": 4}
    answer = await rig.client.put("/v1/alert-rules/rate", json=rate, headers=rig.administrator)
    rig.city.happened(UNIT, "patrols_completed", 3)
    await rig.desk.watching.look(None)
    early = await rig.committed(ALERTS)
    rig.city.happened(UNIT, "patrols_completed")
    await rig.desk.watching.look(None)
    raised = (await rig.get("/v1/alerts"))["items"]
    rig.city.happened(UNIT, "violations_detected", 2)
    await rig.desk.watching.look(None)

    assert answer.status_code == 200, answer.text
    assert early == 0
    assert [(each["rule"], each["figure"], each["expected"]) for each in raised] == [("rate", 0, 400)]
    assert types(await rig.events(ALERTS, UNIT)) == ["alert.raised.v1", "alert.cleared.v1"]


async def test_a_rule_that_was_kept_before_there_were_lower_limits_goes_on(rig: DeskRig) -> None:
    rules = rig.desk.records.runtime.store.collection("alert_rules")
    kept = {**RULE, "severity": "warning", "enabled": True, "city": CITY, "units": "communes"}
    await rules.replace_one({"_id": "rescues"}, kept, upsert=True)
    rig.city.happened(UNIT, "rescues_handled", 2)

    await rig.desk.watching.look(None)

    assert [each["rule"] for each in (await rig.get("/v1/alerts"))["items"]] == ["rescues"]


async def test_an_alert_of_a_rule_that_is_switched_off_is_over(rig: DeskRig) -> None:
    await five_fires(rig)
    rules = {each["id"]: each["rule"] for each in (await rig.get("/v1/alert-rules"))["items"]}
    off = {**rules["fires-spike"], "enabled": False}

    await rig.client.put("/v1/alert-rules/fires-spike", json=off, headers=rig.administrator)
    await rig.desk.watching.look(None)

    (alert,) = (await rig.get("/v1/alerts"))["items"]
    assert (alert["status"], alert["cleared_reason"]) == ("cleared", "not_watched")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"metric": "nothing"}, "metric"),
        ({"window": "PT7M"}, "window"),
        ({"units": ["99999"]}, "units[0]"),
        ({"clear_below": 3}, "clear_below"),
        ({"kind": "spike", "metric": "teams_active", "window": "PT24H"}, "metric"),
        ({"at_least": None, "clear_below": None}, "threshold"),
        ({"at_most": 1}, "threshold"),
        ({"clear_above": 3}, "clear_above"),
        ({"minimum_events": 5}, "minimum_events"),
        ({**LOWER, "clear_below": 1}, "clear_below"),
        ({**LOWER, "clear_above": 399}, "clear_above"),
        ({**LOWER, "minimum_events": -1}, "threshold.minimum_events"),
        ({**LOWER, "minimum_events": 0}, "threshold.minimum_events"),
        ({**LOWER, "at_most": -1}, "threshold.at_most"),
        ({**LOWER, "metric": "rescues_handled", "window": "day"}, "window"),
    ],
)
async def test_a_rule_that_could_see_nothing_is_refused_by_field(rig: DeskRig, said: Json, field: str) -> None:
    body = {**RULE, **said}
    if body["kind"] == "spike":
        body = {key: value for key, value in body.items() if key not in ("at_least", "clear_below")}

    answer = await rig.client.put("/v1/alert-rules/rescues", json=body, headers=rig.administrator)

    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_only_administrators_change_rules_and_see_who_is_told(rig: DeskRig) -> None:
    operator = rig.as_(Role.CITY_OPERATOR, CITY)

    changed = await rig.client.put("/v1/alert-rules/rescues", json=RULE, headers=operator)
    told = await rig.client.get("/v1/alert-subscriptions", headers=operator)

    assert (changed.status_code, told.status_code) == (403, 403)


async def test_people_can_see_why_nothing_is_said(rig: DeskRig) -> None:
    rig.city.feed.status = "rebuilding"

    await rig.desk.watching.look(None)

    look = await rig.get("/v1/alert-looks/last")
    reasons = {each["reason"] for each in look["withheld"]}
    assert reasons == {"the figures are being rebuilt or catching up"}
    assert look["watched"] == 4  # the heartbeats
