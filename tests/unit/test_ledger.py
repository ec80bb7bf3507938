"""The fact ledger's rules one by one: positions, lineage, what is listed, what is refused, where links lead."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from services.awards.routes import ROUTERS as AWARDS_ROUTERS
from services.patrols.routes import ROUTERS as PATROLS_ROUTERS
from services.stats.app import make_app
from services.stats.catalogue import CATALOGUE
from services.stats.engine import LineageChanged
from services.stats.ledger import blocks
from services.stats.ledger.entries import kind_of
from services.stats.ledger.partition import HistoryReplaced, LedgerHead, Partition
from services.stats.ledger.pins import Pin, packed, unpacked
from services.stats.serving.explaining import PATHS, Question
from services.stats.settings import StatsSettings
from services.tips.routes import ROUTERS as TIPS_ROUTERS
from shared.clock import FixedClock
from shared.contracts.topics import FACT_TOPICS, PATROLS
from shared.errors import InvalidInput, NotFound
from shared.messaging.codec import Envelope
from tests.unit.fold_world import NOW, event, patrol
from tests.unit.ledger_world import PLACES, World, amounts, log_of, partition_at

UNIT = "00070"
TODAY = Question(UNIT, "patrols_completed", "PT24H", None, None)
HOUR_AGO = NOW - timedelta(hours=1)


def done(position: int, **more: Any) -> Envelope:
    return event(UNIT, position, None, patrol(HOUR_AGO), subject=f"patrol-{position}", **more)


def taken(partition: Partition, events: Iterable[Envelope]) -> list[int]:
    for record in log_of(events):
        partition.take(record)
    return [entry.position for _, entry in blocks.unpacked(partition.drained())]


def fresh() -> Partition:
    return partition_at(LedgerHead(PATROLS.name, 3))


def world(*events: Envelope) -> World:
    made = World()
    made.show(events)
    made.repository.book(log_of(events))
    return made


# -- positions


def test_each_position_is_booked_once() -> None:
    partition = fresh()

    booked = taken(partition, [done(1), done(1), done(2), done(1), done(3)])

    assert booked == [1, 2, 3]
    assert partition.head().positions == {UNIT: 3}


def test_what_follows_a_hole_waits_until_it_is_sent_again() -> None:
    partition = fresh()

    before = taken(partition, [done(1), done(3)])
    after = taken(partition, [done(2), done(3)])

    assert before == [1]
    assert after == [2, 3]


def test_an_event_that_adds_nothing_is_not_kept_but_counts_as_booked() -> None:
    partition = fresh()
    unchanged = event(UNIT, 2, patrol(HOUR_AGO), patrol(HOUR_AGO), type_="patrol.corrected.v1")

    booked = taken(partition, [done(1), unchanged, done(3, type_="patrol.praised.v1")])

    assert booked == [1]
    assert partition.head().positions == {UNIT: 3}


def test_reading_goes_on_behind_what_the_head_vouches_for() -> None:
    partition = fresh()
    taken(partition, [done(1), done(2)])

    heir = partition_at(partition.head())

    assert partition.head().offset == 2
    assert taken(heir, [done(1), done(2), done(3)]) == [3]


# -- lineage


def test_another_lineage_in_the_middle_of_a_log_stops_the_ledger() -> None:
    partition = fresh()
    taken(partition, [done(1)])

    with pytest.raises(LineageChanged, match="replaced under an unchanged log"):
        taken(partition, [done(1, lineage="lineage-2")])


def test_a_log_that_begins_anew_may_have_another_history() -> None:
    partition = fresh()
    taken(partition, [done(1)])

    partition.read_anew()

    with pytest.raises(HistoryReplaced):
        taken(partition, [done(1, lineage="lineage-2")])


def test_a_log_that_begins_anew_with_the_same_history_books_nothing_twice() -> None:
    partition = fresh()
    taken(partition, [done(1), done(2)])

    partition.read_anew()

    assert taken(partition, [done(1), done(2), done(3)]) == [3]
    with pytest.raises(LineageChanged):
        taken(partition, [done(4, lineage="lineage-2")])


# -- what is listed


async def test_a_correction_is_an_entry_of_its_own() -> None:
    yesterday = HOUR_AGO - timedelta(days=2)
    moved = event(UNIT, 2, patrol(HOUR_AGO), patrol(yesterday), type_="patrol.corrected.v1", subject="patrol-1")

    [page] = await world(done(1), moved, done(3)).pages(TODAY, limit=10)

    assert page["figure"] == 1
    assert [(entry["position"], entry["amount"]) for entry in page["events"]] == [(3, 1), (2, -1), (1, 1)]


async def test_events_beyond_the_figure_are_not_listed() -> None:
    some = world(done(1), done(2))

    some.repository.book(log_of([done(1), done(2), done(3)])[2:])
    [page] = await some.pages(TODAY, limit=10)

    assert [entry["position"] for entry in page["events"]] == [2, 1]
    assert page["ledger"] == {"state": "complete", "missing": 0}


async def test_a_ledger_behind_the_figure_says_how_far() -> None:
    some = world(done(1))

    some.show([done(2), done(3)])
    [page] = await some.pages(TODAY, limit=10)

    assert page["figure"] == 3
    assert amounts([page]) == [1]
    assert page["ledger"] == {"state": "catching_up", "missing": 2}


async def test_a_ledger_of_another_lineage_explains_nothing() -> None:
    some = World()
    some.show([done(1, lineage="lineage-2")])

    some.repository.book(log_of([done(1)]))
    [page] = await some.pages(TODAY, limit=10)

    assert page["ledger"] == {"state": "catching_up", "missing": 1}


async def test_a_ledger_that_is_discarded_while_it_is_read_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    some = world(done(1), done(2))
    in_slots = some.repository.in_slots

    async def discarded_meanwhile(slots: list[str]) -> Any:
        some.repository.filling = "filling-2"
        return (await in_slots(slots))[:1]

    monkeypatch.setattr(some.repository, "in_slots", discarded_meanwhile)
    [page] = await some.pages(TODAY, limit=10)

    assert page["ledger"] == {"state": "catching_up", "missing": 2}


async def test_a_level_is_explained_by_everything_before() -> None:
    last_year = NOW - timedelta(days=400)
    begun = event(UNIT, 1, None, patrol(None, started_at=last_year), type_="patrol.started.v1")

    [page] = await world(begun).pages(Question(UNIT, "patrols_under_way", "PT5M", None, None), limit=10)

    assert page["figure"] == 1
    assert [entry["at"].date() for entry in page["events"]] == [last_year.date()]


async def test_a_city_is_explained_by_itself_and_all_its_communes() -> None:
    own = event("01", 1, None, patrol(HOUR_AGO), subject="of-the-city")

    [page] = await world(done(1), own).pages(Question("01", "patrols_completed", "day", None, None), limit=10)

    assert {entry["unit"] for entry in page["events"]} == {"01", UNIT}
    assert page["figure"] == 2


# -- what is not sent again


async def test_pages_that_say_the_same_at_another_moment_are_not_sent_again() -> None:
    clock, some = FixedClock(NOW.replace(second=0)), world(done(1), done(2), done(3))
    app = make_app(StatsSettings(local_reader=True), clock)
    app.state.explanations = some.explanations
    query: dict[str, Any] = {"unit": UNIT, "metric": "patrols_completed", "window": "PT24H", "limit": 1}

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stats") as client:

        async def ask(known: str = "", **more: str) -> httpx.Response:
            clock.advance(timedelta(seconds=1))
            return await client.get("/v1/explain", params=query | more, headers={"if-none-match": known})

        first = await ask()
        following = await ask(cursor=first.json()["next"])
        again = await ask(first.headers["etag"])
        following_again = await ask(following.headers["etag"], cursor=first.json()["next"])
        some.show([done(4, type_="patrol.praised.v1")])
        after_an_event = await ask(first.headers["etag"])

    assert (first.status_code, following.status_code) == (200, 200)
    assert (again.status_code, following_again.status_code) == (304, 304)
    assert after_an_event.status_code == 200  # the figure is the same, but of another position


# -- links


async def test_links_lead_to_the_owner_and_to_the_journal() -> None:
    [page] = await world(done(1)).pages(TODAY, limit=10)

    assert page["events"][0]["links"] == {
        "owner": "http://patrols:8002/v1/patrols/patrol-1",
        "journal": f"http://patrols:8002/v1/journal?topic=patrols.v1&unit={UNIT}&after=0&limit=1",
    }


def test_every_counted_aggregate_is_shown_by_its_owner() -> None:
    routers = {"tips": TIPS_ROUTERS, "patrols": PATROLS_ROUTERS, "awards": AWARDS_ROUTERS}
    shown = {
        (owner, re.sub(r"\{\w+\}", "", route.path))
        for owner, some in routers.items()
        for router in some
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or ())
    }

    for topic in FACT_TOPICS:
        owner = topic.producer.rpartition(".")[2]
        for type_ in CATALOGUE.readers(topic):
            assert (owner, f"/v1/{PATHS[kind_of(type_)]}/") in shown, type_


# -- refusals


async def refusal(some: World, question: Question, cursor: str | None = None) -> InvalidInput:
    with pytest.raises(InvalidInput) as refused:
        await some.page(question, cursor=cursor)
    return refused.value


async def test_a_ratio_is_refused_with_its_two_parts() -> None:
    error = await refusal(world(done(1)), Question(UNIT, "violations_per_1000_patrols", "day", None, None))

    assert error.extra["numerator"] == "violations_detected"
    assert error.extra["denominator"] == "patrols_completed"
    assert "metric" in error.detail


async def test_a_percentile_and_an_unknown_figure_are_refused() -> None:
    some = world(done(1))

    for metric in (*CATALOGUE.percentiles, "no_such_figure"):
        assert "metric" in (await refusal(some, Question(UNIT, metric, "day", None, None))).detail


async def test_windows_and_units_that_do_not_exist_are_refused() -> None:
    some = world(done(1))

    assert "window" in (await refusal(some, Question(UNIT, "patrols_completed", "PT7M", None, None))).detail
    reversed_ = Question(UNIT, "patrols_completed", None, date(2026, 5, 2), date(2026, 5, 1))
    assert "to" in (await refusal(some, reversed_)).detail
    with pytest.raises(NotFound):
        await some.page(Question("99999", "patrols_completed", "day", None, None))


async def test_a_cursor_of_another_question_is_refused() -> None:
    some = world(done(1), done(2), done(3))
    page = await some.page(TODAY)

    error = await refusal(some, Question(UNIT, "participant_turns", "PT24H", None, None), cursor=page["next"])

    assert "another question" in error.detail
    assert "not a cursor" in (await refusal(some, TODAY, cursor="bm9uc2Vuc2U")).detail


def test_pins_of_a_whole_city_fit_into_an_address() -> None:
    units = PLACES.codes_of("01")
    pins = {unit: Pin(4_000 + 37 * at % 2_003) for at, unit in enumerate(units)}
    pins[UNIT] = Pin(9, frozenset({3, 7}))

    text = packed(pins, units)

    assert unpacked(text, units) == pins
    assert len(text) < 3_000
