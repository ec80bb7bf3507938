"""Freshness follows what the owners have committed, never the age of the newest event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from services.stats.app import make_app
from services.stats.feed.freshness import Freshness, Level
from services.stats.panes import Head, encode
from services.stats.settings import StatsSettings
from services.stats.view import View
from shared.clock import FixedClock
from shared.contracts.outbox import Heartbeat
from shared.contracts.topics import PATROLS

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.fixture
def view() -> View:
    return View(generation="g", city_of=lambda _: "01", topic_of={})


@pytest.fixture
def freshness() -> Freshness:
    return Freshness([PATROLS], now=NOW)


def beat(at: datetime, *, full: bool = True, cluster_id: str = "c", **positions: int) -> Heartbeat:
    return Heartbeat(
        topic=PATROLS.name,
        service="patrols",
        lineage="l",
        cluster_id=cluster_id,
        at=at,
        full=full,
        positions={unit.removeprefix("u"): position for unit, position in positions.items()},
    )


def apply(view: View, unit: str, position: int, *, lineage: str = "l") -> None:
    head = Head(PATROLS.name, unit, position, 0, 0, {}, "g", lineage, "c")
    view.take(head.key, encode(head))


def test_a_quiet_night_is_fresh(freshness: Freshness, view: View) -> None:
    apply(view, "00070", 3)
    later = NOW + timedelta(hours=1)
    freshness.take(beat(later, u00070=3), now=later)

    (topic,) = freshness.of(view, now=later + timedelta(seconds=4))

    assert (topic.level, topic.behind) == (Level.OK, 0)


def test_silence_is_told_and_becomes_an_outage(freshness: Freshness, view: View) -> None:
    freshness.take(beat(NOW), now=NOW)

    levels = [freshness.of(view, now=NOW + timedelta(seconds=s))[0].level for s in (5, 14, 61)]

    assert levels == [Level.OK, Level.BEHIND, Level.STALE]


def test_committed_but_not_applied_is_behind_although_beats_go_on(freshness: Freshness, view: View) -> None:
    for seconds in range(0, 65, 5):
        freshness.take(beat(NOW, u00070=2), now=NOW + timedelta(seconds=seconds))
        (topic,) = freshness.of(view, now=NOW + timedelta(seconds=seconds + 1))

    assert (topic.behind, topic.silent) == (2, False)
    assert topic.behind_since == NOW + timedelta(seconds=1)
    assert topic.level is Level.BEHIND


def test_a_busy_stream_is_never_behind_for_long(freshness: Freshness, view: View) -> None:
    for second in range(100):
        now = NOW + timedelta(seconds=second)
        freshness.take(beat(now, u00070=second + 1), now=now)
        apply(view, "00070", second) if second else None
        (topic,) = freshness.of(view, now=now)

    assert (topic.behind, topic.level) == (1, Level.OK)


def test_complete_only_after_everything_was_told_and_applied(freshness: Freshness, view: View) -> None:
    freshness.take(beat(NOW, full=False, u00070=1), now=NOW)
    apply(view, "00070", 1)
    partly = freshness.is_complete(view, cluster_id="c")

    freshness.take(beat(NOW, u00070=1, u00073=1), now=NOW)
    missing = freshness.is_complete(view, cluster_id="c")
    apply(view, "00073", 1)

    assert (partly, missing) == (False, False)
    assert freshness.is_complete(view, cluster_id="c")
    assert not freshness.is_complete(view, cluster_id="another")


def test_another_broker_begins_anew(freshness: Freshness, view: View) -> None:
    freshness.take(beat(NOW, u00070=9), now=NOW)

    freshness.take(beat(NOW, full=False, cluster_id="d", u00070=2), now=NOW)

    assert freshness.of(view, now=NOW)[0].committed == 2
    assert freshness.progress(view) is None


def test_figures_of_another_database_do_not_count_as_applied(freshness: Freshness, view: View) -> None:
    apply(view, "00070", 9, lineage="of the database before")
    freshness.take(beat(NOW, u00070=2), now=NOW)

    assert freshness.of(view, now=NOW)[0].behind == 2
    assert not freshness.is_complete(view, cluster_id="c")


def test_progress_is_the_part_of_committed_events_that_is_applied(freshness: Freshness, view: View) -> None:
    freshness.take(beat(NOW, u00070=3, u00073=1), now=NOW)
    apply(view, "00070", 1)

    assert freshness.progress(view) == 0.25


def test_a_replaced_database_is_told_although_nothing_seems_to_be_missing(freshness: Freshness, view: View) -> None:
    apply(view, "00070", 2, lineage="of the database before")
    before = freshness.replaced(view)

    freshness.take(beat(NOW, u00070=2), now=NOW)

    assert before is None
    assert (freshness.replaced(view) or "").startswith(f"{PATROLS.name}: the database of the owner was replaced")


def test_one_database_from_the_beginning_is_no_replaced_one(freshness: Freshness, view: View) -> None:
    apply(view, "00070", 2)
    apply(view, "00073", 1, lineage="")

    freshness.take(beat(NOW, u00070=2), now=NOW)

    assert freshness.replaced(view) is None


async def test_an_outage_that_goes_on_is_told_once() -> None:
    clock = FixedClock(NOW)
    app = make_app(StatsSettings(local_reader=True), clock)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stats") as client:

        async def ask(known: str = "") -> httpx.Response:
            clock.advance(timedelta(seconds=20))
            return await client.get("/v1/freshness", headers={"if-none-match": known})

        silent = await ask()
        outage = [await ask() for _ in range(3)][-1]
        later = await ask(outage.headers["etag"])

    assert (silent.json()["level"], outage.json()["level"]) == ("behind", "stale")
    assert silent.headers["etag"] != outage.headers["etag"]
    assert later.status_code == 304
