"""What the benchmark of peers rests on: one job for all, an oracle of what was read, and a table that hides nothing."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.peers.__main__ import judged
from benchmarks.peers.job import BEST, COUNTED_BY, EQUAL_ANSWER, EQUAL_WORK, ROLLING, TRACKS, Run, answer_of, digest
from benchmarks.peers.table import Row, goals, ratio, rows, table
from benchmarks.peers.topic import PAST_EVENTS, Log, Records
from services.stats.windows.rolling import ROLLING as SERVED
from shared.contracts.patrols import PatrolCompleted
from shared.messaging.codec import decode

NOW = datetime(2026, 11, 23, 3, 30, 17, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.fixture(scope="module")
def log() -> Log:
    return Log.made(20_000, units=7, late_ratio=0.1, now=NOW)


def run_of(**changed: Any) -> dict[str, Any]:
    base = {"track": EQUAL_WORK, "units": 126, "late_ratio": 0.0, "contender": "ours", "round": 1}
    measured = {"events": 600_000, "cpu_s": 60.0, "wall_s": 61.0, "peak_mb": 100.0, "right": True}
    return {**base, **measured, **changed}


# -- the job


@pytest.mark.parametrize("window", ROLLING, ids=lambda window: window.id)
def test_the_job_asks_for_the_windows_that_are_served(window: Any) -> None:
    as_of_ms = int(NOW.timestamp() * 1_000)
    served = next(each for each in SERVED if each.id == window.id)

    interval = served.interval(NOW.astimezone(ZONE))

    assert (window.start_s(as_of_ms), window.end_s(as_of_ms)) == (
        interval.start.timestamp(),
        interval.end.timestamp(),
    )


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 40 * 86_400), min_size=1, max_size=30))
def test_hopping_windows_and_panes_give_the_same_answer(ages_s: list[int]) -> None:
    now_s = int(NOW.timestamp())
    times = [now_s - age for age in ages_s]

    answers = []
    for track in (EQUAL_ANSWER, BEST):
        kept: dict[str, Counter[tuple[str, int]]] = {window.id: Counter() for window in COUNTED_BY[track]}
        for at in times:
            for window in COUNTED_BY[track]:
                newest = at // window.step_s * window.step_s
                for start in range(newest, at - window.length_s, -window.step_s):
                    kept[window.id]["00001", start] += 1
        answers.append(digest(answer_of(track, kept, max(times) * 1_000)))

    assert answers[0] == answers[1]


def test_a_run_tells_what_it_read_and_notices_a_gap() -> None:
    run = Run(seconds=60, count=3)

    within = [run.saw("00001", position, 1_000 * position) for position in (1, 2, 4, 5)]

    assert within == [True, True, True, False]
    assert run.over
    told = json.loads(run.result(EQUAL_WORK, {"hours": {("00001", 0): 3}}))
    assert (told["events"], told["gaps"], told["read"], told["as_of_ms"]) == (3, 1, {"00001": 4}, 4_000)


def test_a_run_ends_with_its_time() -> None:
    run = Run(seconds=0, count=1_000)

    assert not run.saw("00001", 1, 0)
    assert run.over


# -- the topic and its oracle


def test_records_are_those_of_the_contract(log: Log) -> None:
    records = Records(NOW)

    value = records.value(12_345, "00042", 678, log.times_ms[12_345])

    envelope, again = decode(value), orjson.loads(value)
    event = PatrolCompleted.model_validate({name: again[name] for name in again.keys() & PatrolCompleted.model_fields})
    assert (envelope.partitionkey, envelope.position, envelope.lineage) == ("00042", 678, "benchmark")
    assert event.data.is_ is not None
    assert event.data.is_.completed_at == event.time == envelope.time
    assert round(event.time.timestamp() * 1_000) == log.times_ms[12_345]
    assert again.keys() == orjson.loads(records.example).keys()


def test_the_oracle_answers_for_what_was_read(log: Log) -> None:
    read = {log.unit(number): 1_000 + number for number in range(7)}
    as_of_ms = log.times_ms[9_000]
    plainly: Counter[tuple[str, int | str]] = Counter()
    seen: Counter[str] = Counter()
    for number, at_ms in enumerate(log.times_ms):
        seen[log.unit(number)] += 1
        if seen[log.unit(number)] <= read[log.unit(number)]:
            for window in ROLLING:
                if window.start_s(as_of_ms) <= at_ms / 1_000 < window.end_s(as_of_ms):
                    plainly[log.unit(number), window.id] += 1

    answer = log.answer(EQUAL_ANSWER, read, as_of_ms)

    assert answer == plainly
    assert len({answer["00000", window.id] for window in ROLLING}) == len(ROLLING)


def test_the_log_is_in_order_but_for_its_late_share(log: Log) -> None:
    punctual = Log.made(20_000, units=7, late_ratio=0, now=NOW)

    late = sum(one != other for one, other in zip(log.times_ms, punctual.times_ms, strict=True))

    assert list(punctual.times_ms) == sorted(punctual.times_ms)
    assert late == pytest.approx(0.1 * (20_000 - PAST_EVENTS), rel=0.1)


def outcome_of(log: Log, track: str, **changed: Any) -> dict[str, Any]:
    read = {log.unit(number): 2_000 for number in range(7)}
    answer = log.answer(track, read, log.times_ms[-1])
    return {"read": read, "as_of_ms": log.times_ms[-1], "gaps": 0, "digest": digest(answer), **changed}


@pytest.mark.parametrize("track", TRACKS)
def test_a_right_answer_is_found_right(log: Log, track: str) -> None:
    assert judged(outcome_of(log, track), track, log)["right"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"digest": "0123456789abcdef"},
        {"gaps": 1},
        {"read": {"00000": 1_999}},
        {"read": {}, "digest": digest({})},
    ],
    ids=["answer", "gap", "read less", "read nothing"],
)
def test_a_wrong_answer_is_found_wrong(log: Log, wrong: dict[str, Any]) -> None:
    assert judged(outcome_of(log, EQUAL_WORK, **wrong), EQUAL_WORK, log)["right"] is False


# -- the table


def test_ratios_are_of_medians_per_cpu_second() -> None:
    runs = [run_of(cpu_s=cpu_s) for cpu_s in (50.0, 60.0, 600.0)]
    runs += [run_of(contender="quix", cpu_s=240.0)]

    found = rows(runs)

    assert ratio(found, EQUAL_WORK, "ours", "quix") == pytest.approx(4.0)
    assert "4.00 ×" in table(found, seconds=60)


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"right": False}, "WRONG"), ({"failed": "it ended with 1: no disk", "right": None}, "no disk")],
)
def test_a_wrong_or_failed_run_is_printed_and_not_compared(changed: dict[str, Any], said: str) -> None:
    found = rows([run_of(), run_of(contender="kafka-streams", **changed)])

    text = table(found, seconds=60)

    line = next(line for line in text.splitlines() if line.startswith("kafka-streams"))
    assert said in line
    assert "×" not in line
    assert "not measured" in next(line for line in text.splitlines() if "Kafka Streams, equal work" in line)


def test_a_run_shorter_than_asked_for_says_so() -> None:
    found = rows([run_of(), run_of(contender="fetch", wall_s=31.0, right=None)])

    lines = table(found, seconds=60).splitlines()

    assert "a run of 31 s" in next(line for line in lines if line.startswith("fetch"))
    assert "a run of" not in next(line for line in lines if line.startswith("ours"))


def test_goals_are_judged_against_what_was_measured() -> None:
    dearer = {"cpu_s": 60.0 * 1.6}
    found: list[Row] = rows(
        [
            run_of(),
            run_of(contender="kafka-streams", cpu_s=60.0 * 4),
            run_of(contender="decode", cpu_s=60.0 / 2, right=None),
            run_of(units=3_321, **dearer),
            run_of(late_ratio=0.01),
        ]
    )

    verdicts = {goal.text: goal.verdict for goal in goals(found)}

    assert verdicts["3 × Kafka Streams, equal work"] == "met"
    assert verdicts["60 % of decode only"] == "NOT met"
    assert verdicts["1.5 × the cost at 3,321 units"] == "NOT met"
    assert verdicts["1.3 × the cost with 1% late"] == "met"
    assert verdicts["50 × naive Faust, equal work"] == "not measured"
