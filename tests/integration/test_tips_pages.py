"""The pages for reporters as forms over HTTP: nothing kept in the browser, nothing sent twice, nothing leaked."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.tips.receipts import new_receipt
from shared.errors import IdempotencyInProgress
from shared.store.client import StoreUnavailable
from tests.integration.tips_desk_rig import DeskRig
from tests.integration.tips_rig import UNIT, TipsRig
from tests.unit.test_tips_attachments import jpeg

GOOD = {"stream": "crime_report", "category": "theft", "text": "Mất xe máy lúc nửa đêm", "place": "hoan kiem"}
ADDRESSES = ("/report", "/report?lang=en", "/report/receipt", "/report/receipt?lang=en")


@pytest.fixture
async def desk(store_uri: str, tmp_path: Path) -> AsyncIterator[DeskRig]:
    async with DeskRig.running(store_uri, tmp_path) as desk:
        yield desk


@pytest.fixture
def rig(desk: DeskRig) -> TipsRig:
    return desk.intake


async def opened(rig: TipsRig) -> dict[str, str]:
    """What the form carries unseen."""
    shown = await rig.client.get("/report")
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown.text))


def receipt_in(answer: httpx.Response) -> str:
    (grouped,) = re.findall(r'id="receipt">([^<]+)<', answer.text)
    return str(grouped)


async def sent(rig: TipsRig, **typed: str) -> str:
    answer = await rig.client.post("/report", data=await opened(rig) | GOOD | typed)
    assert answer.status_code == 201, answer.text
    return receipt_in(answer)


@pytest.mark.parametrize("address", ADDRESSES)
async def test_pages_leave_nothing_behind_and_fetch_nothing_from_elsewhere(rig: TipsRig, address: str) -> None:
    shown = await rig.client.get(address, headers={"Accept-Language": "vi"})

    assert (shown.status_code, shown.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert shown.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert "unsafe" not in shown.headers["content-security-policy"]
    assert "set-cookie" not in shown.headers
    assert f'<html lang="{"en" if "en" in address else "vi"}">' in shown.text
    assert re.findall(r'(?:src|href|action)="(?:https?:|//|/)', shown.text) == []
    assert "<style" not in shown.text
    assert " style=" not in shown.text
    style = await rig.client.get("/report/report.css")
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")


async def test_a_report_by_form_is_a_tip_like_any_other(rig: TipsRig) -> None:
    receipt = await sent(rig, happened_at="2026-11-01T22:15", residential_group="TDP-07")

    tip = await rig.only_tip()
    assert (tip["unit"], tip["stream"], tip["category"], tip["channel"]) == (UNIT, "crime_report", "theft", "web")
    assert (tip["source"], tip["residential_group"]) == ("citizen_anonymous", "TDP-07")
    standing = await rig.post("/v1/receipts/status", {"receipt": receipt})
    assert standing.json() == {"status": "received"}
    assert receipt.replace("-", "").encode() not in rig.everything_stored()


async def test_what_is_wrong_is_shown_and_what_was_typed_is_kept(rig: TipsRig) -> None:
    answer = await rig.client.post(
        "/report", data=await opened(rig) | GOOD | {"place": "xyzzy", "name": "Bà <Tư>", "lang": "en"}
    )

    assert answer.status_code == 422
    assert "No commune of this name was found" in answer.text
    assert "Mất xe máy lúc nửa đêm</textarea>" in answer.text
    assert 'value="Bà &lt;Tư&gt;"' in answer.text
    assert await rig.journal() == []


async def test_a_place_of_several_is_chosen_from_a_list(rig: TipsRig) -> None:
    hidden = await opened(rig)

    several = await rig.client.post("/report", data=hidden | GOOD | {"place": "dong xuan"})
    codes = re.findall(r'name="unit" value="(\d+)"', several.text)
    chosen = {"place": "dong xuan", "asked_place": "dong xuan", "unit": codes[0]}
    answer = await rig.client.post("/report", data=hidden | GOOD | chosen)

    assert several.status_code == 422
    assert len(codes) > 1
    assert answer.status_code == 201


async def test_the_language_is_switched_without_losing_what_was_typed(rig: TipsRig) -> None:
    answer = await rig.client.post("/report", data=await opened(rig) | GOOD | {"switch": "en"})

    assert answer.status_code == 200
    assert '<html lang="en">' in answer.text
    assert "Mất xe máy lúc nửa đêm</textarea>" in answer.text
    assert await rig.journal() == []


# -- once


async def test_a_form_sent_again_is_one_tip_with_the_same_receipt(rig: TipsRig) -> None:
    form = await opened(rig) | GOOD

    first, again = [await rig.client.post("/report", data=form) for _ in range(2)]

    assert receipt_in(first) == receipt_in(again)
    assert len(await rig.told()) == 1


async def test_a_form_pressed_twice_at_once_is_one_tip(rig: TipsRig) -> None:
    form = await opened(rig) | GOOD

    answers = await asyncio.gather(*(rig.client.post("/report", data=form) for _ in range(4)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({receipt_in(answer) for answer in answers}) == 1
    assert len(await rig.told()) == 1


async def test_without_the_key_of_the_form_a_reload_would_make_two_tips(rig: TipsRig) -> None:
    form = {name: value for name, value in (await opened(rig) | GOOD).items() if name != "form_key"}

    first, again = [await rig.client.post("/report", data=form) for _ in range(2)]

    assert receipt_in(first) != receipt_in(again)
    assert len([event for event in await rig.told() if event["type"] == "tip.received.v1"]) == 2


async def test_another_report_from_the_same_form_is_offered_to_be_sent(rig: TipsRig) -> None:
    form = await opened(rig) | GOOD
    await rig.client.post("/report", data=form)

    asked = await rig.client.post("/report", data=form | {"text": "Một việc khác"})

    assert asked.status_code == 409
    fresh = dict(re.findall(r'name="(form_key)" value="([^"]*)"', asked.text))
    answer = await rig.client.post("/report", data=form | {"text": "Một việc khác"} | fresh)
    assert answer.status_code == 201


@pytest.mark.parametrize("error", [StoreUnavailable("away"), IdempotencyInProgress("twin")])
async def test_a_report_that_cannot_be_saved_now_stays_in_the_form(
    rig: TipsRig, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    form = await opened(rig) | GOOD

    async def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("services.tips.routes.report_page.take_in", fail)
    monkeypatch.setattr("services.tips.routes.report_page.TWIN_WAIT_S", 0.0)
    answer = await rig.client.post("/report", data=form)

    assert answer.status_code == 503
    assert form["form_key"] in answer.text
    assert "Mất xe máy lúc nửa đêm</textarea>" in answer.text


# -- with the receipt


async def test_reporter_reads_the_question_and_answers(desk: DeskRig, rig: TipsRig) -> None:
    receipt = await sent(rig)
    tip = (await rig.only_tip())["id"]
    await desk.post(f"/v1/tips/{tip}/messages", {"text": "Xe màu gì?"})

    shown = await rig.client.post("/report/receipt", data={"receipt": receipt.lower()})
    key = dict(re.findall(r'name="(form_key)" value="([^"]*)"', shown.text))
    form = {"receipt": receipt, "answer": "Màu đỏ, <b>rất</b> cũ"} | key
    answers = [await rig.client.post("/report/messages", data=form) for _ in range(2)]

    assert "Xe màu gì?" in shown.text
    assert "Màu đỏ, &lt;b&gt;rất&lt;/b&gt; cũ</p>" in answers[0].text
    assert answers[0].text.count("<li class") == answers[1].text.count("<li class") == 2
    dialogue = await desk.get(f"/v1/tips/{tip}/dialogue")
    assert [message["text"] for message in dialogue.json()["messages"]] == ["Xe màu gì?", "Màu đỏ, <b>rất</b> cũ"]


async def test_reporter_adds_a_picture_without_what_it_tells_beside_itself(desk: DeskRig, rig: TipsRig) -> None:
    receipt = await sent(rig)
    files = {"picture": ("CANARY.jpg", jpeg(), "text/plain")}

    taken = await rig.client.post("/report/pictures", data={"receipt": receipt}, files=files)
    refused = await rig.client.post("/report/pictures", data={"receipt": receipt}, files={"picture": ("a", b"GIF89a")})
    none = await rig.client.post("/report/pictures", data={"receipt": receipt})

    assert (taken.status_code, refused.status_code, none.status_code) == (200, 422, 422)
    assert 'id="picture-fault"' in refused.text
    tip = (await rig.only_tip())["id"]
    assert len((await desk.get(f"/v1/tips/{tip}/attachments")).json()["items"]) == 1
    assert b"CANARY" not in rig.everything_stored()


async def test_an_unknown_receipt_is_answered_in_the_same_form(rig: TipsRig) -> None:
    known = await rig.client.post("/report/receipt", data={"receipt": await sent(rig)})
    unknown = await rig.client.post("/report/receipt", data={"receipt": new_receipt()})

    assert known.status_code == unknown.status_code == 200
    assert _shape(known.text) == _shape(unknown.text)
    assert len(known.content) == len(unknown.content)
    written = await rig.client.post("/report/messages", data={"receipt": new_receipt(), "answer": "x"})
    assert (written.status_code, "Đã gửi." in written.text) == (200, True)


@pytest.mark.parametrize(("receipt", "fault"), [("", "Mục này cần được điền"), ("0000-0000", "viết chưa đúng")])
async def test_a_mistyped_receipt_is_told(rig: TipsRig, receipt: str, fault: str) -> None:
    for address in ("/report/receipt", "/report/messages", "/report/pictures"):
        answer = await rig.client.post(address, data={"receipt": receipt, "answer": "x"})

        assert (answer.status_code, fault in answer.text) == (422, True)


async def test_an_empty_or_endless_answer_is_told_and_kept(rig: TipsRig) -> None:
    receipt = await sent(rig)

    empty = await rig.client.post("/report/messages", data={"receipt": receipt, "answer": " "})
    endless = await rig.client.post("/report/messages", data={"receipt": receipt, "answer": "y" * 5_001})

    assert (empty.status_code, "cần được điền" in empty.text) == (422, True)
    assert (endless.status_code, "y" * 5_001 in endless.text) == (422, True)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"half", "multipart/form-data; boundary=x"),
        (b"half", "multipart/form-data"),
        (b"", "text/plain"),
    ],
)
async def test_what_is_no_form_is_refused_politely(rig: TipsRig, content: bytes, kind: str) -> None:
    for address in ("/report", "/report/receipt", "/report/messages", "/report/pictures"):
        answer = await rig.client.post(address, content=content, headers={"Content-Type": kind})

        assert answer.status_code == 422, (address, answer.text)


def _shape(html: str) -> str:
    """A page without what differs from one showing to the next: keys, the receipt, the state, and what fills it up."""
    html = re.sub(r'value="[^"]*"', "", html)
    return re.sub(r'id="standing">[^<]*<', "", html).rstrip()
