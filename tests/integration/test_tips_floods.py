"""A flood of reports against a real store: what is asked for, what is one case, and that nobody is refused for good."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from services.tips.abuse.budget import Budget
from services.tips.abuse.tickets import solve
from services.tips.app import intake_of
from services.tips.settings import TipsSettings
from shared.clock import FixedClock
from tests.integration.tips_rig import OTHER, TipsRig, report

NOW: Final = datetime.now(UTC).replace(minute=5, second=0, microsecond=0) - timedelta(hours=1)
TEXT: Final = "Tụ tập đua xe trước cổng chợ lúc nửa đêm."


@asynccontextmanager
async def running(
    store_uri: str, directory: Path, *, burst: int = 1_000, window_s: int = 3_600
) -> AsyncIterator[TipsRig]:
    """The service with a small budget and a clock that the test sets."""
    async with TipsRig.running(store_uri, directory) as first:
        assert isinstance(first.runtime.settings, TipsSettings)
        intake = intake_of(first.runtime.settings)
    intake = replace(intake, budget=Budget(1.0, burst), repeat_window_s=window_s)
    async with TipsRig.running(store_uri, directory, intake=intake, clock=FixedClock(NOW)) as rig:
        yield rig


@pytest.fixture
async def strict(store_uri: str, tmp_path: Path) -> AsyncIterator[TipsRig]:
    async with running(store_uri, tmp_path, burst=1) as rig:
        await rig.submit(text=f"Một việc khác {uuid4()}")
        yield rig


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[TipsRig]:
    async with running(store_uri, tmp_path) as rig:
        yield rig


def pass_time(rig: TipsRig, seconds: float) -> None:
    assert isinstance(rig.runtime.clock, FixedClock)
    rig.runtime.clock.advance(timedelta(seconds=seconds))


def received(events: list[dict[str, Any]]) -> int:
    """How many tips count after these events."""
    return sum((event["data"]["is"] is not None) - (event["data"]["was"] is not None) for event in events)


# -- the budget


async def test_above_the_budget_a_report_is_taken_with_proof_and_the_proof_is_good_once(strict: TipsRig) -> None:
    asked = await strict.submit()
    problem = asked.json()
    proof = {"Pulse-Proof": solve(problem["challenge"], problem["bits"])}

    taken, again = [await strict.submit(text=f"{TEXT} {uuid4()}", headers=proof) for _ in range(2)]

    assert (asked.status_code, problem["code"], asked.headers["retry-after"]) == (429, "proof-wanted", "10")
    assert taken.status_code == 201
    assert (again.status_code, again.json()["code"]) == (429, "proof-wanted")
    assert len([event for event in await strict.told() if event["type"] == "tip.received.v1"]) == 2


async def test_a_proof_that_two_reports_use_at_once_lets_in_one(strict: TipsRig) -> None:
    problem = (await strict.submit()).json()
    proof = {"Pulse-Proof": solve(problem["challenge"], problem["bits"])}

    answers = await asyncio.gather(*(strict.submit(text=f"{TEXT} {uuid4()}", headers=proof) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [201, 429, 429, 429]


async def test_a_proof_that_was_not_noted_as_used_would_let_in_a_flood(
    strict: TipsRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgetful(_: Any) -> None: ...

    monkeypatch.setattr("services.tips.abuse.gate.SpentTickets.spending", lambda *_: forgetful)
    problem = (await strict.submit()).json()
    proof = {"Pulse-Proof": solve(problem["challenge"], problem["bits"])}

    answers = [await strict.submit(text=f"{TEXT} {uuid4()}", headers=proof) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 201]


async def test_neither_callers_with_a_token_nor_repeated_answers_are_asked(strict: TipsRig) -> None:
    problem = (await strict.submit()).json()
    proof = {"Pulse-Proof": solve(problem["challenge"], problem["bits"])}
    first = await strict.post("/v1/tips", report(), headers=proof, key="same")

    again = await strict.post("/v1/tips", report(), key="same")
    officers = [await strict.submit(headers=strict.officer, source="media") for _ in range(3)]

    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    assert [answer.status_code for answer in officers] == [201, 201, 201]


async def test_the_page_without_javascript_lets_in_after_waiting_what_it_says(strict: TipsRig) -> None:
    typed = {"stream": "crime_report", "category": "theft", "text": TEXT, "place": "hoan kiem", "lang": "en"}

    asked = await strict.client.post("/report", data=typed)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)"[^>]*? value="([^"]*)"', asked.text))
    early = await strict.client.post("/report", data=typed | hidden)
    (wait_s,) = re.findall(r"again in (\d+) seconds", asked.text)
    pass_time(strict, float(wait_s))
    taken = await strict.client.post("/report", data=typed | hidden)
    reloaded = await strict.client.post("/report", data=typed | hidden)

    assert (asked.status_code, early.status_code, taken.status_code) == (429, 429, 201)
    assert TEXT in asked.text
    assert hidden["proof"] in early.text
    assert "script-src 'self'" in asked.headers["content-security-policy"]
    assert reloaded.status_code == 201


# -- the same report again


async def test_a_flood_of_one_report_is_one_case_that_tells_how_often(rig: TipsRig) -> None:
    spellings = [TEXT, TEXT.upper(), f"  {TEXT}  ", TEXT.replace(".", "!!!"), TEXT]

    answers = [await rig.submit(text=text) for text in spellings]

    receipts = {answer.json()["receipt"] for answer in answers}
    assert len(receipts) == 5
    assert received(await rig.told()) == 1
    listed = (await rig.client.get("/v1/worklist", params={"unit": "00070"}, headers=rig.officer)).json()["items"]
    assert [tip["repeated"] for tip in listed] == [4]
    await rig.step(listed[0]["id"], "registration")
    states = [(await rig.post("/v1/receipts/status", {"receipt": receipt})).json() for receipt in receipts]
    assert states == [{"status": "registered"}] * 5


async def test_a_flood_at_once_refuses_nobody_and_is_one_case(rig: TipsRig) -> None:
    answers = await asyncio.gather(*(rig.submit(text=TEXT) for _ in range(12)))

    assert {answer.status_code for answer in answers} == {201}
    assert received(await rig.told()) == 1


async def test_without_comparing_a_flood_would_be_as_many_cases(store_uri: str, tmp_path: Path) -> None:
    async with running(store_uri, tmp_path, window_s=0) as rig:
        for _ in range(4):
            await rig.submit(text=TEXT)

        assert received(await rig.told()) == 4


@pytest.mark.parametrize(
    "other",
    [
        {"text": TEXT.replace("đua xe", "đánh nhau")},
        {"category": "traffic"},
        {"residential_group": "TDP-07"},
        {"happened_at": "2026-11-01T23:00:00+07:00"},
        {"reporter": {"name": "Bà Tư", "contact": "0900"}},
    ],
)
async def test_what_differs_in_anything_is_a_case_of_its_own(rig: TipsRig, other: dict[str, Any]) -> None:
    await rig.submit(text=TEXT)

    await rig.submit(**{"text": TEXT} | other)

    assert received(await rig.told()) == 2


async def test_few_words_the_next_window_and_another_commune_are_cases_of_their_own(rig: TipsRig) -> None:
    for _ in range(2):
        await rig.submit(text="Mất xe máy")
    await rig.submit(text=TEXT)
    await rig.submit(text=TEXT, unit=OTHER)
    pass_time(rig, 3_600)
    await rig.submit(text=TEXT)

    assert received(await rig.told()) == 4
    assert received(await rig.told(OTHER)) == 1


async def test_a_report_that_was_settled_is_a_new_case_when_it_comes_again(rig: TipsRig) -> None:
    await rig.submit(text=TEXT, stream="security_information")
    tip = (await rig.only_tip())["id"]
    await rig.step(tip, "registration")
    await rig.step(tip, "resolution")

    for _ in range(2):
        await rig.submit(text=TEXT, stream="security_information")

    assert received(await rig.told()) == 2


async def test_a_merge_by_the_flood_can_be_taken_back(rig: TipsRig) -> None:
    for _ in range(2):
        await rig.submit(text=TEXT)
    listed = (await rig.client.get("/v1/tips", params={"unit": "00070"}, headers=rig.officer)).json()["items"]
    (merged,) = [tip["id"] for tip in listed if tip["merged_into"]]

    answer = await rig.step(merged, "unmerge")

    assert answer.status_code == 200
    assert received(await rig.told()) == 2


async def test_reporters_of_one_case_do_not_read_each_other(rig: TipsRig) -> None:
    receipts = [(await rig.submit(text=TEXT)).json()["receipt"] for _ in range(2)]

    await rig.post("/v1/receipts/messages", {"receipt": receipts[0], "text": "Tôi thấy từ cửa sổ nhà mình."})

    first, second = [(await rig.post("/v1/receipts/dialogue", {"receipt": each})).json() for each in receipts]
    assert (len(first["messages"]), second["messages"]) == (1, [])


async def test_of_a_repeated_report_no_word_and_no_exact_time_is_kept(rig: TipsRig) -> None:
    await rig.submit(text=TEXT)

    (noted,) = [document async for document in rig.runtime.store.collection("recent_reports").find({})]
    assert noted.keys() == {"_id", "tip", "until"}
    assert noted["until"] == NOW.replace(minute=0) + timedelta(hours=1)
    assert re.fullmatch("[0-9a-f]{64}", noted["_id"])


async def test_the_same_words_of_an_earlier_quarter_that_come_later_are_a_case_of_their_own(
    store_uri: str, tmp_path: Path
) -> None:
    async with running(store_uri, tmp_path) as rig:
        pass_time(rig, 600.1)
        first = await rig.submit(text=TEXT)
        pass_time(rig, -0.2)  # of another process, which took it in before the quarter

        earlier = await rig.submit(text=TEXT)

        assert (first.status_code, earlier.status_code) == (201, 201), earlier.text
        assert received(await rig.journal()) == 2
