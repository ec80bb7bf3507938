"""Series and sparklines end in the figure of the table, and an answer that says the same again is not sent again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio

from services.stats.app import make_app
from services.stats.catalogue import CATALOGUE
from services.stats.panes import Head, PaneRecord, encode
from services.stats.queries import Queries
from services.stats.settings import StatsSettings
from services.stats.view import View
from shared.clock import FixedClock
from shared.contracts.stats import Tier
from shared.places import places

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 3, 23, 8, 17, 30, tzinfo=UTC)  # a quarter past three in the afternoon
UNIT = "00004"
TEAMS = {("2026-03", 2): 40, ("2026-03", 12): -1, ("2026-03", 20): 3}


def view_of(metric: str, panes: Mapping[tuple[str, int], int], tier: Tier = Tier.DAY) -> View:
    view = View(generation="g", city_of=places().city_of, topic_of=CATALOGUE.topics)
    put(view, metric, panes, tier)
    return view


def put(
    view: View, metric: str, panes: Mapping[tuple[str, int], int], tier: Tier = Tier.DAY, *, position: int = 1
) -> None:
    topic = CATALOGUE.metrics[metric].topic
    buckets: dict[str, dict[int, int]] = {}
    for (bucket, index), amount in panes.items():
        buckets.setdefault(bucket, {})[index] = amount
    for bucket, amounts in buckets.items():
        record = PaneRecord(topic, UNIT, tier, bucket, position, "g", {f"{metric}|{UNIT}": amounts})
        view.take(record.key, encode(record))
    head = Head(topic, UNIT, position, position, 0, {}, "g", "l", "c")
    view.take(head.key, encode(head))


def series(view: View, metric: str, tier: Tier = Tier.DAY, first: date | None = None) -> list[list[Any]]:
    told = Queries(CATALOGUE, places(), ZONE).series(view, UNIT, metric, tier, first, None, NOW)
    return [list(point) for point in told["points"]]


def figure(view: View, metric: str, window: str = "month") -> Any:
    return Queries(CATALOGUE, places(), ZONE).one_row(view, UNIT, window, None, None, NOW)["figures"][metric]["value"]


def test_a_series_of_a_level_tells_how_many_there_are_and_ends_in_the_figure() -> None:
    view = view_of("teams_active", TEAMS)

    points = series(view, "teams_active")

    assert points == [["2026-03-10", 40], ["2026-03-12", 39], ["2026-03-20", 42]]
    assert points[-1][1] == figure(view, "teams_active")


def test_a_level_by_minutes_is_whole_where_the_minutes_of_the_morning_are_no_longer_kept() -> None:
    view = view_of("teams_active", {("2026-03", 20): 42})  # of which the last two came at a quarter past five
    put(view, "teams_active", {("2026-03-20T17", 15): 2}, Tier.MINUTE, position=2)

    points = series(view, "teams_active", Tier.MINUTE, NOW.date() - timedelta(days=3))

    assert points == [["2026-03-20T15:00", 40], ["2026-03-20T17:15", 42]]


def test_a_line_of_a_level_goes_on_where_nothing_changes() -> None:
    view = view_of("teams_active", TEAMS)

    line = Queries(CATALOGUE, places(), ZONE).sparklines(view, "01", "teams_active", NOW)["series"][UNIT]

    assert line == [40, 40, *[39] * 8, *[42] * 4]


def test_a_day_of_which_a_unit_has_told_nothing_is_no_zero() -> None:
    view = view_of("patrols_completed", {("2026-03", 20): 4, ("2026-03", 22): 1})
    put(view, "violations_detected", {("2026-03", 21): 2})

    line = Queries(CATALOGUE, places(), ZONE).sparklines(view, "01", "patrols_completed", NOW)["series"][UNIT]

    assert line == [*[None] * 10, 4, 0, 1, None]


@pytest.mark.parametrize(("tier", "bucket", "now", "later"), [
    (Tier.HOUR, "2026-03-23", 15, 16),
    (Tier.MINUTE, "2026-03-23T15", 17, 18),
])  # fmt: skip
def test_a_series_does_not_tell_what_is_only_due_later(tier: Tier, bucket: str, now: int, later: int) -> None:
    view = view_of("patrols_expected", {(bucket, now): 2, (bucket, later): 5}, tier)
    if tier is not Tier.MINUTE:  # of the hour in progress the minutes so far
        put(view, "patrols_expected", {("2026-03-23T15", 5): 2}, Tier.MINUTE, position=2)

    assert [amount for _, amount in series(view, "patrols_expected", tier, NOW.date())] == [2]


class MovingClock(FixedClock):
    """A second later whenever it is asked."""

    def now(self) -> datetime:
        self.advance(timedelta(seconds=1))
        return super().now()


class OneView:
    """A feed that has come to its end."""

    def __init__(self, view: View) -> None:
        self.view = view

    def state(self) -> dict[str, Any]:
        return {"status": "live", "progress": None}


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = make_app(StatsSettings(local_reader=True, simulated_data=True), MovingClock(NOW))
    feed: Any = OneView(view_of("teams_active", TEAMS))
    app.state.feed = app.state.figures._feed = feed
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stats") as client:
        yield client


@pytest.mark.parametrize("path", [
    "/v1/figures?window=month",
    "/v1/figures?window=month&map=was",
    f"/v1/figures/{UNIT}?window=month",
    f"/v1/figures/set?units={UNIT}&window=month",
    f"/v1/series?unit={UNIT}&metric=teams_active",
    "/v1/sparklines?metric=teams_active",
    "/v1/windows",
    f"/v1/lateness?unit={UNIT}",
])  # fmt: skip
async def test_an_answer_that_says_the_same_a_second_later_is_not_sent_again(
    client: httpx.AsyncClient, path: str
) -> None:
    first = await client.get(path)
    again = await client.get(path, headers={"if-none-match": first.headers["etag"]})

    assert first.status_code == 200, first.text
    assert (again.status_code, again.content) == (304, b"")
