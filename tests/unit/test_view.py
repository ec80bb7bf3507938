"""The read side: records count once their head vouches for them, and never twice."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec
import pytest

from services.stats.panes import Head, LastEvent, NamedWindow, PaneRecord, encode, newest, pane_key
from services.stats.view import View
from shared.contracts.stats import Tier

GENERATION = "g1"
AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23).toordinal()


@pytest.fixture
def view() -> View:
    return View(
        generation=GENERATION, city_of=lambda unit: unit[:2] if len(unit) == 2 else "01", topic_of={"p": "patrols.v1"}
    )


def pane(
    amount: int,
    fence: int,
    *,
    unit: str = "00070",
    inner: str = "00070",
    bucket: str = "2026-11",
    generation: str = GENERATION,
    without: tuple[int, ...] = (),
) -> PaneRecord:
    series = {f"p|{inner}": {23: amount}} if amount else {}
    return PaneRecord("patrols.v1", unit, Tier.DAY, bucket, fence, generation, series, without)


def head(position: int, *, unit: str = "00070", generation: str = GENERATION, skipped: tuple[int, ...] = ()) -> Head:
    return Head(
        topic="patrols.v1",
        unit=unit,
        position=position,
        offset=position,
        partition=0,
        horizon={},
        generation=generation,
        lineage="l",
        cluster_id="c",
        skipped=skipped,
        last_event=LastEvent("patrol.completed.v1", AT, AT),
    )


def put(view: View, *records: PaneRecord | Head | NamedWindow) -> None:
    for record in records:
        view.take(record.key, encode(record))


def total(view: View, row: str) -> int:
    series = view.series(row).get("p")
    return series.total(Tier.DAY, TODAY, TODAY + 1) if series else 0


def active_days(view: View, row: str) -> list[tuple[int, int]]:
    return list(view.series(row)["patrols.v1"].between(Tier.DAY, 0, 10**7))


def test_a_record_waits_for_its_head(view: View) -> None:
    put(view, pane(5, fence=5))
    before = total(view, "00070")

    put(view, head(5))

    assert before == 0
    assert total(view, "00070") == total(view, "01") == 5


def test_a_newer_record_replaces_what_it_counted(view: View) -> None:
    put(view, pane(5, fence=5), head(5))

    put(view, pane(3, fence=6), head(6))

    assert total(view, "00070") == total(view, "01") == 3


def test_an_old_write_of_a_woken_worker_changes_nothing(view: View) -> None:
    put(view, pane(5, fence=5), head(5))

    put(view, pane(1, fence=2), head(2))

    assert total(view, "00070") == 5
    assert view.position("patrols.v1", "00070") == 5


def test_a_record_ahead_of_the_head_waits_for_its_own(view: View) -> None:
    put(view, pane(5, fence=5), pane(7, fence=9, bucket="2026-10"))

    put(view, head(5))
    seen = sum(amount for _, amount in view.series("00070")["p"].between(Tier.DAY, 0, 10**7))
    put(view, head(9))
    seen_later = sum(amount for _, amount in view.series("00070")["p"].between(Tier.DAY, 0, 10**7))

    assert (seen, seen_later) == (5, 12)


def test_a_repaired_record_wins_at_the_same_fence(view: View) -> None:
    put(view, pane(5, fence=6, without=(4,)), head(6, skipped=(4,)))

    put(view, pane(6, fence=6), head(6))

    assert total(view, "00070") == 6
    assert view.heads[("patrols.v1", "00070")].skipped == ()


def test_another_generation_is_not_mixed_in(view: View) -> None:
    put(view, pane(5, fence=5, generation="g0"), head(5, generation="g0"))

    assert total(view, "01") == 0


def test_an_expired_record_is_taken_back(view: View) -> None:
    put(view, pane(5, fence=5), head(5))

    view.take(pane_key("patrols.v1", "00070", Tier.DAY, "2026-11"), None)
    put(view, head(6))

    assert total(view, "00070") == 0
    assert active_days(view, "00070") == []


def test_an_old_unit_counts_for_todays_and_a_split_one_for_the_city_alone(view: View) -> None:
    put(view, pane(2, fence=1, unit="00071", inner="00070"), head(1, unit="00071"))

    put(view, pane(3, fence=1, unit="00072", inner="~"), head(1, unit="00072"))

    assert total(view, "00070") == 2
    assert total(view, "01") == 5


def test_applied_events_are_counted_by_topic(view: View) -> None:
    put(view, head(5), head(7), head(3, unit="00071"))

    assert view.applied_total("patrols.v1") == 10


def test_a_dump_makes_the_same_view_again(view: View) -> None:
    put(view, pane(5, fence=5), pane(2, fence=5, bucket="2026-10"), head(5))
    again = View(generation=GENERATION, city_of=lambda _: "01", topic_of={"p": "patrols.v1"})

    for key, value in view.dump():
        again.take(key, value)
    put(again, *view.heads.values())

    assert total(again, "00070") == 5
    assert active_days(again, "01") == active_days(view, "01") != []


def test_named_windows_come_and_go(view: View) -> None:
    window = NamedWindow(id="campaign:a", kind="campaign", unit="01", title="A", from_date=date(2026, 1, 1))

    put(view, window)
    offered = dict(view.windows)
    view.take(window.key, None)

    assert offered == {"campaign:a": window}
    assert view.windows == {}


def test_a_window_that_was_withdrawn_does_not_come_back_by_an_older_record(view: View) -> None:
    window = NamedWindow(id="campaign:a", kind="campaign", unit="01", title="A", from_date=date(2026, 1, 1), position=3)
    withdrawn = msgspec.structs.replace(window, position=5, withdrawn=True)

    put(view, window, withdrawn, window)

    assert view.windows == {}
    assert newest((record.key, encode(record)) for record in (window, withdrawn, window)).windows == {
        window.key: withdrawn
    }
