"""The chaos run judges rightly: the same seed gives the same faults, and nothing passes that did not happen."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest

from shared.contracts.stats import Tier
from shared.contracts.topics import FACT_TOPICS, topic_of
from tests.chaos.oracle import Accepted, Cells
from tests.chaos.plan import Plan, shuffled
from tests.chaos.report import Check, Happened, Report
from tests.chaos.stories import Chance, Stories
from tests.support.made_up import by_kind

KINDS = ("kill", "pause", "poison")
PLAN = Plan(seed=1, seconds=10, events=100, events_per_s=10, faults=shuffled(1, KINDS, 2), fence=True)
CELLS: Cells = Counter({("00070", "patrols_completed", Tier.DAY, 739_000): 3})
RIGHT = Check.of(CELLS, CELLS, at_s=9, events=100)


@pytest.fixture
def report() -> Report:
    faults = [Happened(kind, 1.0, 1.0, confirmed=True, saw="it") for kind in PLAN.faults]
    return Report(PLAN, "a broker", "a store", seconds=10, events=100, faults=faults, checks=[RIGHT])


def test_the_same_seed_gives_the_same_faults_and_another_seed_another_order() -> None:
    assert shuffled(7, KINDS, 5) == shuffled(7, KINDS, 5)
    assert len({shuffled(seed, KINDS, 5) for seed in range(5)}) == 5
    assert Counter(shuffled(7, KINDS, 5)) == dict.fromkeys(KINDS, 5)


def test_the_same_seed_tells_the_same_stories() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)

    def told() -> list[tuple[str, str, str]]:
        stories = Stories(Chance(Random(3), ("00070", "00082")), name="s")
        return [(e.type, e.partitionkey, str(e.data)) for _ in range(50) for e in stories.next(now)]

    assert told() == told()


def test_stories_tell_of_every_kind_of_fact() -> None:
    stories, now = Stories(Chance(Random(1), ("00070", "00004")), name="s"), datetime(2026, 11, 23, tzinfo=UTC)

    told = {event.type.partition(".")[0] for _ in range(2_000) for event in stories.next(now)}

    assert told == {kind for topic in FACT_TOPICS for kind in by_kind(topic.events)}


def test_all_done_and_all_right_is_clean(report: Report) -> None:
    assert report.is_clean
    assert "clean" in report.table()


def test_an_unconfirmed_fault_is_no_success(report: Report) -> None:
    report.faults[0] = replace(report.faults[0], confirmed=False)

    assert not report.is_clean


def test_a_fault_that_worked_at_the_second_attempt_counts(report: Report) -> None:
    report.faults.insert(0, replace(report.faults[0], confirmed=False))

    assert report.is_clean


def test_a_differing_figure_is_told_and_fails(report: Report) -> None:
    more = CELLS + Counter({("01", "participant_turns", Tier.HOUR, 1): 1})
    report.checks.append(Check.of(CELLS, more, at_s=9, events=100))

    assert not report.is_clean
    assert report.differing == 1
    assert "01 participant_turns hour 1: 0, not 1" in report.table()


def test_nothing_compared_a_hole_and_too_few_events_fail(report: Report) -> None:
    assert not replace(report, checks=[]).is_clean
    assert not replace(report, checks=[Check.of(Counter(), Counter(), at_s=9, events=0)]).is_clean
    assert not replace(report, holes={"patrols.v1/00070": {"waiting_for": 5}}).is_clean
    assert not replace(report, events=99).is_clean


def test_an_aggregate_counts_as_it_stood_at_a_position() -> None:
    stories, accepted, seen = Stories(Chance(Random(3), ("00070",)), name="s"), Accepted(), Counter[str]()
    for _ in range(40):
        for event in stories.next(datetime(2026, 11, 23, tzinfo=UTC)):
            seen[topic_of(event.type).name] += 1
            accepted.add(event, seen[topic_of(event.type).name])

    assert not list(accepted.latest({}))
    assert len(list(accepted.latest({("patrols.v1", "00070"): 1}))) == 1
    assert len(list(accepted.latest(accepted.positions))) > 10
    with pytest.raises(AssertionError):
        accepted.add(event, 1)
