"""The whole way from events to served figures, without servers: the fold and the recount have to agree."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from services.stats.catalogue import CATALOGUE, Metric
from services.stats.engine import Fold
from services.stats.queries import Queries
from services.stats.queries.areas import Map
from services.stats.verify import counting
from services.stats.verify.comparing import Report, compare
from services.stats.verify.decision_times import bin_of
from services.stats.verify.recount import Recount
from services.stats.view import View
from services.stats.windows import STANDARD
from shared.contracts.awards import AwardChange, AwardConferred, AwardFacts, AwardIssuer, AwardKind, AwardRecipient
from shared.contracts.base import Event
from shared.contracts.incidents import IncidentChange, IncidentFacts, IncidentKind, IncidentReported
from shared.contracts.patrols import (
    PatrolChange,
    PatrolCompleted,
    PatrolCorrected,
    PatrolFacts,
    PatrolKind,
    PatrolPlanned,
    PatrolVoided,
    TeamChange,
    TeamEstablished,
    TeamFacts,
)
from shared.contracts.tips import (
    TipCategory,
    TipChange,
    TipChannel,
    TipFacts,
    TipReceived,
    TipSource,
    TipStream,
    TipValue,
    TipValueAssessed,
    TipVerified,
)
from shared.contracts.topics import FACT_TOPICS, topic_of
from shared.messaging.codec import decode
from shared.places import places

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 23, 8, 17, 30, tzinfo=UTC)
UNITS = ("00004", "00070", "01")
Journal = dict[tuple[str, str], list[bytes]]


def some_time(chance: random.Random) -> datetime:
    days = chance.choice((0.01, 1, 3, 20, 61, 200, 600))
    return NOW - timedelta(days=days * chance.random())


def some_events(chance: random.Random, unit: str) -> list[Event]:
    at = some_time(chance)
    common: dict[str, Any] = {"time": at, "subject": f"a{chance.random()}", "partitionkey": unit}
    patrol = PatrolFacts(
        kind=chance.choice(list(PatrolKind)), teams=1, participants=chance.randint(1, 9), started_at=at, completed_at=at
    )
    tip = TipFacts(
        stream=chance.choice(list(TipStream)),
        source=TipSource.FORCE_MEMBER,
        channel=TipChannel.FORCE,
        category=TipCategory.THEFT,
        received_at=at,
        verification_started_at=at,
    )
    valued = tip.model_copy(update={"value": TipValue.VALUABLE})
    planned = patrol.model_copy(
        update={
            "planned_end_at": around(chance, at, 0.5),
            "completed_at": chance.choice((at, None)),
            "cancelled_at": chance.choice((at, None, None)),
        }
    )
    report = crime_report(chance, tip)
    team = TeamFacts(established_at=at, residential_groups=tuple("abc"[: chance.randint(0, 3)]))
    done = PatrolCompleted(**common, data=PatrolChange(was=None, is_=patrol))
    moved = patrol.model_copy(update={"completed_at": at - timedelta(days=1), "participants": 3})
    incident = IncidentFacts(kind=chance.choice(list(IncidentKind)), category="noise", occurred_at=at, responded_at=at)
    award = AwardFacts(
        kind=chance.choice(list(AwardKind)),
        issuer=AwardIssuer.MINISTRY,
        recipient=AwardRecipient.COLLECTIVE,
        conferred_at=at,
    )
    return chance.choice(
        [
            [done],
            [done, PatrolCorrected(**common, data=PatrolChange(was=patrol, is_=moved))],
            [done, PatrolVoided(**common, data=PatrolChange(was=patrol, is_=None))],
            [
                TipReceived(**common, data=TipChange(was=None, is_=tip)),
                TipValueAssessed(**common, data=TipChange(was=tip, is_=valued)),
            ],
            [IncidentReported(**common, data=IncidentChange(was=None, is_=incident))],
            [AwardConferred(**common, data=AwardChange(was=None, is_=award))],
            [TeamEstablished(**common, data=TeamChange(was=None, is_=team))],
            [PatrolPlanned(**common, data=PatrolChange(was=None, is_=planned))],
            [
                TipReceived(**common, data=TipChange(was=None, is_=tip)),
                TipVerified(**common, data=TipChange(was=tip, is_=report)),
            ],
        ]
    )


def around(chance: random.Random, at: datetime, days: float) -> datetime:
    """Some time after, which may be in the future, be it only later today."""
    return chance.choice((at, NOW + timedelta(hours=2), at + timedelta(days=days * chance.random())))


def crime_report(chance: random.Random, tip: TipFacts) -> TipFacts:
    """A crime report anywhere in its life; the steps of it are told in any order."""
    steps = ("verified_at", "refuted_at", "found_inconclusive_at", "transferred_at", "suspended_at", "closed_at")
    told = {
        step: around(chance, tip.received_at, 200 * chance.random() ** 4) for step in steps if chance.random() < 0.3
    }
    due = around(chance, tip.received_at, 30) if chance.random() < 0.8 else None
    return tip.model_copy(update={"stream": TipStream.CRIME_REPORT, "decision_due_at": due, **told})


@pytest.fixture(scope="module")
def journal() -> Journal:
    chance = random.Random(20261123)
    journal: Journal = {}
    for _ in range(1_500):
        unit = chance.choice(UNITS)
        for event in some_events(chance, unit):
            sequence = journal.setdefault((topic_of(event.type).name, unit), [])
            sequence.append(event.record(position=len(sequence) + 1, lineage="l", recorded_at=NOW))
    return journal


@pytest.fixture(scope="module")
def view(journal: Journal) -> View:
    known = places()
    view = View(
        generation="g",
        city_of=known.city_of,
        topic_of=CATALOGUE.topics,
    )
    for topic in FACT_TOPICS:
        fold = Fold(
            topic.name,
            0,
            generation="g",
            cluster_id="c",
            today_unit=lambda unit, group, day: known.today_unit(unit, day, group),
            zone=ZONE,
        )
        values = [value for (name, _), values in journal.items() if name == topic.name for value in values]
        for offset, value in enumerate(values):
            fold.apply(decode(value), offset, NOW)
            if offset % 100 == 0:
                flush = fold.dirty()
                for key, record in (*flush.records, *flush.heads):
                    view.take(key, record)
                fold.flushed(flush)
        flush = fold.dirty()
        for key, record in (*flush.records, *flush.heads):
            view.take(key, record)
        fold.flushed(flush)
    return view


def table(
    view: View, window: str | None, first: date | None = None, last: date | None = None, map_: Map = Map.IS
) -> dict[str, Any]:
    queries = Queries(CATALOGUE, places(), ZONE)
    selection = queries.select(view, "01", window, first, last, None)
    answer = queries.table(view, selection, NOW, map_) | {"positions": queries.positions(view, "01")}
    served: dict[str, Any] = orjson.loads(orjson.dumps(answer))
    return served


def recount(journal: Journal, settled: dict[str, dict[str, int]]) -> Recount:
    recount = Recount(places(), ZONE, settled)
    for (topic, unit), values in journal.items():
        recount.take(topic, unit, (orjson.loads(value) for value in values))
    return recount


@pytest.mark.parametrize("window", list(STANDARD))
def test_served_figures_are_those_of_the_journals(journal: Journal, view: View, window: str) -> None:
    report = Report()
    served = table(view, window)

    compare(report, recount(journal, served["positions"]), served)

    assert report.differences == []
    assert report.total > 10_000
    assert served["rows"]["01"]["values"].count(0) < len(served["metrics"])


def test_dates_of_ones_own_agree_as_well(journal: Journal, view: View) -> None:
    report = Report()
    served = table(view, None, date(2025, 7, 1), date(2026, 2, 28))

    compare(report, recount(journal, served["positions"]), served)

    assert report.differences == []


AHEAD = [metric for metric in CATALOGUE.metrics.values() if metric.ahead]


@pytest.mark.parametrize("metric", AHEAD, ids=lambda metric: metric.id)
def test_without_a_look_at_the_clock_what_is_only_due_later_today_would_count(
    journal: Journal, view: View, metric: Metric[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = Report()
    monkeypatch.setitem(metric.__dict__, "ahead", False)
    served = table(view, "day")

    compare(report, recount(journal, served["positions"]), served)

    assert any(f" {metric.id}:" in difference for difference in report.differences)


def test_a_decision_in_a_neighbouring_bin_is_found(
    journal: Journal, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = Report()
    served = table(view, "year")
    monkeypatch.setattr(
        counting, "bin_of", lambda seconds: bin_of(seconds) + 1 if seconds < 86_400 else bin_of(seconds)
    )

    compare(report, recount(journal, served["positions"]), served)

    assert any("days_to_decision" in difference for difference in report.differences)


def test_percentile_of_the_city_comes_from_the_sum_of_the_bins_and_not_from_the_percentiles(view: View) -> None:
    answer = Queries(CATALOGUE, places(), ZONE).one_row(view, "01", "year", None, None, NOW)
    median, late = (answer["figures"][f"crime_reports_days_to_decision_p{percent}"] for percent in (50, 90))

    assert median["n"] == late["n"] == answer["figures"]["crime_reports_decided"]["value"] > 20
    assert median["lower"] <= median["value"] < median["upper"] <= late["upper"]


@pytest.mark.parametrize(
    ("window", "dates"),
    [
        ("P30D", (None, None)),
        ("year", (None, None)),
        (None, (date(2025, 3, 1), date(2025, 6, 30))),
        (None, (date(2025, 5, 1), date(2025, 7, 31))),
        (None, (date(2024, 1, 1), date(2026, 11, 23))),
    ],
)
def test_figures_as_they_were_are_those_of_the_journals(
    journal: Journal, view: View, window: str | None, dates: tuple[date | None, date | None]
) -> None:
    report = Report()
    served = table(view, window, dates[0], dates[1], Map.WAS)

    compare(report, recount(journal, served["positions"]), served)

    assert report.differences == []
    assert report.total > 10_000


def test_a_former_unit_that_is_not_served_is_missed(journal: Journal, view: View) -> None:
    report = Report()
    served = table(view, None, date(2025, 5, 1), date(2025, 7, 31), map_=Map.WAS)
    del served["rows"]["00004@2025-06-30"]

    compare(report, recount(journal, served["positions"]), served)

    assert report.differences == ["01 2025-05-01/2025-07-31 as was: as was 00004@2025-06-30 is missing"]


def test_a_wrong_figure_is_found(journal: Journal, view: View) -> None:
    report = Report()
    served = table(view, "P30D")
    at = served["metrics"].index("patrols_completed")
    served["rows"]["00070"]["values"][at] += 1

    compare(report, recount(journal, served["positions"]), served)

    assert len(report.differences) == 1
    assert "00070 patrols_completed" in report.differences[0]
    assert not report.is_clean


def test_a_figure_without_one_of_its_events_is_found(journal: Journal, view: View) -> None:
    report = Report()
    served = table(view, "year")
    served["positions"]["patrols.v1"]["00070"] -= 1

    compare(report, recount(journal, settled={}), served)

    assert report.differences != []


def test_a_window_that_lies_elsewhere_is_found(journal: Journal, view: View) -> None:
    report = Report()
    served = table(view, "P7D")
    served["window"]["start"] = "2026-11-16T14:00:00+07:00"

    compare(report, recount(journal, served["positions"]), served)

    assert any("lies from" in difference for difference in report.differences)


def test_nothing_compared_is_no_success() -> None:
    assert not Report().is_clean
