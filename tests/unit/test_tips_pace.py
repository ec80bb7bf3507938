"""The time of an answer does not tell what was found."""

import asyncio
import time

import pytest

from services.tips import pace
from tests.support.welch import TELLS, welch_t

STEP_S = 0.01
PAIRS = 60


async def answered(work_s: float) -> float:
    began = time.perf_counter()
    async with pace.steady():
        await asyncio.sleep(work_s)
    return time.perf_counter() - began


async def t_of_two_kinds_of_work() -> float:
    one, other = [], []
    for _ in range(PAIRS):
        one.append(await answered(0.002))
        other.append(await answered(0.004))
    return welch_t(one, other)


async def test_work_of_different_length_is_answered_at_the_same_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "STEP_S", STEP_S)

    assert abs(await t_of_two_kinds_of_work()) < TELLS


async def test_without_the_pace_the_same_test_tells_the_two_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "STEP_S", 1e-6)

    assert abs(await t_of_two_kinds_of_work()) > TELLS


async def test_longer_work_is_answered_at_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "STEP_S", STEP_S)

    assert 2 * STEP_S <= await answered(1.2 * STEP_S) < 4 * STEP_S


async def test_a_refusal_keeps_the_pace_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "STEP_S", STEP_S)
    began = time.perf_counter()

    with pytest.raises(ValueError, match="refused"):
        async with pace.steady():
            raise ValueError("refused")

    assert time.perf_counter() - began >= STEP_S


def test_a_planted_difference_is_told() -> None:
    times = [0.05 + 0.0001 * (number % 7) for number in range(2_000)]

    assert abs(welch_t(times, times)) < TELLS
    assert abs(welch_t([each + 50e-6 for each in times], times)) > TELLS
