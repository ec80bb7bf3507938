"""Rows that are remembered between answers say what rows made anew would say, whatever happened in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.stats.app import make_app
from services.stats.catalogue import CATALOGUE
from services.stats.engine import Fold
from services.stats.panes import NamedWindow
from services.stats.panes import encode as encoded
from services.stats.queries import Queries, tables
from services.stats.queries.baseline import Baselines
from services.stats.queries.selection import Selection
from services.stats.settings import StatsSettings
from services.stats.view import View
from shared.clock import FixedClock
from shared.contracts.topics import FACT_TOPICS, topic_of
from shared.messaging.codec import decode
from shared.places import places
from tests.chaos.stories import Chance, Stories

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
BEGIN = datetime(2026, 11, 23, 23, 30, tzinfo=ZONE)
UNITS = ("00004", "00070", "00001", "01")  # one that was split, one of today, one that lies in another today, the city
WINDOWS = ("PT5M", "PT24H", "P7D", "day", "week", "year", "campaign:c")
SAMPLES = 12


def some_day(rng: Random, now: datetime) -> datetime:
    """Often minutes ago, where windows begin and end, else within two years."""
    return now - timedelta(minutes=rng.choice((rng.random() * 10, rng.random() * 3_000, rng.random() * 1_000_000)))


class Life:
    """A view that events come into while time goes by, and what has been asked of it."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.now = BEGIN
        self.queries = Queries(CATALOGUE, places(), ZONE)
        self.view = View(generation="g", city_of=places().city_of, topic_of=CATALOGUE.topics)
        self.window(date(2026, 11, 1))
        self._stories = Stories(Chance(rng, UNITS, some_day), name="s")
        self._folds = {topic.name: _new_fold(topic.name) for topic in FACT_TOPICS}
        self._positions: dict[tuple[str, str], int] = {}

    def window(self, first: date) -> None:
        window = NamedWindow("campaign:c", "campaign", "01", "c", first)
        self.view.take(window.key, encoded(window))

    def events(self, stories: int) -> None:
        for _ in range(stories):
            for event in self._stories.next(self.now):
                source = topic_of(event.type).name, event.partitionkey
                position = self._positions[source] = self._positions.get(source, 0) + 1
                record = event.record(position=position, lineage="l", recorded_at=self.now)
                self._folds[source[0]].apply(decode(record), position, self.now)
        for fold in self._folds.values():
            flush = fold.dirty()
            for key, value in (*flush.records, *flush.heads):
                self.view.take(key, value)
            fold.flushed(flush)

    def steps(self, count: int) -> Iterator[None]:
        for _ in range(count):
            dice = self.rng.random()
            if dice < 0.6:
                self.events(self.rng.randint(1, 4))
            if dice > 0.5:
                self.now += timedelta(seconds=self.rng.choice((1, 20, 60, 3_600, 7 * 86_400)))
            if dice > 0.97:
                self.window(date(2026, self.rng.randint(1, 11), 1))
            yield


def _new_fold(topic: str) -> Fold:
    today = places().today_unit
    return Fold(
        topic, 0, generation="g", cluster_id="c", today_unit=lambda unit, group, day: today(unit, day, group), zone=ZONE
    )


def told(answer: dict[str, Any]) -> Any:
    return orjson.loads(orjson.dumps(answer))


def check_life(seed: int) -> None:
    life = Life(Random(seed))
    selections = [life.queries.select(life.view, "01", window, None, None, None) for window in WINDOWS]
    selections.append(Selection("01", None, (date(2026, 1, 1), date(2026, 12, 31)), ("patrols_completed",)))

    asked = life.rng.sample(selections, 2)
    for _ in life.steps(16):
        selection = life.rng.choice(asked)
        remembered = told(life.queries.shown_table(life.view, selection, life.now))

        assert remembered == told(life.queries.table(life.view, selection, life.now))


def check_lives(count: int) -> None:
    for seed in range(count):
        check_life(seed)


@settings(max_examples=SAMPLES, deadline=None)
@given(st.integers())
def test_remembered_tables_equal_tables_made_anew(seed: int) -> None:
    check_life(seed)


def _nothing(*_: object) -> set[str]:
    return set()


def _for_ever(table: tables.Table, _: tables.Question, unit: str) -> orjson.Fragment | None:
    kept = table._kept.get(unit)
    return None if kept is None else kept.json


@pytest.mark.parametrize(
    ("owner", "guard", "sabotage"),
    [
        pytest.param(View, "changed_since", _nothing, id="changed series not told"),
        pytest.param(View, "first_day_changed_since", lambda *_: None, id="changed days not told"),
        pytest.param(View, "row_version", lambda *_: 0, id="changed rows not told"),
        pytest.param(tables.Question, "minute", property(lambda _: BEGIN), id="time stands still"),
        pytest.param(Baselines, "coverage", lambda *_: (), id="silence of the city not noticed"),
        pytest.param(tables.Table, "_fresh", _for_ever, id="rows never made anew"),
    ],
)
def test_without_this_guard_remembered_tables_are_wrong(
    owner: object, guard: str, sabotage: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, guard, sabotage)

    with pytest.raises(AssertionError):
        check_lives(40)


def test_rows_are_made_a_few_at_a_time_until_none_is_left() -> None:
    life = Life(Random(1))
    life.events(5)
    selection = life.queries.select(life.view, "01", "PT24H", None, None, None)

    rounds = 1
    while life.queries.prepare(life.view, selection, life.now, 16):
        rounds += 1

    assert rounds == 8  # 126 communes and the city
    assert not life.queries.prepare(life.view, selection, life.now, 0)


def test_a_row_that_nothing_happened_in_is_the_very_same() -> None:
    life = Life(Random(1))
    life.events(5)
    selection = life.queries.select(life.view, "01", "PT24H", None, None, None)
    before = life.queries.shown_table(life.view, selection, life.now)["rows"]

    life.events(1)
    after = life.queries.shown_table(life.view, selection, life.now)["rows"]

    same = [unit for unit, row in after.items() if row is before[unit]]
    assert len(same) > 120
    assert "01" not in same


class OneView:
    """Stands in for the feed."""

    def __init__(self, view: View) -> None:
        self.view = view

    def state(self) -> dict[str, Any]:
        return {"status": "live", "progress": None}


async def test_who_has_the_table_already_is_told_so_until_an_event_or_a_minute_has_passed() -> None:
    life, clock = Life(Random(1)), FixedClock(BEGIN)
    life.events(5)
    app = make_app(StatsSettings(local_reader=True, simulated_data=True), clock)
    feed: Any = OneView(life.view)
    app.state.feed = app.state.figures._feed = feed

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stats") as client:

        async def again(tag: str) -> httpx.Response:
            return await client.get("/v1/figures?window=PT24H", headers={"if-none-match": tag})

        first = await again("")
        same = await again(first.headers["etag"])
        life.events(1)
        after_an_event = await again(first.headers["etag"])
        clock.advance(timedelta(minutes=1, seconds=1))
        after_a_minute = await again(after_an_event.headers["etag"])

    assert (same.status_code, same.content) == (304, b"")
    assert after_an_event.status_code == after_a_minute.status_code == 200
    assert len({each.headers["etag"] for each in (first, after_an_event, after_a_minute)}) == 3
    assert first.json()["rows"].keys() == after_a_minute.json()["rows"].keys()
