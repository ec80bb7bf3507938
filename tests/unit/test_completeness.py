"""What tells whether a zero can be trusted: logs expected and received, who has reported, what is missing, how late."""

from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.stats.app import make_app
from services.stats.catalogue import CATALOGUE
from services.stats.queries.areas import Map
from services.stats.serving.explaining import Question
from services.stats.settings import StatsSettings
from services.stats.view import View
from shared.clock import FixedClock
from shared.contracts.stats import Tier
from shared.messaging.codec import Envelope
from tests.unit.fold_world import GENERATION, NOW, ZONE, event, patrol
from tests.unit.ledger_world import PLACES, World

UNIT, OTHER, CITY = "00070", "00004", "01"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LAST_WEEK = NOW - 7 * DAY


def planned(position: int, end: datetime, **more: Any) -> Envelope:
    facts = patrol(None, planned_end_at=end, **more)
    return event(UNIT, position, None, facts, type_="patrol.planned.v1", subject=f"patrol-{position}")


def reported(plan: Envelope, position: int, end: datetime, **outcome: datetime) -> Envelope:
    was = patrol(None, planned_end_at=end)
    type_ = "patrol.completed.v1" if "completed_at" in outcome else "patrol.cancelled.v1"
    return event(UNIT, position, was, {**was, **outcome}, type_=type_, subject=plan.subject)


def shown(*events: Envelope, skipped: tuple[tuple[str, int], ...] = ()) -> World:
    world = World()
    world.show(events, skipped=skipped)
    return world


def row(world: World, unit: str = UNIT, window: str | None = "day", **asked: Any) -> dict[str, Any]:
    asked = {"first": None, "last": None, "map_": Map.IS} | asked
    return world.queries.one_row(world.view, unit, window, now=NOW, **asked)


def logs(answer: dict[str, Any]) -> tuple[int, int, int, float | None]:
    names = ("patrols_expected", "patrol_logs_received", "patrols_overdue", "patrol_logs_received_rate")
    expected, received, overdue, rate = (answer["figures"][name]["value"] for name in names)
    return expected, received, overdue, rate


# -- logs expected and received


def test_a_patrol_that_was_to_be_back_and_has_told_nothing_is_expected_and_overdue() -> None:
    world = shown(planned(1, NOW - HOUR))

    assert logs(row(world)) == (1, 0, 1, 0.0)


def test_a_patrol_that_is_to_be_back_later_today_is_not_expected_yet() -> None:
    world = shown(planned(1, NOW + HOUR))

    assert logs(row(world)) == (0, 0, 0, None)


def test_a_log_that_comes_days_later_is_received_for_the_day_on_which_it_was_expected() -> None:
    end = NOW - 3 * DAY
    plan = planned(1, end)
    day: dict[str, Any] = {"window": None, "first": end.date(), "last": end.date()}

    before = row(shown(plan), **day)
    after = row(shown(plan, reported(plan, 2, end, completed_at=NOW - HOUR)), **day)

    assert logs(before)[:2] == (1, 0)
    assert (logs(after)[:2], logs(after)[3]) == ((1, 1), 100.0)


def test_a_cancelled_patrol_is_expected_no_longer() -> None:
    plan = planned(1, NOW - HOUR)
    world = shown(plan, reported(plan, 2, NOW - HOUR, cancelled_at=NOW - 2 * HOUR))

    assert logs(row(world)) == (0, 0, 0, None)


# -- who has reported


def test_a_unit_that_has_told_nothing_of_the_day_has_not_reported_and_another_has() -> None:
    world = shown(event(OTHER, 1, None, patrol(NOW - HOUR)))

    silent, other, city = (row(world, unit) for unit in (UNIT, OTHER, CITY))

    assert (silent["has_reported"], silent["last_event"]) == (False, None)
    assert (other["has_reported"], other["last_event"]) == (True, NOW)
    assert (city["has_reported"], city["last_event"]) == (True, NOW)


def test_a_plan_made_last_week_does_not_make_a_silent_day_look_reported() -> None:
    world = shown(event(UNIT, 1, None, patrol(LAST_WEEK)), planned(2, NOW - HOUR))

    today, week_ago = row(world), row(world, window=None, first=LAST_WEEK.date(), last=LAST_WEEK.date())

    assert logs(today)[0] == 1
    assert (today["has_reported"], week_ago["has_reported"]) == (False, True)


def test_if_what_time_alone_brings_were_a_report_a_silent_day_would_look_reported() -> None:
    world = World(
        View(
            generation=GENERATION,
            city_of=PLACES.city_of,
            topic_of={metric.id: metric.topic for metric in CATALOGUE.metrics.values()},
        )
    )

    world.show([planned(1, NOW - HOUR)])

    assert row(world)["has_reported"]


def test_a_unit_that_lacks_an_event_says_so_and_so_does_its_city() -> None:
    events = (event(UNIT, 1, None, patrol(NOW - HOUR)), event(UNIT, 2, None, patrol(NOW - HOUR)))
    world = shown(*events, event(OTHER, 1, None, patrol(NOW - HOUR)), skipped=((UNIT, 2),))

    assert [row(world, unit)["incomplete"] for unit in (UNIT, OTHER, CITY)] == [True, False, True]


def test_a_former_unit_has_no_last_event_where_its_code_has_gone_over_to_another() -> None:
    before, since = datetime(2025, 6, 30, 9, tzinfo=ZONE), datetime(2025, 7, 2, 9, tzinfo=ZONE)
    world = shown(event(OTHER, 1, None, patrol(before)), event(OTHER, 2, None, patrol(since)))
    june: dict[str, Any] = {"window": None, "first": date(2025, 6, 1), "last": date(2025, 6, 30), "map_": Map.WAS}

    former = row(world, f"{OTHER}@2025-06-30", **june)

    assert (former["has_reported"], former["last_event"]) == (True, None)


# -- beside figures of every kind


SAID = ("has_reported", "last_event", "incomplete", "patrol_logs")


def test_logs_expected_and_received_stand_beside_every_figure() -> None:
    plan, other = planned(1, NOW - 2 * HOUR), planned(2, NOW - HOUR)
    world = shown(plan, other, reported(plan, 3, NOW - 2 * HOUR, completed_at=NOW - HOUR), planned(4, NOW + HOUR))
    selection = world.queries.select(world.view, CITY, "day", None, None, "violations_detected")

    table = world.queries.table(world.view, selection, NOW)["rows"]

    assert table[UNIT]["patrol_logs"] == table[CITY]["patrol_logs"] == {"expected": 2, "received": 1}
    assert table[OTHER]["patrol_logs"] == {"expected": 0, "received": 0}


def test_logs_are_not_told_by_rules_that_do_not_count_them() -> None:
    world = shown(planned(1, NOW - HOUR))
    world.view.uncounted = frozenset({"patrols_expected"})

    assert row(world)["patrol_logs"] is None


@pytest.mark.parametrize("whose", [UNIT, OTHER, "00008", CITY])
async def test_series_and_explanations_say_the_same_of_the_same_day(whose: str) -> None:
    events = (planned(1, NOW - HOUR), event(UNIT, 2, None, patrol(NOW - HOUR)), event(OTHER, 1, None, patrol(NOW)))
    world, metric = shown(*events, skipped=((UNIT, 2),)), "patrols_completed"

    day = row(world, whose)
    series = world.queries.series(world.view, whose, metric, Tier.HOUR, NOW.date(), NOW.date(), NOW)
    explained = await world.explanations.explain(
        Question(whose, metric, "day", None, None), cursor=None, limit=1, now=NOW, covers=lambda _: True
    )

    assert [{name: each[name] for name in SAID} for each in (series, explained)] == [
        {name: day[name] for name in SAID}
    ] * 2


# -- how late, over HTTP


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = make_app(StatsSettings(local_reader=True), FixedClock(NOW))
    app.state.feed = shown(
        event(UNIT, 1, None, patrol(NOW - HOUR)), event(OTHER, 1, None, patrol(NOW)), event(OTHER, 2, None, patrol(NOW))
    ).explanations._feed
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stats")


async def test_lateness_counts_every_event_once_by_unit_and_for_the_city(client: httpx.AsyncClient) -> None:
    async with client:
        city, unit = [(await client.get("/v1/lateness", params={"unit": code})).json() for code in (CITY, UNIT)]
        unknown = await client.get("/v1/lateness", params={"unit": "99999"})

    assert {code: sum(counts) for code, counts in city["rows"].items()} == {UNIT: 1, OTHER: 2}
    assert (sum(city["counts"]), sum(unit["counts"])) == (3, 1)
    assert len(city["bins"]) == len(city["counts"])
    assert unknown.status_code == 404


async def test_completeness_stands_beside_the_figures_of_a_unit(client: httpx.AsyncClient) -> None:
    async with client:
        codes = (UNIT, OTHER, "00008")
        told = [(await client.get(f"/v1/figures/{code}", params={"window": "day"})).json() for code in codes]

    assert [each["has_reported"] for each in told] == [True, True, False]
    assert [each["last_event"] is None for each in told] == [False, False, True]
    assert not any(each["incomplete"] for each in told)
