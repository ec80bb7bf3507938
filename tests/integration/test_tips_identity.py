"""A name is opened by three: whoever asks with a reason, whoever decides, and the custodian with a key of their own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.tips.custodians import open_identity
from shared.errors import DomainError
from shared.security import Role
from tests.integration.test_tips_imports import tip_record
from tests.integration.tips_desk_rig import DeskRig
from tests.integration.tips_rig import UNIT

TEXT = "Mất xe máy trước cổng chợ lúc nửa đêm."
REPORTER = {"name": "Nguyễn Thị Chứng", "contact": "0912 345 678"}


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[DeskRig]:
    async with DeskRig.running(store_uri, tmp_path) as rig:
        yield rig


async def test_a_name_is_opened_with_a_reason_a_second_person_and_the_custodians_key(rig: DeskRig) -> None:
    _, tip = await rig.submitted(text=TEXT, reporter=REPORTER)

    wish = (await rig.post("/v1/identity-requests", {"tip": tip, "reason": "Điều 56"})).json()
    early = await _opened(rig, wish["id"])
    reason = await rig.get(f"/v1/identity-requests/{wish['id']}/reason", by=rig.custodian)
    alone = await rig.post(f"/v1/identity-requests/{wish['id']}/approval", by=rig.officer)
    approved = await rig.post(f"/v1/identity-requests/{wish['id']}/approval", by=rig.custodian)
    opened = await _opened(rig, wish["id"])

    assert "opens nothing" in early
    assert (reason.status_code, reason.json()["reason"]) == (200, "Điều 56")
    assert alone.status_code == 403
    assert approved.json()["status"] == "approved"
    assert opened == "Nguyễn Thị Chứng, 0912 345 678"
    actions = [(entry["action"], entry["actor"]) for entry in await rig.audit()]
    assert actions == [
        ("identity_requested", "officer"),
        ("identity_reason_read", "custodian"),
        ("identity_approved", "custodian"),
        ("identity_opened", "me"),
    ]
    assert "Chứng" not in (await rig.get(f"/v1/identity-requests/{wish['id']}")).text


async def test_each_request_has_its_own_reason_which_lies_nowhere_in_clear_and_goes_with_the_tip(rig: DeskRig) -> None:
    _, tip = await rig.submitted(text=TEXT, reporter=REPORTER)
    reasons = ["Bà Tư khai khác", "Ông Ba cũng vậy"]
    asked = [await rig.post("/v1/identity-requests", {"tip": tip, "reason": each}) for each in reasons]
    paths = [f"/v1/identity-requests/{answer.json()['id']}" for answer in asked]

    read = [(await rig.get(f"{path}/reason", by=rig.custodian)).json()["reason"] for path in paths]
    listed = await rig.get("/v1/identity-requests", unit=UNIT)
    stored = rig.intake.everything_stored()
    await rig.post(f"/v1/tips/{tip}/shredding", {"reason": "QD-17/2026"}, by=rig.custodian)
    gone = [await rig.get(f"{path}/reason", by=rig.custodian) for path in paths]

    assert read == reasons
    told = "".join([listed.text, *(answer.text for answer in asked)])
    assert not [reason for reason in reasons if reason in told or reason.encode() in stored]
    assert [(answer.status_code, answer.json()["code"]) for answer in gone] == [(410, "shredded")] * 2


async def test_whoever_asked_cannot_approve_whatever_their_role(rig: DeskRig) -> None:
    _, tip = await rig.submitted(reporter=REPORTER)
    administrator = rig.intake.mint.headers(Role.ADMINISTRATOR, "01", subject="boss")
    wish = (await rig.post("/v1/identity-requests", {"tip": tip, "reason": "x"}, by=administrator)).json()

    refused = await rig.post(f"/v1/identity-requests/{wish['id']}/approval", by=administrator)

    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await rig.get(f"/v1/identity-requests/{wish['id']}")).json()["status"] == "requested"


async def test_nobody_is_asked_for_where_nobody_is_named(rig: DeskRig) -> None:
    _, tip = await rig.submitted()

    refused = await rig.post("/v1/identity-requests", {"tip": tip, "reason": "x"})

    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "tip")


async def _opened(rig: DeskRig, request: str) -> str:
    try:
        reporter = await open_identity(rig.settings, request, rig.custodian_key_file, actor="me", database=rig.database)
    except DomainError as refusal:
        return str(refusal)
    return f"{reporter.name}, {reporter.contact}"


async def test_a_name_from_a_book_without_a_text_can_be_asked_for(rig: DeskRig) -> None:
    tip = await from_a_book(rig)

    wish = await rig.post("/v1/identity-requests", {"tip": tip, "reason": "Điều 56"})
    reason = await rig.get(f"/v1/identity-requests/{wish.json()['id']}/reason", by=rig.custodian)
    await rig.post(f"/v1/tips/{tip}/shredding", {"reason": "QD-17/2026"}, by=rig.custodian)
    gone = await rig.post("/v1/identity-requests", {"tip": tip, "reason": "Điều 56"})

    assert (wish.status_code, reason.json()["reason"], gone.status_code) == (201, "Điều 56", 410)


async def from_a_book(rig: DeskRig) -> str:
    record = tip_record("book-1", source="citizen_named", reporter={"name": "Nguyễn Văn A", "contact": "0900 000 000"})
    headers = rig.intake.mint.headers(Role.INTEGRATOR, UNIT)
    answer = await rig.intake.client.post("/v1/imports", json={"records": [record]}, headers=headers)
    return str(answer.json()["outcomes"][0]["id"])
