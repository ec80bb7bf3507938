"""Somebody has to be there for a quiet night to be one."""

from datetime import UTC, datetime, timedelta

from services.stats.feed.attendance import Attendance, Attention
from services.stats.feed.freshness import Level
from services.stats.generations.control import Control, key_of
from shared.contracts.stats import WorkerBeat

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
ALL = (0, 1, 2)


def beat(
    control: Control, seconds: float, *, instance: str = "a", numbers: tuple[int, ...] = ALL, stopped: str | None = None
) -> None:
    at = NOW + timedelta(seconds=seconds)
    record = WorkerBeat(
        instance=instance, state="g", generation="g", at=at, partitions={"patrols.v1": numbers}, folded=0, waiting=0,
        stopped=stopped,
    )  # fmt: skip
    control.take(key_of(record), record.model_dump_json().encode(), now=at)


def attention(control: Control, seconds: float) -> Attention:
    attendance = Attendance(["patrols.v1"], len(ALL), now=NOW)
    return attendance.of(control, "g", now=NOW + timedelta(seconds=seconds))


def test_a_worker_that_beats_is_there_although_nothing_happens() -> None:
    control = Control()
    beat(control, 3_600)

    there = attention(control, 3_604)

    assert (there.silent, there.workers, there.unattended, there.level) == (False, 1, 0, Level.OK)


def test_a_worker_that_was_started_again_and_is_recovering_has_been_silent_only_since_it_last_folded() -> None:
    control, long_here = Control(), Attendance(["patrols.v1"], len(ALL), now=NOW - timedelta(hours=1))
    beat(control, 0)
    beat(control, 5, numbers=())

    found = [long_here.of(control, "g", now=NOW + timedelta(seconds=seconds)) for seconds in (8, 13)]

    assert [each.silent for each in found] == [False, True]
    assert (found[1].silent_since, found[1].silence_s) == (NOW, 13.0)


def test_of_a_state_whose_workers_were_all_taken_back_nothing_is_remembered() -> None:
    control = Control()
    beat(control, 0)
    [key] = control.workers

    control.take(key, None, now=NOW)

    assert not control.attended("g")


def test_silence_is_told_with_its_beginning_and_becomes_an_outage() -> None:
    control = Control()
    beat(control, 0)

    found = [attention(control, seconds) for seconds in (11, 13, 61)]

    assert [each.level for each in found] == [Level.OK, Level.BEHIND, Level.STALE]
    assert found[1].silent_since == NOW
    assert found[1].silence_s == 13.0


def test_partitions_that_nobody_took_over_are_silent_although_others_beat() -> None:
    control = Control()
    beat(control, 0, instance="a", numbers=(0,))
    for seconds in range(0, 20, 5):
        beat(control, seconds, instance="b", numbers=(1, 2))

    found = attention(control, 16)

    assert (found.silent, found.unattended, found.workers) == (True, 1, 1)


def test_partitions_that_another_one_took_over_are_attended_to() -> None:
    control = Control()
    beat(control, 0, instance="a")
    beat(control, 14, instance="b")

    assert not attention(control, 16).silent


def test_where_no_worker_was_ever_heard_of_nobody_is_there() -> None:
    found = attention(Control(), 13)

    assert (found.silent, found.silent_since, found.workers) == (True, None, 0)


def test_the_last_word_of_a_worker_that_cannot_go_on_is_an_outage_at_once() -> None:
    control = Control()
    beat(control, 0)
    beat(control, 1, stopped="another database")

    found = attention(control, 2)

    assert (found.stopped, found.level, found.is_trouble) == ("another database", Level.STALE, True)


def test_a_stop_is_forgotten_once_another_one_goes_on() -> None:
    control = Control()
    beat(control, 1, stopped="another database")
    beat(control, 2, instance="b")

    assert attention(control, 3).stopped is None
