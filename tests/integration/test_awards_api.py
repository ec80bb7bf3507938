"""Awards, campaigns, exemplars, models and instruments over HTTP, and the events that they leave in the journal."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.awards.app import TOPICS, assemble
from shared.contracts.topics import AWARDS
from shared.security import Role
from tests.integration.service_rig import OTHER, UNIT, Json, ServiceRig, assert_chained, types


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[ServiceRig]:
    async with ServiceRig.running(assemble, TOPICS, store_uri, tmp_path) as rig:
        yield rig


PROPOSAL: Json = {
    "unit": UNIT,
    "kind": "giay_khen",
    "issuer": "city_police_director",
    "recipient": "individual",
    "recipient_name": "Phạm Văn Mẫu",
    "for_year": 2024,
    "proposed_at": "2025-01-02T08:00:00+07:00",
}
CONFERRAL: Json = {"conferred_at": "2025-01-16T08:00:00+07:00"}
CAMPAIGN: Json = {
    "unit": "01",
    "title": "Thi đua bảo đảm ANTT ở cơ sở",
    "launched_at": "2025-12-24T08:00:00+07:00",
    "from_date": "2025-12-24",
    "to_date": "2030-12-31",
}
EXEMPLAR: Json = {"unit": UNIT, "organisation": "veterans", "honoured_at": "2024-08-01T08:00:00+07:00"}
MODEL: Json = {"unit": UNIT, "nature": "model", "title": "Camera an ninh", "launched_at": "2020-05-01T08:00:00+07:00"}
INSTRUMENT: Json = {
    "unit": "01",
    "number": "12-NQ/TW",
    "title": "Nghị quyết 12",
    "title_en": "Resolution 12",
    "in_force_from": "2022-07-25",
}


async def test_an_award_is_proposed_conferred_put_right_and_revoked(rig: ServiceRig) -> None:
    award = await rig.made("/v1/awards", PROPOSAL)
    path = f"/v1/awards/{award['id']}"

    await rig.made(f"{path}/conferral", CONFERRAL)
    await rig.made(f"{path}/correction", {"kind": "bang_khen", "for_year": None})
    revoked = await rig.made(f"{path}/revocation", {"reason": "the wrong person"})

    events = await rig.journal(AWARDS)
    assert types(events) == [f"award.{step}" for step in ("proposed", "conferred", "corrected", "revoked")]
    assert_chained(events)
    assert events[1]["time"] == CONFERRAL["conferred_at"]
    assert events[2]["data"]["is"]["kind"] == "bang_khen"
    assert "for_year" not in events[2]["data"]["is"]
    assert "Mẫu" not in str(events)
    assert (await rig.get(path)).json() == revoked


async def test_an_award_conferred_at_once_is_one_event(rig: ServiceRig) -> None:
    answer = await rig.post("/v1/awards", {**PROPOSAL, **CONFERRAL})

    assert (answer.status_code, answer.json()["status"]) == (201, "conferred")
    assert answer.headers["pulse-position"] == f"awards.v1/{UNIT}/1"
    assert types(await rig.journal(AWARDS)) == ["award.conferred"]


async def test_a_campaign_names_its_edition_before(rig: ServiceRig) -> None:
    first = await rig.made("/v1/campaigns", CAMPAIGN)

    second = await rig.made("/v1/campaigns", {**CAMPAIGN, "title": "Lần hai", "previous": first["id"]})
    third = await rig.post("/v1/campaigns", {**CAMPAIGN, "previous": "nothing"})

    events = await rig.journal(AWARDS, "01")
    assert types(events) == ["campaign.launched", "campaign.launched"]
    assert events[1]["data"]["is"]["previous"] == first["id"]
    assert (events[0]["data"]["is"]["from_date"], events[0]["data"]["is"]["to_date"]) == ("2025-12-24", "2030-12-31")
    assert (await rig.get(f"/v1/campaigns/{second['id']}")).json() == second
    assert (third.status_code, third.json()["errors"][0]["field"]) == (422, "previous")


async def test_an_exemplar_is_honoured_and_withdrawn(rig: ServiceRig) -> None:
    exemplar = await rig.made("/v1/exemplars", {**EXEMPLAR, "full_name": "Lê Thị Mẫu"})

    await rig.made(f"/v1/exemplars/{exemplar['id']}/withdrawal", {"reason": "entered twice"})

    events = await rig.journal(AWARDS)
    assert types(events) == ["exemplar.honoured", "exemplar.withdrawn"]
    assert_chained(events)
    assert "Mẫu" not in str(events)


async def test_a_model_is_recognised_replicated_and_ended(rig: ServiceRig) -> None:
    model = await rig.made("/v1/community-models", MODEL)
    path = f"/v1/community-models/{model['id']}"

    early = await rig.post(f"{path}/replication", {"replicated_at": "2022-05-01T08:00:00+07:00"})
    await rig.made(f"{path}/recognition", {"recognised_at": "2021-05-01T08:00:00+07:00"})
    await rig.made(f"{path}/replication", {"replicated_at": "2022-05-01T08:00:00+07:00"})
    await rig.made(f"{path}/discontinuation", {"discontinued_at": "2024-05-01T08:00:00+07:00"})

    assert early.status_code == 409
    events = await rig.journal(AWARDS)
    steps = ("launched", "recognised", "replicated", "discontinued")
    assert types(events) == [f"community_model.{step}" for step in steps]
    assert_chained(events)


async def test_an_instrument_is_in_force_from_its_local_midnight(rig: ServiceRig) -> None:
    instrument = await rig.made("/v1/legal-instruments", INSTRUMENT)

    await rig.made(f"/v1/legal-instruments/{instrument['id']}/withdrawal", {"reason": "the wrong number"})

    events = await rig.journal(AWARDS, "01")
    assert types(events) == ["legal_instrument.entered_into_force", "legal_instrument.withdrawn"]
    assert_chained(events)
    assert events[0]["time"] == "2022-07-25T00:00:00+07:00"


async def test_an_instrument_is_entered_when_its_day_has_come(rig: ServiceRig) -> None:
    later = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()

    answer = await rig.post("/v1/legal-instruments", {**INSTRUMENT, "in_force_from": later})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "in_force_from")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/awards", {**PROPOSAL, "proposed_at": None}, "proposed_at"),
        ("/v1/awards", {**PROPOSAL, "conferred_at": "2025-01-01T08:00:00+07:00"}, "conferred_at"),
        ("/v1/awards", {**PROPOSAL, "for_year": "2024"}, "for_year"),
        ("/v1/awards", {**PROPOSAL, "medal": "gold"}, "medal"),
        ("/v1/awards", {**PROPOSAL, "unit": "99999"}, "unit"),
        ("/v1/campaigns", {**CAMPAIGN, "to_date": "2025-12-23"}, "to_date"),
        ("/v1/campaigns", {**CAMPAIGN, "from_date": "24/12/2025"}, "from_date"),
        ("/v1/exemplars", {**EXEMPLAR, "honoured_at": "1999-08-01T08:00:00+07:00"}, "honoured_at"),
        ("/v1/community-models", {**MODEL, "nature": "fashion"}, "nature"),
        ("/v1/legal-instruments", {**INSTRUMENT, "in_force_to": "2022-07-24"}, "in_force_to"),
        ("/v1/legal-instruments", {**INSTRUMENT, "in_force_from": "1944-12-31"}, "in_force_from"),
    ],
)
async def test_a_wrong_field_is_named(rig: ServiceRig, path: str, body: Json, field: str) -> None:
    answer = await rig.post(path, body)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_communes_propose_and_the_administration_confers(rig: ServiceRig) -> None:
    officer = rig.as_(Role.COMMUNE_OFFICER, UNIT)

    proposed = await rig.post("/v1/awards", PROPOSAL, by=officer)
    at_once = await rig.post("/v1/awards", {**PROPOSAL, **CONFERRAL}, by=officer)
    conferred = await rig.post(f"/v1/awards/{proposed.json()['id']}/conferral", CONFERRAL, by=officer)
    read_only = await rig.post("/v1/awards", PROPOSAL, by=rig.as_(Role.CITY_OPERATOR, "01"))

    assert [answer.status_code for answer in (proposed, at_once, conferred, read_only)] == [201, 403, 403, 403]
    assert types(await rig.journal(AWARDS)) == ["award.proposed"]


async def test_what_lies_in_a_foreign_unit_looks_absent(rig: ServiceRig) -> None:
    award = await rig.made("/v1/awards", PROPOSAL)
    foreign = rig.as_(Role.COMMUNE_OFFICER, OTHER)

    answers = [
        await rig.get(f"/v1/awards/{award['id']}", by=foreign),
        await rig.get(f"/v1/awards/{uuid4()}", by=foreign),
        await rig.get("/v1/awards", {"unit": UNIT}, by=foreign),
        await rig.post("/v1/awards", PROPOSAL, by=foreign),
    ]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "not-found")}


async def test_a_repeated_proposal_is_one(rig: ServiceRig) -> None:
    key = str(uuid4())

    first, again = [await rig.post("/v1/awards", PROPOSAL, key=key) for _ in range(2)]
    other = await rig.post("/v1/awards", {**PROPOSAL, "for_year": 2023}, key=key)

    assert again.content == first.content
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert len(await rig.journal(AWARDS)) == 1


async def test_lists_show_the_latest_first(rig: ServiceRig) -> None:
    early = await rig.made("/v1/awards", PROPOSAL)
    late = await rig.made("/v1/awards", {**PROPOSAL, "proposed_at": "2025-03-02T08:00:00+07:00"})

    page: Any = (await rig.get("/v1/awards", {"unit": UNIT})).json()

    assert [item["id"] for item in page["items"]] == [late["id"], early["id"]]
    assert page["next"] is None


async def test_a_batch_brings_whole_lives_and_refers_within_itself(rig: ServiceRig) -> None:
    model = {
        **MODEL,
        "recognised_at": "2021-05-01T08:00:00+07:00",
        "replicated_at": "2022-05-01T08:00:00+07:00",
    }
    batch = [
        {"type": "campaign", "key": "k2", **CAMPAIGN, "previous": "k1"},
        {"type": "campaign", "key": "k1", **CAMPAIGN},
        {"type": "award", "key": "a1", **PROPOSAL, **CONFERRAL},
        {"type": "exemplar", "key": "e1", **EXEMPLAR},
        {"type": "community_model", "key": "m1", **model},
        {"type": "community_model", "key": "m2", **MODEL, "replicated_at": "2022-05-01T08:00:00+07:00"},
        {"type": "legal_instrument", "key": "l1", **INSTRUMENT},
        {"type": "campaign", "key": "k3", **CAMPAIGN, "previous": "k9"},
    ]

    report = await rig.imported(*batch)
    again = await rig.imported(*batch)

    told = [each["outcome"] for each in report["outcomes"]]
    assert told == ["created"] * 5 + ["rejected", "created", "rejected"]
    assert again["counts"] == {"already_known": 6, "rejected": 2}
    commune, city = await rig.journal(AWARDS), await rig.journal(AWARDS, "01")
    assert_chained(commune)
    assert_chained(city)
    assert types(commune) == [
        "award.conferred", "exemplar.honoured",
        "community_model.launched", "community_model.recognised", "community_model.replicated",
    ]  # fmt: skip
    assert city[0]["data"]["is"]["previous"] == report["outcomes"][1]["id"]
