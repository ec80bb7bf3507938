"""Officers see in the worklist that a reporter wrote or sent something, until somebody has read it at the desk."""

from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.security import Role
from tests.integration.tips_desk_rig import DeskRig
from tests.integration.tips_rig import OTHER, UNIT
from tests.unit.test_tips_attachments import exif, jpeg


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[DeskRig]:
    async with DeskRig.running(store_uri, tmp_path) as rig:
        yield rig


async def worklist(rig: DeskRig, unit: str = UNIT, **query: bool) -> dict[str, list[str]]:
    """By tip the ids to which reporters wrote what nobody has read, in the order of the list."""
    headers = rig.intake.mint.headers(Role.COMMUNE_OFFICER, unit)
    answer = await rig.intake.client.get("/v1/worklist", params={"unit": unit, **query}, headers=headers)
    assert answer.status_code == 200, answer.text
    return {tip["id"]: tip["unread_in"] for tip in answer.json()["items"]}


async def submitted(rig: DeskRig, **changes: object) -> tuple[str, str]:
    """The receipt and the id of a report that an officer entered."""
    answer = await rig.intake.submit(headers=rig.officer, source="citizen_anonymous", **changes)
    assert answer.status_code == 201, answer.text
    return answer.json()["receipt"], answer.json()["id"]


async def write(rig: DeskRig, receipt: str) -> None:
    sent = await rig.intake.post("/v1/receipts/messages", {"receipt": receipt, "text": "29-X1 234.56"})
    assert sent.status_code == 201, sent.text


async def test_a_message_shows_in_the_worklist_until_it_is_read(rig: DeskRig) -> None:
    receipt, tip = await submitted(rig)
    _, other = await submitted(rig)
    await rig.post(f"/v1/tips/{tip}/messages", {"text": "Biển số xe là gì?"})
    asked = await worklist(rig)
    await write(rig, receipt)

    answered, narrowed = await worklist(rig), await worklist(rig, unread=True)
    await rig.get(f"/v1/tips/{tip}/dialogue")

    assert asked == {tip: [], other: []}
    assert (answered, narrowed) == ({tip: [tip], other: []}, {tip: [tip]})
    assert (await worklist(rig), await worklist(rig, unread=True)) == (asked, {})
    await write(rig, receipt)
    assert await worklist(rig, unread=True) == {tip: [tip]}


async def test_each_page_of_a_dialogue_is_read_for_itself(rig: DeskRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.tips.desk.handlers.PAGE", 2)
    receipt, tip = await submitted(rig)
    for _ in range(3):
        await write(rig, receipt)

    first = await rig.get(f"/v1/tips/{tip}/dialogue")
    after_first = await worklist(rig)
    await rig.get(f"/v1/tips/{tip}/dialogue", after=first.json()["next"])

    assert (after_first, await worklist(rig)) == ({tip: [tip]}, {tip: []})


async def test_a_picture_shows_until_it_is_read(rig: DeskRig) -> None:
    receipt, tip = await submitted(rig)
    body = {"receipt": receipt, "content": b64encode(jpeg(exif(6))).decode()}
    assert (await rig.intake.post("/v1/receipts/attachments", body)).status_code == 201

    await rig.get(f"/v1/tips/{tip}/dialogue")
    sent = await worklist(rig)
    await rig.get(f"/v1/tips/{tip}/attachments/0")

    assert (sent, await worklist(rig)) == ({tip: [tip]}, {tip: []})


async def test_who_wrote_on_a_merged_or_a_closed_case_is_seen_too(rig: DeskRig) -> None:
    _, tip = await submitted(rig, stream="security_information")
    receipt, copy = await submitted(rig, stream="security_information")
    assert (await rig.intake.step(copy, "merge", {"into": tip})).status_code == 200
    await write(rig, receipt)

    merged = await worklist(rig)
    for step in ("registration", "closing"):
        assert (await rig.intake.step(tip, step)).status_code == 200
    closed, narrowed = await worklist(rig), await worklist(rig, unread=True)

    assert merged == {tip: [copy]}
    assert (closed, narrowed) == ({}, {tip: [copy]})
    assert await worklist(rig, unit=OTHER, unread=True) == {}


async def test_what_is_shredded_waits_for_nobody(rig: DeskRig) -> None:
    receipt, tip = await submitted(rig)
    await write(rig, receipt)

    await rig.post(f"/v1/tips/{tip}/shredding", {"reason": "QD-17/2026"}, by=rig.custodian)

    assert await worklist(rig) == {tip: []}


async def test_what_waits_in_one_commune_hides_nothing_in_another(
    rig: DeskRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.tips.custody.vault.MOST_UNREAD", 2)
    there = rig.intake.mint.headers(Role.ADMINISTRATOR, OTHER)
    flooded = await rig.intake.submit(headers=there, source="citizen_anonymous", unit=OTHER)
    for _ in range(2):
        await write(rig, flooded.json()["receipt"])
    receipt, tip = await submitted(rig)

    await write(rig, receipt)

    assert await worklist(rig, unread=True) == {tip: [tip]}
