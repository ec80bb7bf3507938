"""What the simulator decides, without any service."""

from collections import Counter
from datetime import UTC, datetime
from random import Random

import pytest

from deploy.demo import decisions
from deploy.demo.published import BY_METRIC
from deploy.demo.rhythm import DAY_S, moment_of, text
from deploy.demo.shares import allocate, poisson
from shared.places import places

NOW = moment_of(datetime(2026, 11, 23, 13, 5, tzinfo=UTC))


def arrivals(kind: str, *, pace: float, days: int, seed: str = "a") -> list[float]:
    rng, moment, found = Random(seed), float(NOW // DAY_S * DAY_S), []
    end = moment + days * DAY_S
    while (moment := decisions.next_arrival(rng, kind, moment, pace)) < end:
        found.append(moment)
    return found


def test_facts_begin_at_the_rate_of_the_city_times_the_pace() -> None:
    natural = BY_METRIC["patrols_completed"].per_day

    found = arrivals("patrol", pace=2.0, days=7)

    assert len(found) == pytest.approx(7 * 2 * natural, rel=0.04)


def test_patrols_are_walked_in_the_evening_and_papers_written_by_day() -> None:
    patrols = Counter(int(at) % DAY_S // 3600 for at in arrivals("patrol", pace=1, days=7))
    papers = Counter(int(at) % DAY_S // 3600 for at in arrivals("advisory_document", pace=50, days=7))

    assert sum(patrols[hour] for hour in (20, 21, 22)) > 2 * sum(patrols[hour] for hour in (9, 10, 11))
    assert papers[3] == 0
    assert papers[9] > 100


def test_the_same_seed_decides_the_same() -> None:
    first, second = (arrivals("fire", pace=100, days=1, seed="b") for _ in range(2))

    assert first == second
    assert decisions.plan_patrol(Random(1), "00070", NOW) == decisions.plan_patrol(Random(1), "00070", NOW)


def test_every_unit_is_a_commune_of_today() -> None:
    today = {unit.code for unit in places().communes_of("01")}
    rng = Random(3)

    chosen = {decisions.unit_for(rng, "patrol") for _ in range(4000)}

    assert chosen <= today
    assert len(chosen) == 126


@pytest.mark.parametrize("kind", ["security_information", "crime_report"])
def test_a_citizens_report_comes_without_a_name_and_a_token(kind: str) -> None:
    plans = [decisions.plan_tip(Random(seed), kind, "00070", NOW) for seed in range(200)]

    assert {plan.anonymous for plan in plans} == {True, False}
    assert all("source" not in plan.body for plan in plans if plan.anonymous)
    assert all(plan.body["source"] in ("force_member", "organisation", "media") for plan in plans if not plan.anonymous)
    assert all("mô phỏng" in plan.body["text"] for plan in plans)


def tip(**changes: str) -> dict[str, str]:
    return {
        "unit": "00070", "stream": "crime_report", "status": "received", "value": "unassessed", **changes,
    }  # fmt: skip


def test_an_officer_takes_a_tip_one_step_on() -> None:
    steps = [decisions.next_step(Random(1), tip(status=status)) for status in ("received", "registered", "verified")]

    assert steps == [("registration", {}), ("verification", {}), None]


def test_security_information_is_judged_and_not_verified() -> None:
    registered = tip(stream="security_information", status="registered")

    steps = [decisions.next_step(Random(seed), registered) for seed in range(2000)]

    values = Counter(step[1]["value"] for step in steps if step and step[0] == "assessment")
    assert values["valuable"] / values.total() == pytest.approx(8_810 / 17_890, abs=0.04)
    assert {step[0] for step in steps if step} == {"assessment", "relocation"}
    assert decisions.next_step(Random(1), registered | {"value": "valuable"}) is None


def test_nothing_but_the_end_that_a_patrol_plans_lies_in_the_future() -> None:
    for seed in range(300):
        rng = Random(seed)
        bodies = [
            decisions.plan_patrol(rng, "00070", NOW).body,
            decisions.plan_incident(rng, "fire", "00070", NOW).body,
            decisions.plan_session(rng, "00070", NOW).body,
            decisions.plan_document(rng, "00070", NOW),
            decisions.plan_award(rng, "00070", NOW),
        ]
        told = [(name, value) for body in bodies for name, value in body.items() if name.endswith("_at")]
        assert all(value <= text(NOW) for name, value in told if name != "planned_end_at")
        assert all(value > text(NOW) for name, value in told if name == "planned_end_at")


def test_shares_add_up_to_the_whole() -> None:
    shares = allocate(532_100, [1.0, 2.5, 0.3, 7.7])

    assert sum(shares) == 532_100
    assert shares[3] > shares[1] > shares[0] > shares[2]


def test_a_poisson_draw_has_its_mean() -> None:
    rng = Random(5)

    assert sum(poisson(rng, 0.4) for _ in range(20_000)) / 20_000 == pytest.approx(0.4, rel=0.05)
    assert sum(poisson(rng, 90.0) for _ in range(2_000)) / 2_000 == pytest.approx(90.0, rel=0.02)
