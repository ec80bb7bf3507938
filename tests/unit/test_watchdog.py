"""When a worker counts as standing still; the time is told, no clock is read."""

import pytest
from faust.types import TP

from services.stats.folding.watchdog import Stillness

HERE, THERE = TP("patrols.v1", 3), TP("tips.v1", 7)


@pytest.fixture
def stillness() -> Stillness:
    return Stillness(patience_s=60, look_s=5)


def look_each_five_seconds(
    stillness: Stillness, *, until_s: int, here: int, there: int = 0, end: int = 10
) -> list[str]:
    """What is said while one partition stays where it is."""
    said = []
    for now_s in range(0, until_s + 1, 5):
        stillness.see(now_s, {HERE: here, THERE: there + now_s}, {HERE: end, THERE: 10_000})
        if reason := stillness.verdict(now_s):
            said.append(reason)
    return said


def test_a_partition_that_stands_still_with_events_to_fold_ends_the_worker_after_a_minute(stillness: Stillness) -> None:
    assert look_each_five_seconds(stillness, until_s=55, here=4) == []

    [reason] = look_each_five_seconds(Stillness(patience_s=60, look_s=5), until_s=60, here=4)

    assert "patrols.v1/3 has stood at 4 for 60 s" in reason


def test_who_has_folded_everything_may_stand_for_ever(stillness: Stillness) -> None:
    assert look_each_five_seconds(stillness, until_s=600, here=10) == []


def test_a_single_step_in_time_begins_the_minute_anew(stillness: Stillness) -> None:
    look_each_five_seconds(stillness, until_s=55, here=4)
    for now_s in range(60, 115, 5):
        stillness.see(now_s, {HERE: 5}, {HERE: 10})
        assert stillness.verdict(now_s) is None

    stillness.see(120, {HERE: 5}, {HERE: 10})

    assert stillness.verdict(120) is not None


def test_a_partition_that_went_to_another_worker_is_forgotten(stillness: Stillness) -> None:
    look_each_five_seconds(stillness, until_s=55, here=4)

    stillness.see(60, {}, {HERE: 10})

    assert stillness.verdict(60) is None


def test_a_recovery_that_reads_on_is_no_standstill_and_one_that_hangs_is(stillness: Stillness) -> None:
    for now_s in range(0, 300, 5):
        stillness.see(now_s, {HERE: now_s - 1_000_000}, {HERE: 10})
        assert stillness.verdict(now_s) is None

    for now_s in range(300, 360, 5):
        stillness.see(now_s, {HERE: -1_000_000}, {HERE: 10})
        assert stillness.verdict(now_s) is None
    stillness.see(360, {HERE: -1_000_000}, {HERE: 10})

    assert "not been recovered any further" in (stillness.verdict(360) or "")


def test_while_the_broker_is_away_nobody_can_be_behind(stillness: Stillness) -> None:
    look_each_five_seconds(stillness, until_s=55, here=4)

    for now_s in range(60, 600, 5):
        stillness.rest(now_s)
        assert stillness.verdict(now_s) is None


def test_an_event_loop_that_never_comes_round_ends_the_worker_too(stillness: Stillness) -> None:
    stillness.see(0, {HERE: 10}, {HERE: 10})

    reasons = [stillness.verdict(now_s) for now_s in range(0, 61, 5)]

    assert reasons[:-1] == [None] * 12
    assert "event loop" in (reasons[-1] or "")


def test_a_process_that_was_stopped_begins_to_wait_anew(stillness: Stillness) -> None:
    stillness.see(0, {HERE: 4}, {HERE: 10})
    stillness.verdict(0)

    after_sleep = stillness.verdict(3_600)
    stillness.see(3_600, {HERE: 4}, {HERE: 10})

    assert after_sleep is None
    assert [stillness.verdict(3_600 + later_s) for later_s in (5, 10, 15)] == [None] * 3


def test_how_long_the_slowest_has_stood_is_told(stillness: Stillness) -> None:
    stillness.see(0, {HERE: 4, THERE: 1}, {HERE: 10, THERE: 10})
    stillness.see(5, {HERE: 4, THERE: 2}, {HERE: 10, THERE: 10})

    assert stillness.see(20, {HERE: 4, THERE: 2}, {HERE: 10, THERE: 10}) == 20
    assert stillness.see(25, {HERE: 10, THERE: 10}, {HERE: 10, THERE: 10}) == 0
