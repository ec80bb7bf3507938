"""Reports with deadlines in the future, through the fold: clocks and percentiles are those of the latest facts."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.stats.catalogue import CATALOGUE
from services.stats.engine import Fold
from services.stats.queries import Queries
from services.stats.view import View
from shared.contracts.topics import TIPS
from shared.messaging.codec import Envelope
from shared.places import places
from tests.unit.fold_world import GENERATION, NOW, ZONE, Broker, Facts, cells_of, event, naive_sum, new_fold

UNITS = ("00070", "00004", "01")
WINDOWS = ("PT5M", "PT24H", "P7D", "P30D", "day", "month", "year")
EDGES = (
    NOW.replace(hour=0, minute=0),
    NOW.replace(hour=23, minute=59),
    NOW,
    NOW + timedelta(minutes=1),
    datetime(2026, 12, 31, 23, 59, tzinfo=ZONE),
)


def moment(rng: Random, days: float) -> datetime:
    return rng.choice(EDGES) if rng.random() < 0.2 else NOW - timedelta(days=days * rng.random() ** 3)


def some_report(rng: Random) -> Facts:
    received = min(moment(rng, 90), NOW)
    facts: dict[str, object] = {"stream": "crime_report", "received_at": received}
    if rng.random() < 0.8:
        facts["decision_due_at"] = rng.choice((*EDGES, received + timedelta(days=20)))
    for step in ("verified_at", "refuted_at", "suspended_at", "transferred_at"):
        if rng.random() < 0.3:
            facts[step] = min(max(received, moment(rng, 60)), NOW)
    return facts


def history(rng: Random, events: int) -> list[Envelope]:
    """Reports that are received, decided, corrected, extended and voided, in three units."""
    latest: dict[tuple[str, str], Facts] = {}
    positions = dict.fromkeys(UNITS, 0)
    told = []
    for _ in range(events):
        unit, subject = rng.choice(UNITS), f"tip-{rng.randrange(events // 3)}"
        was = latest.get((unit, subject))
        is_ = None if was is not None and rng.random() < 0.2 else some_report(rng)
        latest[unit, subject] = is_
        positions[unit] += 1
        told.append(event(unit, positions[unit], was, is_, type_="tip.corrected.v1", subject=f"{unit}/{subject}"))
    return told


def latest_facts(events: Iterable[Envelope]) -> list[dict[str, str]]:
    latest = {each.subject: msgspec.json.decode(each.data)["is"] for each in events}
    return [facts for facts in latest.values() if facts is not None]


def folded(events: Iterable[Envelope]) -> tuple[Fold, Broker]:
    fold, broker = new_fold(TIPS.name), Broker()
    for offset, each in enumerate(each for each in events for _ in range(3)):
        fold.apply(each, offset, NOW)
    broker.write_all(fold)
    return fold, broker


@settings(max_examples=30, deadline=None)
@given(st.integers())
def test_panes_of_the_future_and_bins_are_the_sum_of_all_facts(seed: int) -> None:
    events = history(Random(seed), 60)

    _, broker = folded(events)

    assert cells_of(broker.snapshot()) == naive_sum(events, broker.snapshot(), TIPS)


@settings(max_examples=20, deadline=None)
@given(st.integers())
def test_every_window_ends_its_clocks_with_the_minute_in_progress(seed: int) -> None:
    events = history(Random(seed), 60)
    _, broker = folded(events)
    view = View(generation=GENERATION, city_of=places().city_of, topic_of=CATALOGUE.topics)
    for key, value in broker.log:
        view.take(key, value)
    queries = Queries(CATALOGUE, places(), ZONE)
    reports = latest_facts(events)

    tables = {window: queries.one_row(view, "01", window, None, None, NOW)["figures"] for window in WINDOWS}

    until = NOW.replace(second=0, microsecond=0) + timedelta(minutes=1)
    overdue = sum(_is_overdue(report, until) for report in reports)
    in_time = sum(_is_in_time(report, until) for report in reports)
    for window in ("PT5M", "PT24H", "day", "month", "year"):
        assert tables[window]["crime_reports_overdue"]["value"] == overdue
        assert tables[window]["crime_reports_in_time"]["value"] == in_time


def _at(report: dict[str, str], name: str) -> datetime | None:
    return datetime.fromisoformat(report[name]) if name in report else None


def _stopped(report: dict[str, str]) -> datetime | None:
    steps = ("verified_at", "refuted_at", "suspended_at", "transferred_at")
    return min((at for step in steps if (at := _at(report, step)) is not None), default=None)


def _is_overdue(report: dict[str, str], until: datetime) -> bool:
    due, stopped = _at(report, "decision_due_at"), _stopped(report)
    return due is not None and due < until and (stopped is None or stopped >= until)


def _is_in_time(report: dict[str, str], until: datetime) -> bool:
    due, stopped, received = _at(report, "decision_due_at"), _stopped(report), _at(report, "received_at")
    begun = received is not None and received < until
    return begun and due is not None and due >= until and (stopped is None or stopped >= until)
