"""Messages to receipts that were never given: what they leave behind, and that a flood of them is slowed like any."""

import re
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from services.tips.abuse.budget import Budget
from services.tips.abuse.tickets import solve
from services.tips.app import intake_of
from services.tips.custody.vault import Vault
from services.tips.receipts import new_receipt
from services.tips.repository import RECEIPT_KEYS, RECEIPT_KEYS_KEPT
from services.tips.settings import TipsSettings
from shared.clock import FixedClock
from tests.integration.tips_rig import TipsRig
from tests.unit.test_tips_attachments import jpeg

NOW: Final = datetime.now(UTC).replace(minute=5, second=0, microsecond=0) - timedelta(hours=1)
TEXT: Final = "Tôi nhớ thêm một điều."
PICTURE: Final = b64encode(jpeg()).decode()


@asynccontextmanager
async def running(store_uri: str, directory: Path, *, burst: int) -> AsyncIterator[TipsRig]:
    """The service with a small budget for messages and a clock that the test sets."""
    async with TipsRig.running(store_uri, directory) as first:
        assert isinstance(first.runtime.settings, TipsSettings)
        intake = replace(intake_of(first.runtime.settings), message_budget=Budget(1.0, burst))
    async with TipsRig.running(store_uri, directory, intake=intake, clock=FixedClock(NOW)) as rig:
        yield rig


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[TipsRig]:
    async with running(store_uri, tmp_path, burst=1_000) as rig:
        yield rig


@pytest.fixture
async def strict(store_uri: str, tmp_path: Path) -> AsyncIterator[TipsRig]:
    async with running(store_uri, tmp_path, burst=2) as rig:
        yield rig


def pass_time(rig: TipsRig, seconds: float) -> None:
    assert isinstance(rig.runtime.clock, FixedClock)
    rig.runtime.clock.advance(timedelta(seconds=seconds))


async def known_receipt(rig: TipsRig) -> str:
    return str((await rig.submit()).json()["receipt"])


async def write(rig: TipsRig, receipt: str, **sent: Any) -> httpx.Response:
    return await rig.post("/v1/receipts/messages", {"receipt": receipt, "text": TEXT}, **sent)


async def show(rig: TipsRig, receipt: str, **sent: Any) -> httpx.Response:
    return await rig.post("/v1/receipts/attachments", {"receipt": receipt, "content": PICTURE}, **sent)


async def stored(rig: TipsRig) -> Counter[str]:
    store = rig.runtime.store
    names = await store.collection_names()
    return Counter({name: await store.collection(name).count_documents({}) for name in names})


async def left_behind(rig: TipsRig, receipt: str) -> Counter[str]:
    before = await stored(rig)
    answers = [await write(rig, receipt), await show(rig, receipt)]
    assert [answer.status_code for answer in answers] == [201, 201]
    return await stored(rig) - before


# -- what is left behind


async def test_a_guess_leaves_behind_nothing_but_a_key_that_is_forgotten_within_the_hour(rig: TipsRig) -> None:
    known = await known_receipt(rig)

    left = {known: await left_behind(rig, known), "guess": await left_behind(rig, new_receipt())}

    assert left["guess"] == {RECEIPT_KEYS: 2}
    assert left[known] == {RECEIPT_KEYS: 2, "messages": 1, "attachments": 1}
    indexes = await rig.runtime.store.collection(RECEIPT_KEYS).index_information()
    kept = [index["expireAfterSeconds"] for index in indexes.values() if "expireAfterSeconds" in index]
    assert kept == [RECEIPT_KEYS_KEPT.total_seconds()] == [3_600]


async def test_a_decoy_that_stayed_would_be_noticed(rig: TipsRig, monkeypatch: pytest.MonkeyPatch) -> None:
    def staying(self: Vault, envelope: Any, noted: Any, *, known: bool) -> Any:
        document = {**envelope.document(), **noted}

        async def write(session: Any) -> None:
            await self._decoys.insert_one(document, session=session)

        return write

    monkeypatch.setattr(Vault, "adding_if_known", staying)

    assert await left_behind(rig, new_receipt()) == {RECEIPT_KEYS: 2, "decoys": 2}


@pytest.mark.parametrize("ask", [write, show])
async def test_repeating_tells_a_known_receipt_from_no_other(rig: TipsRig, ask: Any) -> None:
    told = []
    for receipt in (await known_receipt(rig), new_receipt()):
        answers = [await ask(rig, receipt, key=f"of-{receipt}") for _ in range(2)]
        other = await rig.post("/v1/receipts/messages", {"receipt": receipt, "text": "x"}, key=f"m-{receipt}")
        reused = await rig.post("/v1/receipts/messages", {"receipt": receipt, "text": "y"}, key=f"m-{receipt}")
        told.append([_told(answer) for answer in (*answers, other, reused)])

    assert told[0] == told[1]
    assert told[0][1][2] == "true"


def _told(answer: httpx.Response) -> tuple[Any, ...]:
    body = {name: value for name, value in answer.json().items() if name != "correlation_id"}
    return answer.status_code, body, answer.headers.get("idempotency-replayed"), len(answer.content)


# -- the flood


async def flooded(rig: TipsRig, receipt: str, ask: Any) -> list[tuple[int, Any]]:
    """What a flood of messages is told, then one with proof, the same proof again, and one whose turn has come."""
    answers = [await ask(rig, receipt) for _ in range(4)]
    problem = answers[-1].json()
    proof = {"Pulse-Proof": solve(problem["challenge"], problem["bits"])}
    answers += [await ask(rig, receipt, headers=proof) for _ in range(2)]
    early = await ask(rig, receipt, headers={"Pulse-Proof": problem["turn"]})
    pass_time(rig, problem["wait_s"])
    for _ in range(2):  # what has become free by then
        await ask(rig, receipt)
    answers += [early, await ask(rig, receipt, headers={"Pulse-Proof": problem["turn"]})]
    return [(answer.status_code, answer.json().get("bits")) for answer in answers]


@pytest.mark.parametrize("ask", [write, show])
async def test_known_or_not_a_flood_is_slowed_exactly_alike_and_nobody_is_refused_for_good(
    store_uri: str, tmp_path: Path, ask: Any
) -> None:
    told = []
    for known in (True, False):
        async with running(store_uri, tmp_path, burst=2) as rig:
            receipt = await known_receipt(rig) if known else new_receipt()
            told.append(await flooded(rig, receipt, ask))

    assert told[0] == told[1]
    assert [status for status, _ in told[0]] == [201, 201, 429, 429, 201, 429, 429, 201]


async def test_without_the_gate_a_flood_of_guesses_would_leave_as_many_keys(rig: TipsRig, strict: TipsRig) -> None:
    left = []
    for each in (rig, strict):
        before = await stored(each)
        for _ in range(6):
            await write(each, new_receipt())
        left.append(await stored(each) - before)

    assert left == [{RECEIPT_KEYS: 6}, {RECEIPT_KEYS: 2}]


async def test_guesses_keep_no_reporter_from_writing_and_nobody_from_reporting(strict: TipsRig) -> None:
    receipt = await known_receipt(strict)
    for _ in range(5):
        await write(strict, new_receipt())

    problem = (await write(strict, receipt)).json()
    taken = await write(strict, receipt, headers={"Pulse-Proof": solve(problem["challenge"], problem["bits"])})

    assert (problem["code"], taken.status_code) == ("proof-wanted", 201)
    assert (await strict.submit()).status_code == 201
    read = await strict.post("/v1/receipts/dialogue", {"receipt": receipt})
    assert [message["text"] for message in read.json()["messages"]] == [TEXT]


async def test_what_was_answered_before_is_answered_again_without_proof(strict: TipsRig) -> None:
    receipt = await known_receipt(strict)
    first = await write(strict, receipt, key="same")
    for _ in range(5):
        await write(strict, new_receipt())

    again = await write(strict, receipt, key="same")

    assert (again.status_code, again.headers["idempotency-replayed"]) == (first.status_code, "true")


async def test_proof_for_a_report_is_none_for_a_message(strict: TipsRig) -> None:
    parts = strict.app.state.parts
    now_s = strict.runtime.clock.now().timestamp()
    cheap = parts.gate.wanted(now_s)
    for _ in range(3):
        await write(strict, new_receipt())

    answer = await write(strict, new_receipt(), headers={"Pulse-Proof": solve(cheap.challenge, cheap.bits)})

    assert answer.status_code == 429


# -- the pages


async def test_the_page_keeps_what_was_typed_and_sends_it_after_the_wait(strict: TipsRig) -> None:
    receipt = await known_receipt(strict)
    for _ in range(3):
        await write(strict, new_receipt())
    typed = {"receipt": receipt, "answer": TEXT, "lang": "en"}

    asked = await strict.client.post("/report/messages", data=typed)
    hidden = _hidden(asked, "write")
    pass_time(strict, _wait_s(asked))
    sent = await strict.client.post("/report/messages", data=typed | hidden)

    assert (asked.status_code, sent.status_code) == (429, 200)
    assert f"\n{TEXT}</textarea>" in asked.text
    assert "script-src 'self'" in asked.headers["content-security-policy"]
    assert '<script src="proof.js" defer>' in asked.text
    assert (TEXT in sent.text, "Sent." in sent.text) == (True, True)


async def test_the_page_asks_to_choose_the_picture_again_after_the_wait(strict: TipsRig) -> None:
    receipt = await known_receipt(strict)
    for _ in range(3):
        await write(strict, new_receipt())
    files = {"picture": ("a.jpg", jpeg(), "image/jpeg")}

    asked = await strict.client.post("/report/pictures", data={"receipt": receipt, "lang": "en"}, files=files)
    pass_time(strict, _wait_s(asked))
    taken = await strict.client.post("/report/pictures", data=_hidden(asked, "picture"), files=files)

    assert (asked.status_code, "Choose it again" in asked.text, "<script" in asked.text) == (429, True, False)
    assert (taken.status_code, "The picture has come in." in taken.text) == (200, True)


def _hidden(answer: httpx.Response, form: str) -> dict[str, str]:
    (inside,) = [each for each in re.findall(r"<form.*?</form>", answer.text, re.DOTALL) if f'id="{form}"' in each]
    return dict(re.findall(r'type="hidden" name="(\w+)"[^>]*? value="([^"]*)"', inside))


def _wait_s(answer: httpx.Response) -> float:
    (seconds,) = re.findall(r"in (\d+) seconds", answer.text)
    return float(seconds)
