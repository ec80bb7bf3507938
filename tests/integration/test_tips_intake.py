"""Intake without a token: receipts, replays, refusals, and that nothing tells who gave a tip."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog
from pymongo import MongoClient

from services.tips.app import intake_of
from services.tips.commands import SubmitTip
from services.tips.custody.envelope import Envelope, Kind, Piece, unseal
from services.tips.custody.reporter import Reporter
from services.tips.custody.seals import Seals
from services.tips.custody.vault import Scope, SealedReport, Vault
from services.tips.domain import Tip
from services.tips.receipts import ALPHABET, new_receipt
from services.tips.settings import TipsSettings
from services.tips.stand_in import STAND_IN
from shared.outbox.names import ENTRIES
from shared.security import Role
from shared.store.client import DuplicateKey
from tests.integration.tips_rig import OTHER, UNIT, Json, TipsRig, report

CANARY_NAME, CANARY_CONTACT = "Canary Nguyen Thi Bi Mat", "0987-CANARY-654"
REPORTER = {"name": CANARY_NAME, "contact": CANARY_CONTACT}
QUARTER = timedelta(minutes=15)


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[TipsRig]:
    async with TipsRig.running(store_uri, tmp_path) as rig:
        yield rig


class SealingSkipped(Seals):
    """The sabotage: what the tip tells and who gave it are kept as they are."""

    def report(self, tip: str, unit: str, text: str, reporter: Reporter | None = None) -> SealedReport:
        told = reporter.encoded() if reporter else b""
        return SealedReport(tip, {}, [Envelope(Piece(tip, Kind.CONTENT), text.encode() + told, ())])


# -- the receipt


async def test_a_tip_is_read_for_every_receipt_although_nobody_knows_it(
    rig: TipsRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = (await rig.submit()).json()["receipt"]
    tips, read = rig.app.state.parts.repositories.tips, []
    as_it_is = tips._read

    def reading(document: Json) -> Tip:
        read.append(document["_id"])
        tip: Tip = as_it_is(document)
        return tip

    monkeypatch.setattr(tips, "_read", reading)

    for receipt in (known, new_receipt()):
        assert (await rig.post("/v1/receipts/status", {"receipt": receipt})).status_code == 200

    assert (len(read), read[1]) == (2, STAND_IN)
    shown = await rig.client.get(f"/v1/tips/{STAND_IN}", headers=rig.officer)
    assert shown.status_code == 404


class MadeMeanwhile:
    """The collection of stand-ins while another process that starts is faster."""

    async def replace_one(self, *_: object, **__: object) -> None:
        raise DuplicateKey("E11000")


async def test_a_process_starts_although_another_makes_the_stand_in_meanwhile(
    rig: TipsRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    tips = rig.app.state.parts.repositories.tips
    monkeypatch.setattr(tips, "_stand_ins", MadeMeanwhile())

    await tips.open()


async def test_an_anonymous_reporter_gets_a_receipt_and_asks_with_it(rig: TipsRig) -> None:
    answer = await rig.submit()

    receipt = answer.json()["receipt"]
    assert (answer.status_code, list(answer.json())) == (201, ["receipt"])
    assert re.fullmatch(f"[{ALPHABET}]{{20}}", receipt)
    assert not {"pulse-position", "location", "set-cookie"} & set(answer.headers)
    await rig.step((await rig.only_tip())["id"], "registration")
    known = await rig.post("/v1/receipts/status", {"receipt": receipt.lower()})
    unknown = await rig.post("/v1/receipts/status", {"receipt": new_receipt()})
    assert (known.status_code, known.json()) == (200, {"status": "registered"})
    assert (unknown.status_code, unknown.json()) == (200, {"status": "unknown"})
    mistyped = await rig.post("/v1/receipts/status", {"receipt": receipt[:-1] + "U"})
    assert (mistyped.status_code, mistyped.json()["errors"][0]["field"]) == (422, "receipt")


async def test_a_receipt_is_kept_nowhere(rig: TipsRig) -> None:
    receipt = (await rig.submit()).json()["receipt"]

    assert receipt.encode() not in rig.everything_stored()


async def test_a_report_sent_again_is_one_report_and_has_the_same_receipt(rig: TipsRig) -> None:
    first = await rig.post("/v1/tips", report(), key="retry-1")
    again = await rig.post("/v1/tips", report(), key="retry-1")
    other = await rig.post("/v1/tips", report(text="Một việc khác"), key="retry-1")

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert len(await rig.told()) == 1


async def test_twins_of_a_report_at_once_are_one_report(rig: TipsRig) -> None:
    answers = await asyncio.gather(*(rig.post("/v1/tips", report(), key="twin") for _ in range(4)))

    receipts = {answer.json()["receipt"] for answer in answers if answer.status_code == 201}
    assert len(receipts) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len(await rig.told()) == 1


async def test_the_same_key_of_two_callers_is_two_keys(rig: TipsRig) -> None:
    anonymous = await rig.post("/v1/tips", report(), key="k")
    officer = await rig.post("/v1/tips", report(), headers=rig.officer, key="k")

    assert anonymous.json()["receipt"] != officer.json()["receipt"]


# -- what does not leave


async def test_an_anonymous_tip_leaves_no_exact_time(rig: TipsRig) -> None:
    before = datetime.now(UTC)
    await rig.submit()
    await rig.submit()

    with MongoClient[Any](rig.uri, tz_aware=True) as client:
        kept = [entry["recorded_at"] for entry in client[rig.runtime.store.name][ENTRIES].find()]
    assert kept
    assert all(at.timestamp() % QUARTER.total_seconds() == 0 for at in kept)
    moments = re.findall(r'"(20\d\d-[^"]+)"', orjson.dumps(await rig.journal()).decode())
    assert all(datetime.fromisoformat(text).timestamp() % QUARTER.total_seconds() == 0 for text in moments)
    for event in await rig.told():
        due = event["data"]["is"].pop("decision_due_at")
        assert datetime.fromisoformat(due).time() == time(0)  # of a day, as all deadlines of that day
        times = re.findall(r'"(20\d\d-[^"]+)"', orjson.dumps(event).decode())
        assert len(times) == 3
        for text in times:
            told = datetime.fromisoformat(text)
            assert told.timestamp() % QUARTER.total_seconds() == 0
            assert before - QUARTER < told <= datetime.now(UTC)
        assert event["id"][14] == event["subject"][14] == "4"
        assert "correlationid" not in event


async def test_who_gave_a_tip_is_nowhere_but_under_seal(
    rig: TipsRig, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as lines:
        answers = [
            await rig.submit(reporter=REPORTER),
            await rig.submit(reporter=REPORTER, unit="99999"),
            await rig.submit(reporter=REPORTER, source="force_member"),
            await rig.submit(reporter=REPORTER | {"age": 40}),
            await rig.submit(reporter={"name": CANARY_NAME * 20, "contact": CANARY_CONTACT}),
            await rig.submit(reporter=CANARY_NAME),
            await rig.submit(reporter=REPORTER, headers=rig.officer),
        ]
        tips = await rig.client.get("/v1/tips", params={"unit": UNIT}, headers=rig.officer)
        shown = [await rig.client.get(f"/v1/tips/{tip['id']}", headers=rig.officer) for tip in tips.json()["items"]]

    assert [answer.status_code for answer in answers] == [201, 422, 422, 422, 422, 422, 201]
    events = orjson.dumps(await rig.journal())
    metrics = (await rig.client.get("/metrics")).content
    told = [answer.content for answer in (*answers, tips, *shown)]
    captured = capfd.readouterr()
    logs = f"{lines} {caplog.text} {captured.out} {captured.err}".encode()
    assert not _canaries(rig.everything_stored(), events, metrics, logs, *told)


async def test_the_custodian_can_open_the_seal(rig: TipsRig) -> None:
    await rig.submit(reporter=REPORTER)

    vault, tip = Vault(rig.runtime.store), (await rig.only_tip())["id"]
    envelope, key = await vault.find(Piece(tip, Kind.IDENTITY)), await vault.erasure_key(tip, Scope.IDENTITY)
    assert envelope is not None
    assert key is not None
    opened = Reporter.decoded(unseal(envelope, rig.custodian, erasure_key=key))
    assert (opened.name, opened.contact) == (CANARY_NAME, CANARY_CONTACT)


async def test_skipped_sealing_would_be_noticed(store_uri: str, tmp_path: Path) -> None:
    async with TipsRig.running(store_uri, tmp_path) as rig:
        assert isinstance(rig.runtime.settings, TipsSettings)
        sound = intake_of(rig.runtime.settings)
        sabotaged = replace(sound, seals=SealingSkipped(sound.seals.communes, rig.custodian.public_key()))
    async with TipsRig.running(store_uri, tmp_path, intake=sabotaged) as rig:
        await rig.submit(reporter=REPORTER)

        assert _canaries(rig.everything_stored())


# -- with a token


async def test_a_member_of_the_force_registers_a_tip_of_their_unit(rig: TipsRig) -> None:
    leader = rig.mint.headers(Role.TEAM_LEADER, UNIT)

    told = {"stream": "security_information", "received_at": "2026-11-01T07:30:00+07:00"}
    answer = await rig.submit(headers=leader, source="force_member", channel="force", **told)

    assert answer.status_code == 201
    assert answer.headers["pulse-position"] == f"tips.v1/{UNIT}/1"
    tip = (await rig.client.get(answer.headers["location"], headers=rig.officer)).json()
    assert (tip["source"], tip["received_at"]) == ("force_member", "2026-11-01T07:30:00+07:00")


# -- refusals


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"unit": "99999"}, "unit", "is not the code of a unit"),
        ({"unit": ...}, "unit", "is required"),
        ({"colour": "red"}, "colour", "is not a known field"),
        ({"text": 5}, "text", "must be a valid string"),
        ({"text": ""}, "text", "at least 1 character"),
        ({"stream": "rumour"}, "stream", "must be 'security_information' or 'crime_report'"),
        ({"happened_at": "2026-11-01T10:00:00"}, "happened_at", "must carry its offset"),
        ({"happened_at": "1999-12-31T23:59:59+07:00"}, "happened_at", "must not be before 2000"),
        ({"happened_at": (datetime.now(UTC) + timedelta(hours=2)).isoformat()}, "happened_at", "in the future"),
        ({"residential_group": "ông Nguyễn Văn A"}, "residential_group", "pattern"),
        ({"source": "force_member"}, "source", "must be citizen_anonymous or citizen_named without a token"),
        ({"received_at": "2026-11-01T10:00:00+07:00"}, "received_at", "with a token only"),
        ({"source": "citizen_named"}, "body", "a reporter belongs to"),
    ],
)
async def test_a_bad_report_is_refused_with_field_and_reason(
    rig: TipsRig, changes: dict[str, Any], field: str, reason: str
) -> None:
    answer = await rig.submit(**changes)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert reason in error["reason"]
    assert await rig.journal() == []


async def test_a_former_code_is_taken_where_one_unit_follows_and_else_offers_the_candidates(rig: TipsRig) -> None:
    split = await rig.submit(unit="00040")
    before_the_reform = await rig.submit(
        unit="00040",
        source="force_member",
        headers=rig.mint.headers(Role.ADMINISTRATOR, "*"),
        received_at="2025-03-01T08:00:00+07:00",
    )

    assert split.status_code == 422
    assert len(split.json()["candidates"]) > 1
    assert {"code", "name"} <= set(split.json()["candidates"][0])
    assert before_the_reform.status_code == 201


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b'{"unit": "00070",', {}, 400, "invalid-json"),
        (b"{}" + b" " * 1_000_001, {}, 413, "body-too-large"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "unsupported-media-type"),
        (b"{}", {"Authorization": "Bearer nonsense"}, 401, "unauthorised"),
        (b"{}", {"Authorization": "Basic bm9ib2R5"}, 401, "unauthorised"),
    ],
)
async def test_what_cannot_be_read_is_refused(
    rig: TipsRig, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    sent = {"Content-Type": "application/json", "Idempotency-Key": "k", **headers}

    answer = await rig.client.post("/v1/tips", content=content, headers=sent)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_report_needs_an_idempotency_key(rig: TipsRig) -> None:
    answer = await rig.client.post("/v1/tips", json=report())

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing")


async def test_a_tip_out_of_reach_looks_like_none(rig: TipsRig) -> None:
    tip = (await rig.submit(headers=rig.officer, source="media")).json()["id"]
    elsewhere = rig.mint.headers(Role.COMMUNE_OFFICER, OTHER)

    foreign = await rig.client.get(f"/v1/tips/{tip}", headers=elsewhere)
    absent = await rig.client.get(f"/v1/tips/{tip[:-4]}0000", headers=elsewhere)
    step = await rig.post(f"/v1/tips/{tip}/registration", headers=elsewhere)
    reported = await rig.submit(headers=elsewhere, source="media")

    assert foreign.status_code == absent.status_code == step.status_code == reported.status_code == 404
    assert _shape(foreign.json(), tip) == _shape(absent.json(), f"{tip[:-4]}0000") == _shape(step.json(), tip)
    assert reported.json()["code"] == "not-found"


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.INTEGRATOR, Role.TEAM_LEADER, Role.CITY_OPERATOR])
async def test_only_officers_read_tips(rig: TipsRig, role: Role) -> None:
    answer = await rig.client.get("/v1/tips", params={"unit": UNIT}, headers=rig.mint.headers(role, "*"))
    without = await rig.client.get("/v1/tips", params={"unit": UNIT})

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (without.status_code, without.json()["code"]) == (401, "unauthorised")


async def test_intake_answers_while_kafka_is_away(store_uri: str, tmp_path: Path) -> None:
    async with TipsRig.running(store_uri, tmp_path, relay=True) as rig:
        answer = await rig.submit()

        assert answer.status_code == 201
        assert (await rig.client.get("/health/ready")).status_code == 200


def test_neither_reporter_nor_report_shows_itself_where_errors_are_told() -> None:
    told = SubmitTip.model_validate(report(text=CANARY_NAME, reporter=REPORTER))

    assert told.reporter is not None
    assert not _canaries(f"{told} {told!r} {told.reporter.reporter()!r}".encode())


def _canaries(*places: bytes) -> list[bytes]:
    """The canaries that sing, whole or in part."""
    words = [b"Canary Nguyen", b"Bi Mat", b"0987-CANARY", b"CANARY-654"]
    return [word for word in words for place in places if word.lower() in place.lower()]


def _shape(problem: dict[str, Any], tip_id: str) -> dict[str, Any]:
    return {name: str(value).replace(tip_id, "<id>") for name, value in problem.items() if name != "correlation_id"}
