"""Officers find tips by what they tell: opened for the length of a request, written down, and indexed nowhere."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from services.tips.custody.keys import PrivateKeys
from services.tips.custody.opening import Opener
from services.tips.desk import searching
from services.tips.desk.handlers import deed
from tests.integration.tips_desk_rig import DeskRig
from tests.integration.tips_rig import OTHER, UNIT

TEXT: Final = "Chiếc xe đỏ của ông Bảy Lành mất trước cổng chợ."
REPORTER: Final = {"name": "Ông Tám Kín", "contact": "0912 345 678"}


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[DeskRig]:
    async with DeskRig.running(store_uri, tmp_path) as rig:
        yield rig


async def searched(rig: DeskRig, words: str, **narrowed: Any) -> httpx.Response:
    return await rig.post("/v1/search", {"unit": UNIT, "words": words, **narrowed})


async def found(rig: DeskRig, words: str, **narrowed: Any) -> dict[str, list[str]]:
    answer = await searched(rig, words, **narrowed)
    assert answer.status_code == 200, answer.text
    return {each["tip"]["id"]: each["found_in"] for each in answer.json()["found"]}


async def test_a_tip_is_found_by_what_it_tells_wherever_it_was_told(rig: DeskRig) -> None:
    receipt, tip = await rig.submitted(text=TEXT, reporter=REPORTER)
    await rig.intake.post("/v1/receipts/messages", {"receipt": receipt, "text": "Người lạ đội mũ xanh."})
    await rig.intake.step(tip, "registration")
    await rig.intake.step(tip, "verification", {"note": "Đã hỏi bà Tư."})
    await rig.intake.submit(text="Chuyện khác ở xóm trên.")

    assert await found(rig, "xe do bay lanh") == {tip: ["content"]}
    assert await found(rig, "Lành CỔNG") == {tip: ["content"]}
    assert await found(rig, "mũ xanh") == {tip: ["message"]}
    assert await found(rig, "bà tư") == {tip: ["note"]}
    assert await found(rig, "xe mũ") == {}  # in one piece, not here and there
    assert await found(rig, "xe đỏ", stream="security_information") == {}
    assert await found(rig, "Tám Kín") == {}  # who gave it opens here for nobody
    assert await found(rig, "345 678") == {}


async def test_a_search_is_written_down_without_its_words_and_leaves_nothing_of_what_it_opened(rig: DeskRig) -> None:
    _, tip = await rig.submitted(text=TEXT)

    await found(rig, "Bảy Lành")

    (entry,) = await rig.audit()
    assert (entry["action"], entry["actor"], entry["about"]) == (
        "searched", "officer", f"{UNIT}, looked through 1, found: {tip}",
    )  # fmt: skip
    assert kept_in_clear(rig) == []


async def test_words_that_were_written_down_would_be_found(rig: DeskRig, monkeypatch: pytest.MonkeyPatch) -> None:
    await rig.submitted(text=TEXT)
    monkeypatch.setattr(searching, "deed", lambda action, caller, about: deed(action, caller, about="Bảy Lành"))

    await found(rig, "Bảy Lành")

    assert kept_in_clear(rig) == ["Bảy Lành"]


def kept_in_clear(rig: DeskRig) -> list[str]:
    stored = rig.intake.everything_stored()
    return [each for each in ("Bảy Lành", "bay lanh", "xe đỏ", "xe do") if each.encode() in stored]


async def test_another_commune_is_searched_by_nobody_from_here(rig: DeskRig) -> None:
    answers = [await searched(rig, "xe", unit=unit) for unit in (OTHER, "99999")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["detail"].replace(OTHER, "…") == answers[1].json()["detail"].replace("99999", "…")
    assert await rig.audit() == []


async def test_a_search_goes_on_where_it_stopped(rig: DeskRig, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        await rig.intake.submit(text=TEXT, happened_at=f"2026-03-0{n + 1}T09:00:00+07:00")
    monkeypatch.setattr(searching, "LOOKED_THROUGH", 2)

    first = (await searched(rig, "xe")).json()
    rest = (await searched(rig, "xe", cursor=first["next"])).json()

    assert ([len(page["found"]) for page in (first, rest)], rest["next"]) == ([2, 1], None)
    assert len({each["tip"]["id"] for page in (first, rest) for each in page["found"]}) == 3


async def test_what_is_shredded_is_found_no_more_and_what_is_sealed_elsewhere_is_counted(rig: DeskRig) -> None:
    _, tip = await rig.submitted(text=TEXT)
    parts = rig.app.state.parts
    rig.app.state.parts = replace(parts, opener=Opener(parts.opener.vault, PrivateKeys([X25519PrivateKey.generate()])))
    elsewhere = (await searched(rig, "xe")).json()
    rig.app.state.parts = parts
    here = (await searched(rig, "xe")).json()
    await rig.post(f"/v1/tips/{tip}/shredding", {"reason": "QD-17/2026"}, by=rig.custodian)

    gone = (await searched(rig, "xe")).json()

    told = [(len(each["found"]), each["looked"], each["unread"]) for each in (elsewhere, here, gone)]
    assert told == [(0, 1, 1), (1, 1, 0), (0, 1, 0)]


async def test_words_of_no_letter_are_refused(rig: DeskRig) -> None:
    await rig.submitted(text=TEXT)

    refused = await searched(rig, "?!…")

    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "words")
    assert "?!" not in refused.text
