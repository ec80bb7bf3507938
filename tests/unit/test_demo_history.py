"""The demonstration's history against the published table, counted from its records alone."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from deploy.demo.history import Chunk, History, Recent
from deploy.demo.published import FIGURES, FORCE_YEAR, Figure
from deploy.demo.rhythm import DAY_S, instant_of, moment_of, text
from shared.places import places

NOW = moment_of(datetime(2026, 11, 23, 13, 5, tzinfo=UTC))
COUNTS_AT = {
    "patrol": "completed_at",
    "advisory_document": "issued_at",
    "outreach_session": "held_at",
    "award": "conferred_at",
    "exemplar": "honoured_at",
    "campaign": "launched_at",
}
BEGINS_AT = {
    "patrol": "started_at",
    "tip": "received_at",
    "incident": "occurred_at",
    "team": "established_at",
    "member": "enrolled_at",
    "community_model": "launched_at",
}


@dataclass(slots=True)
class Survey:
    """What one look at every record found: (metric, city, local day) -> amount, and whatever should not be."""

    amounts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    misplaced: list[dict[str, Any]] = field(default_factory=list)
    in_future: list[dict[str, Any]] = field(default_factory=list)
    crossing: list[dict[str, Any]] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)


@cache
def survey() -> Survey:
    """The rules of counting are written down anew here instead of taken from the statistics."""
    found, keys, now = Survey(), set[int](), text(NOW)
    for chunk in chunks():
        for record in chunk.records():
            for metric, at, amount in contributions(record):
                found.amounts[metric, city_of(record["unit"]), at[:10]] += amount
            times = [value for name, value in record.items() if name.endswith("_at") and name != "planned_end_at"]
            begins = record.get(BEGINS_AT.get(record["type"]) or COUNTS_AT.get(record["type"], ""))
            if begins is not None and not valid_on(record["unit"], begins[:10]):  # an instrument is of no day
                found.misplaced.append(record)
            if times and max(times) > now:
                found.in_future.append(record)
            first = record["key"].split("/")[2] if chunk.name.startswith("review/") else ""
            if begins is not None and not first <= begins <= min(times):
                found.crossing.append(record)
            key = hash((record["type"], record["key"]))
            if key in keys:
                found.repeated.append(record["key"])
            keys.add(key)
    return found


@cache
def city_of(unit: str) -> str:
    return places().city_of(unit)


@cache
def valid_on(unit: str, day: str) -> bool:
    return places().valid_on(unit, date.fromisoformat(day))


def chunks() -> list[Chunk]:
    return History().chunks(NOW)


def records(of: list[Chunk]) -> Iterator[dict[str, Any]]:
    for chunk in of:
        yield from chunk.records()


def contributions(record: dict[str, Any]) -> Iterator[tuple[str, str, int]]:
    kind = record["type"]
    at = record.get(COUNTS_AT.get(kind, ""), "")
    if kind == "patrol" and at:
        yield "patrols_completed", at, 1
    elif kind == "tip" and record["stream"] == "security_information":
        yield "security_information_received", record["received_at"], 1
        if record.get("value") == "valuable":
            yield "security_information_valuable", record["received_at"], 1
    elif kind == "tip" and "verification_started_at" in record:
        yield "crime_reports_checked", record["verification_started_at"], 1
    elif kind == "advisory_document":
        yield "advisory_documents_issued", at, 1
    elif kind == "incident":
        yield from incident(record)
    elif kind == "outreach_session":
        yield "outreach_sessions", at, 1
        yield "outreach_attendances", at, record["attendance"]
    elif kind == "team":
        yield "teams_active", record["established_at"], 1
    elif kind == "member":
        yield "members_active", record["enrolled_at"], 1
    elif kind == "award":
        gift = record["kind"] == "gift"
        yield ("gifts" if gift else "awards_" + "__".join(record[f] for f in ("kind", "issuer", "recipient"))), at, 1
    elif kind == "exemplar":
        yield "exemplars_honoured", at, 1
        yield f"exemplars_honoured__{record['organisation']}", at, 1
    elif kind == "campaign":
        yield "campaigns_launched", at, 1
    elif kind == "community_model":
        for stage in ("launched", "recognised", "replicated"):
            if f"{stage}_at" in record:
                yield f"{record['nature']}s_{stage}", record[f"{stage}_at"], 1


def incident(record: dict[str, Any]) -> Iterator[tuple[str, str, int]]:
    if record["kind"] == "violation":
        yield "violations_detected", record["occurred_at"], 1
    elif record["kind"] == "fire" and "responded_at" in record:
        yield "fire_incidents_handled", record["responded_at"], 1
    elif record["kind"] == "rescue" and "resolved_at" in record and record["force_helped"]:
        yield "rescues_handled", record["resolved_at"], 1


def shown(figure: Figure) -> int:
    level = figure.metric in ("teams_active", "members_active")
    first, last = "" if level else figure.first.isoformat(), figure.last.isoformat()
    return sum(
        amount
        for (metric, city, day), amount in survey().amounts.items()
        if (metric, city) == (figure.metric, figure.unit) and first <= day <= last
    )


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: f"{figure.metric}-{figure.unit}-{figure.first}")
def test_every_published_figure_comes_out_exactly(figure: Figure) -> None:
    assert shown(figure) == figure.amount


def test_the_year_of_the_force_is_one_of_365_days() -> None:
    first, last = FORCE_YEAR

    assert (last - first).days + 1 == 365


def test_every_record_lies_in_a_unit_of_its_day() -> None:
    assert survey().misplaced == []


def test_no_record_lies_in_the_future() -> None:
    assert survey().in_future == []


def test_no_fact_begins_on_one_map_and_counts_on_another() -> None:
    assert survey().crossing == []


def test_no_key_is_given_twice() -> None:
    assert survey().repeated == []


def test_the_same_history_comes_out_again() -> None:
    some = [chunk.name for chunk in chunks()][::25]

    first, second = ([list(chunk.records()) for chunk in History().chunks(NOW) if chunk.name in some] for _ in range(2))

    assert first == second


def test_months_of_which_nothing_is_told_stay_empty() -> None:
    told = {day for metric, _, day in survey().amounts if metric != "campaigns_launched"}
    empty = [date(2025, 12, 24) + timedelta(days=days) for days in range(270)]

    assert told.isdisjoint(day.isoformat() for day in empty)


def test_the_last_days_have_the_rates_of_the_published_year() -> None:
    days = [text(NOW - back * DAY_S)[:10] for back in range(1, 62)]

    amounts = {
        metric: sum(survey().amounts[metric, "01", day] for day in days) / 61 for metric, _, _ in set(survey().amounts)
    }

    assert amounts["patrols_completed"] == pytest.approx(1457.8, rel=0.03)
    assert amounts["security_information_received"] == pytest.approx(49.0, rel=0.1)
    assert amounts["violations_detected"] == pytest.approx(8.5, rel=0.25)
    assert amounts["fire_incidents_handled"] == pytest.approx(5.2, rel=0.3)
    assert amounts["outreach_sessions"] == pytest.approx(8.2, rel=0.25)


def test_something_is_under_way_at_the_moment_of_loading() -> None:
    begun = [
        record
        for record in records([chunk for chunk in chunks() if chunk.name.startswith("recent/patrols")])
        if record["type"] == "patrol" and "completed_at" not in record
    ]

    assert 20 < len(begun) < 400
    assert all(record["started_at"] <= text(NOW) for record in begun)


def test_a_later_start_brings_what_was_missed_under_the_keys_of_the_same_facts() -> None:
    history = History(scale=0.05)
    before, after = Recent.before(NOW).divided(NOW - DAY_S)

    whole = {r["key"] for r in records(history.recent("all", Recent.before(NOW)))}
    first = {r["key"] for r in records(history.recent("before", before))}
    second = {r["key"] for r in records(history.recent("after", after))}

    assert first | second == whole
    assert first & second == set()


def test_a_moment_is_told_in_local_time() -> None:
    at = datetime(2026, 6, 30, 20, 15, 7, tzinfo=UTC)

    assert text(moment_of(at)) == "2026-07-01T03:15:07+07:00"
    assert instant_of(moment_of(at)) == at
