"""What is shown while rows are being made: whole tables of a moment ago, never an older one than was told before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from services.stats.serving import figures as serving
from services.stats.serving.figures import Figures
from services.stats.serving.kept import LAG, Kept, KeptTables
from shared.clock import FixedClock
from tests.unit.test_tables import BEGIN, Life, OneView, told

MOMENT = timedelta(milliseconds=100)


class Reading:
    """Somebody who reads one table while events come in."""

    def __init__(self, seed: int = 1) -> None:
        self.life, self.clock = Life(Random(seed)), FixedClock(BEGIN)
        self.life.events(40)
        feed: Any = OneView(self.life.view)
        self.figures = Figures(feed, self.life.queries)
        self.selection = self.life.queries.select(self.life.view, "01", "PT24H", None, None, None)

    def burst(self) -> None:
        """More rows change than are made on the spot."""
        view = self.life.view
        before = view.version
        self.life.events(40)
        changed = [row for row in view.rows() if view.row_version(row) > before]
        self.figures.notify(changed, self.clock.now())

    async def read(self) -> dict[str, Any]:
        table, _ = await self.figures.read(self.selection, self.clock, with_positions=True)
        answer: dict[str, Any] = told(table)
        return answer

    def kept(self) -> dict[str, Any]:
        """The table that is there, without asking for it."""
        kept = self.figures._kept.of(self.selection)
        assert kept is not None
        answer: dict[str, Any] = told(kept.told(BEGIN, self.figures._feed.state(), with_positions=True))
        return answer

    def anew(self) -> dict[str, Any]:
        """The table made from the beginning, of this moment."""
        answer: dict[str, Any] = told(self.figures.table(self.selection, self.clock.now(), with_positions=True))
        return answer


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "ROWS_AT_ONCE", 1)  # the events of these tests happen in four units


async def test_a_burst_is_read_whole_or_not_at_all() -> None:
    reading = Reading()
    before = await reading.read()

    reading.burst()
    reading.clock.advance(MOMENT)
    during = await reading.read()

    assert during == before  # as of the moment at which it was overtaken
    assert during["positions"] != reading.anew()["positions"]


async def test_a_table_that_is_half_a_second_old_is_made_anew() -> None:
    reading = Reading()
    await reading.read()

    reading.burst()
    reading.clock.advance(LAG + MOMENT)

    assert await reading.read() == reading.anew()


async def test_a_few_rows_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "ROWS_AT_ONCE", 128)  # an event of a divided former unit changes many rows' shares
    reading = Reading()
    await reading.read()

    reading.life.events(1)
    reading.figures.notify(["01"], reading.clock.now())

    assert await reading.read() == reading.anew()


async def test_a_table_of_which_a_stream_told_more_is_not_shown_any_more() -> None:
    reading = Reading()
    await reading.read()

    reading.burst()
    reading.figures.changed_rows(reading.selection, ["01"], reading.clock.now())

    assert await reading.read() == reading.anew()


async def test_a_new_minute_may_be_shown_half_a_second_late() -> None:
    reading = Reading()
    before = await reading.read()

    reading.clock.advance(timedelta(minutes=1) + MOMENT)
    within = await reading.read()
    reading.clock.advance(LAG)
    after = await reading.read()

    assert within["window"] == before["window"]
    assert within["as_of"] > before["as_of"]
    assert after == reading.anew()


async def test_tables_that_are_read_are_made_anew_before_they_are_asked_for() -> None:
    reading = Reading()
    before = await reading.read()
    running = asyncio.create_task(reading.figures.run(reading.clock))

    reading.burst()
    async with asyncio.timeout(5):
        while reading.kept()["version"] == before["version"]:
            await asyncio.sleep(0.01)
    running.cancel()

    assert reading.kept() == reading.anew()


async def test_another_view_is_shown_at_once() -> None:
    reading, other = Reading(), Reading(seed=2)
    await reading.read()

    feed: Any = OneView(other.life.view)
    reading.figures._feed = feed

    assert await reading.read() == reading.anew()


def _nothing(*_: object) -> None:
    return None


def _always(*_: object) -> bool:
    return True


@pytest.mark.parametrize(
    ("owner", "guard", "sabotage", "check"),
    [
        pytest.param(KeptTables, "overtake", _nothing, test_a_table_of_which_a_stream_told_more_is_not_shown_any_more,
                     id="what streams told is forgotten"),
        pytest.param(Kept, "is_current", _always, test_a_table_that_is_half_a_second_old_is_made_anew,
                     id="changes are not looked for"),
        pytest.param(Kept, "is_current", _always, test_another_view_is_shown_at_once, id="the view is not looked at"),
        pytest.param(Kept, "newest_until", lambda _self, _view, _state, now: now,
                     test_a_table_that_is_half_a_second_old_is_made_anew, id="no age is too old"),
        pytest.param(Figures, "_keep_up", _nothing,
                     test_tables_that_are_read_are_made_anew_before_they_are_asked_for, id="nothing is kept up"),
    ],
)  # fmt: skip
async def test_without_this_guard_it_would_be_seen(
    owner: object, guard: str, sabotage: Callable[..., Any], check: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, guard, sabotage)

    with pytest.raises((AssertionError, TimeoutError, TypeError)):
        await check()


async def test_the_tag_is_the_same_however_the_table_came_about() -> None:
    reading = Reading()

    _, tagged = await reading.figures.read(reading.selection, reading.clock, with_positions=False)

    assert tagged == reading.figures.tag(reading.selection, reading.clock.now(), with_positions=False)
