"""Books of tips and advisory documents that are sent as a batch."""

import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.tips.custody.envelope import Kind, Piece
from services.tips.imports import TipRecord
from shared.imports.records import content_digest
from shared.security import Role
from tests.integration.tips_rig import OTHER, UNIT, Json, TipsRig


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[TipsRig]:
    async with TipsRig.running(store_uri, tmp_path) as rig:
        yield rig


def tip_record(key: str, **changes: Any) -> dict[str, Any]:
    return {
        "type": "tip",
        "key": key,
        "unit": UNIT,
        "stream": "crime_report",
        "source": "organisation",
        "category": "fraud",
        "received_at": "2024-03-01T08:00:00+07:00",
        **changes,
    }


def document_record(key: str, **changes: Any) -> dict[str, Any]:
    return {
        "type": "advisory_document",
        "key": key,
        "unit": UNIT,
        "addressee": "party_committee",
        "issued_at": "2024-05-01T08:00:00+07:00",
        **changes,
    }


CHECKED = {
    "verification_started_at": "2024-03-02T08:00:00+07:00",
    "verified_at": "2024-03-09T08:00:00+07:00",
    "value": "valuable",
    "value_assessed_at": "2024-03-05T08:00:00+07:00",
}


async def send(rig: TipsRig, *records: dict[str, Any]) -> dict[str, Any]:
    headers = rig.mint.headers(Role.INTEGRATOR, UNIT)
    answer = await rig.client.post("/v1/imports", json={"records": records}, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_tip_from_the_books_tells_its_life_in_order_of_time(rig: TipsRig) -> None:
    told = await send(rig, tip_record("book-1", **CHECKED))

    assert told["counts"] == {"created": 1}
    assert told["positions"] == [f"tips.v1/{UNIT}/5"]
    events = await rig.journal()
    assert [event["type"].split(".")[1] for event in events] == [
        "received",
        "registered",
        "verification_started",
        "value_assessed",
        "verified",
    ]
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)
    assert [event["data"]["was"] for event in events] == [None, *(event["data"]["is"] for event in events[:-1])]
    tip = (await rig.client.get(f"/v1/tips/{told['outcomes'][0]['id']}", headers=rig.officer)).json()
    assert (tip["status"], tip["value"], tip["registered_at"]) == ("verified", "valuable", tip["received_at"])
    assert (await rig.step(tip["id"], "refutation")).status_code == 200


async def test_sending_a_batch_again_changes_nothing(rig: TipsRig) -> None:
    batch = [tip_record("book-1", **CHECKED), document_record("paper-1", rests_on=["book-1"])]
    await send(rig, *batch)
    before = await rig.journal()

    again = await send(rig, *batch)
    changed = await send(rig, tip_record("book-1", category="theft"))

    assert again["counts"] == {"already_known": 2}
    assert changed["counts"] == {"conflict": 1}
    assert await rig.journal() == before


async def test_documents_find_tips_of_the_same_and_of_earlier_batches(rig: TipsRig) -> None:
    earlier = await send(rig, tip_record("book-1"))

    told = await send(
        rig,
        document_record("paper-1", rests_on=["book-1", "book-2"], withdrawn_at="2024-06-01T08:00:00+07:00"),
        document_record("paper-2", rests_on=["nowhere"]),
        tip_record("book-2"),
    )

    assert [each["outcome"] for each in told["outcomes"]] == ["created", "rejected", "created"]
    assert told["outcomes"][1]["errors"][0] == {"field": "rests_on", "reason": "there is no tip nowhere"}
    first, second = earlier["outcomes"][0]["id"], told["outcomes"][2]["id"]
    documents = [event for event in await rig.journal() if event["type"].startswith("advisory")]
    assert [event["data"]["rests_on"] for event in documents] == [[first, second]] * 2
    assert documents[1]["data"]["is"] is None


async def test_one_bad_record_loses_no_other(rig: TipsRig) -> None:
    told = await send(
        rig,
        tip_record("good"),
        tip_record("unknown-unit", unit="99999"),
        tip_record("foreign", unit="00004"),
        tip_record("order", **CHECKED | {"verified_at": "2024-03-01T09:00:00+07:00"}),
        tip_record("half", value="valuable"),
        tip_record("early", received_at="1999-01-01T00:00:00+07:00"),
        tip_record("named", reporter={"name": "A", "contact": "B"}),
        {"type": "patrol", "key": "p"},
        tip_record("good-too"),
    )

    assert told["counts"] == {"created": 2, "rejected": 7}
    refused = {each["key"]: each["errors"][0] for each in told["outcomes"] if each["outcome"] == "rejected"}
    assert {key: error["field"] for key, error in refused.items()} == {
        "unknown-unit": "unit",
        "foreign": "record",
        "order": "verified_at",
        "half": "tip",
        "early": "received_at",
        "named": "tip",
        "p": "record",
    }
    assert refused["order"]["reason"] == "must not lie before verification_started_at"


async def test_anonymous_tips_from_the_books_tell_no_exact_time(rig: TipsRig) -> None:
    exact = "2024-03-01T08:07:31+07:00"
    await send(rig, tip_record("book-1", source="citizen_anonymous", received_at=exact, **CHECKED))

    told = orjson.dumps(await rig.journal()).decode()

    times = re.findall(r"T(\d\d:\d\d:\d\d[^\"]*)\"", told)
    assert len(times) > 10
    assert all(re.match(r"\d\d:(00|15|30|45):00", time) for time in times), times
    assert (await rig.only_tip())["received_at"] == "2024-03-01T01:00:00Z"


async def test_the_rest_of_a_life_comes_from_the_books_too(rig: TipsRig) -> None:
    day = "2024-03-{:02}T08:00:00+07:00".format
    checked = {"verification_started_at": day(2)}
    lives: dict[str, Json] = {
        "closed": {**checked, "found_inconclusive_at": day(9), "resolved_at": day(10), "closed_at": day(11)},
        "handed-over": {**checked, "verified_at": day(9), "transferred_at": day(10), "authority": "city_police"},
        "suspended": {**checked, "suspended_at": day(9)},
        "filed": {"stream": "security_information", "registered_at": day(2), "closed_at": day(3), "urgent": True},
    }

    told = await send(rig, *(tip_record(key, **life) for key, life in lives.items()))

    assert told["counts"] == {"created": len(lives)}, told
    ids = {each["key"]: each["id"] for each in told["outcomes"]}
    shown = {key: (await rig.client.get(f"/v1/tips/{id}", headers=rig.officer)).json() for key, id in ids.items()}
    assert {key: tip["status"] for key, tip in shown.items()} == {
        "closed": "closed",
        "handed-over": "transferred",
        "suspended": "suspended",
        "filed": "closed",
    }
    assert (shown["handed-over"]["authority"], shown["filed"]["urgent"]) == ("city_police", True)
    assert shown["closed"]["resolved_at"] == day(10)


@pytest.mark.parametrize(
    "life",
    [
        {**CHECKED, "refuted_at": "2024-03-09T08:00:00+07:00"},
        {"found_inconclusive_at": "2024-03-09T08:00:00+07:00"},
        {"suspended_at": "2024-03-09T08:00:00+07:00"},
        {"authority": "city_police"},
        {**CHECKED, "transferred_at": "2024-03-10T08:00:00+07:00", "resolved_at": "2024-03-10T08:00:00+07:00"},
    ],
)
async def test_a_life_that_cannot_have_been_is_refused(rig: TipsRig, life: dict[str, Any]) -> None:
    told = await send(rig, tip_record("book-1", **life))

    assert told["counts"] == {"rejected": 1}


async def test_who_a_book_names_is_sealed_to_the_custodian_and_nothing_stored_lets_one_guess(rig: TipsRig) -> None:
    reporter = {"name": "Nguyễn Thị Chứng", "contact": "0912 345 678"}
    named = tip_record("book-1", source="citizen_named", reporter=reporter, text="Mất xe máy trước cổng chợ.")

    told = await send(rig, named, tip_record("book-2", source="citizen_named"))

    tip, vault = told["outcomes"][0]["id"], rig.app.state.parts.repositories.vault
    assert await vault.find(Piece(tip, Kind.IDENTITY)) is not None
    assert await vault.find(Piece(tip, Kind.CONTENT)) is not None
    stored = rig.everything_stored()
    assert not [each for each in (*reporter.values(), "cổng chợ") if each.encode() in stored]
    assert content_digest(TipRecord(**named)) in stored
    assert content_digest(TipRecord(**named)) == content_digest(TipRecord(**named | {"text": "", "reporter": None}))


NAMED = {"source": "citizen_named", "reporter": {"name": "Nguyễn Thị Chứng", "contact": "0912 345 678"}}


async def test_sending_again_confirms_no_guess_at_a_name_or_a_text(rig: TipsRig) -> None:
    record = tip_record("book-1", **NAMED, text="Mất xe máy trước cổng chợ.")
    await send(rig, record)

    guesses = [
        await send(rig, record | {"reporter": {"name": "Trần Văn B", "contact": "0"}}),
        await send(rig, record | {"text": "Mất xe đạp."}),
        await send(rig, {name: value for name, value in record.items() if name not in ("reporter", "text")}),
    ]
    otherwise = await send(rig, record | {"category": "theft"})

    assert [each["counts"] for each in guesses] == [{"already_known": 1}] * 3
    assert otherwise["counts"] == {"conflict": 1}


async def test_what_lies_elsewhere_is_answered_like_what_is_not_there(rig: TipsRig) -> None:
    await send(rig, tip_record("book-1"))
    elsewhere = rig.mint.headers(Role.COMMUNE_OFFICER, OTHER)
    one_stream = rig.mint.headers(Role.COMMUNE_OFFICER, UNIT, streams=["security_information"])

    async def outcome(key: str, headers: Mapping[str, str], **changes: object) -> dict[str, Any]:
        body = {"records": [tip_record(key, **changes)]}
        told = (await rig.client.post("/v1/imports", json=body, headers=headers)).json()["outcomes"][0]
        return {name: value for name, value in told.items() if name != "key"}

    for headers in (elsewhere, one_stream):
        there, absent = await outcome("book-1", headers), await outcome("book-2", headers)
        assert there == absent
        assert there["outcome"] == "rejected"
    # Of a record that they might bring they only learn that the key is somebody's.
    taken = await outcome("book-1", elsewhere, unit=OTHER)
    assert (taken["outcome"], "id" in taken) == ("conflict", False)


async def test_a_report_that_was_extended_suspended_and_resumed_has_the_time_that_it_had(rig: TipsRig) -> None:
    started = {"verification_started_at": "2024-03-02T08:00:00+07:00"}
    extended = {**started, "extended_at": ["2024-03-19T08:00:00+07:00"], "verified_at": "2024-04-10T08:00:00+07:00"}
    resumed = {
        **started,
        "suspended_at": "2024-03-15T08:00:00+07:00",
        "resumed_at": "2024-06-03T08:00:00+07:00",
        "refuted_at": "2024-06-20T08:00:00+07:00",
        "closed_at": "2024-06-21T08:00:00+07:00",
        "reopened_at": "2024-07-01T08:00:00+07:00",
    }

    told = await send(rig, tip_record("book-1", **extended), tip_record("book-2", **resumed))

    assert told["counts"] == {"created": 2}
    tips = [(await rig.client.get(f"/v1/tips/{each['id']}", headers=rig.officer)).json() for each in told["outcomes"]]
    assert [(tip["status"], tip["decision_due_at"]) for tip in tips] == [
        ("verified", "2024-05-03T00:00:00+07:00"),  # two months from 1 March, past two days off
        ("verifying", "2024-08-02T00:00:00+07:00"),  # a month from the day on which it was reopened
    ]
