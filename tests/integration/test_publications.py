"""Publications on a real store: frozen, restated once, explained, refused; and figures without a store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from pydantic import SecretStr

from services.stats.app import make_app
from services.stats.publications import restating
from services.stats.publications.repository import Publications
from services.stats.settings import StatsSettings
from services.stats.writing import LeasedWriter
from shared.clock import SystemClock
from shared.contracts.json_schema import frozen
from shared.contracts.topics import FIGURES
from shared.security import Role
from shared.store.client import Session
from shared.work import Write
from tests.integration.desk_rig import CITY, OTHER, UNIT, Booked, DeskRig, Json
from tests.integration.worker_rig import until

PATROLS, RATIO = "patrols_completed", "violations_per_1000_patrols"
SOURCE = ("patrols.v1", UNIT)


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[DeskRig]:
    async with DeskRig.running(store_uri, tmp_path, writes=False) as rig:
        yield rig


def of_last_week(rig: DeskRig, **said: Any) -> Json:
    first = rig.city.noon.date() - timedelta(days=6)
    return {
        "name": "bao-cao-tuan",
        "title": "Báo cáo tuần",
        "unit": CITY,
        "from_date": first.isoformat(),
        "to_date": rig.city.noon.date().isoformat(),
        "metrics": [PATROLS, RATIO],
        "units": [UNIT, OTHER],
        **said,
    }


async def published(rig: DeskRig, **said: Any) -> str:
    answer = await rig.post("/v1/publications", of_last_week(rig, **said))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def figure(whole: Json, unit: str, metric: str) -> Json:
    return next(each for each in whole["figures"] if (each["unit"], each["metric"]) == (unit, metric))


async def test_figures_are_frozen_as_they_are_served(rig: DeskRig) -> None:
    id = await published(rig)

    whole = await rig.get(f"/v1/publications/{id}")
    listed = await rig.get("/v1/publications", unit=CITY)
    (event,) = await rig.events(FIGURES, CITY)

    assert figure(whole, CITY, PATROLS)["published"]["value"] == 2 * 7 * 12
    assert figure(whole, UNIT, PATROLS)["published"]["value"] == 7 * 12
    assert figure(whole, UNIT, RATIO)["published"] == {"value": 1000 / 12, "numerator": 7, "denominator": 84}
    assert whole["positions"][f"patrols.v1/{UNIT}"] == rig.city.feed.position(("patrols.v1", UNIT))
    assert whole["not_compared"] is None
    assert [each["id"] for each in listed["items"]] == [id]
    assert event["type"] == "publication.issued.v1"
    assert event["partitionkey"] == CITY
    jsonschema.Draft202012Validator(frozen()["publication.issued.v1.json"]).validate(event)


async def test_the_same_request_publishes_once(rig: DeskRig) -> None:
    body = of_last_week(rig)

    answers = [await rig.post("/v1/publications", body, key="one") for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert await rig.committed(FIGURES) == 1


async def test_a_correction_leaves_the_publication_and_is_restated_once_with_its_cause(rig: DeskRig) -> None:
    id = await published(rig)
    position = rig.city.happened(UNIT, PATROLS, -2, rig.city.noon)
    cause = Booked(UNIT, position, -2)
    rig.ledger.entries.append(cause)

    counts = [await rig.desk.restating.compare(None) for _ in range(3)]

    whole = await rig.get(f"/v1/publications/{id}")
    restated = [each for each in await rig.events(FIGURES, CITY) if each["type"] == "publication.restated.v1"]
    assert counts == [4, 0, 0]  # patrols and the ratio, of the commune and of the city
    assert figure(whole, UNIT, PATROLS)["published"]["value"] == 84
    assert figure(whole, UNIT, PATROLS)["stated"]["value"] == figure(whole, UNIT, PATROLS)["now"]["value"] == 82
    assert figure(whole, OTHER, PATROLS)["now"] == figure(whole, OTHER, PATROLS)["published"]
    assert len(restated) == whole["publication"]["restatements"] == 4
    told = next(each["data"] for each in restated if (each["data"]["unit"], each["data"]["metric"]) == (UNIT, PATROLS))
    assert (told["published"]["value"], told["last_stated"]["value"], told["now"]["value"]) == (84, 84, 82)
    assert (told["reason"], [each["event_id"] for each in told["causes"]]) == ("events", [cause.id])
    assert told["positions_then"] == {f"patrols.v1/{UNIT}": position - 1}
    assert told["positions_now"] == {f"patrols.v1/{UNIT}": position}
    for event in restated:
        jsonschema.Draft202012Validator(frozen()["publication.restated.v1.json"]).validate(event)


async def test_restatements_come_page_by_page_latest_first(rig: DeskRig) -> None:
    id = await published(rig, units=None, metrics=[PATROLS])
    for _ in range(3):
        rig.city.happened(UNIT, PATROLS, 1, rig.city.noon)
        await rig.desk.restating.compare(frozenset({CITY}))

    first = await rig.get(f"/v1/publications/{id}/restatements", limit=2)
    rest = await rig.get(f"/v1/publications/{id}/restatements", limit=2, cursor=first["next"])

    assert [each["number"] for each in (*first["items"], *rest["items"])] == [3, 2, 1]
    assert rest["next"] is None
    assert [each["now"]["value"] for each in first["items"]] == [171, 170]


async def test_a_reason_is_filled_in_when_the_ledger_has_caught_up(rig: DeskRig) -> None:
    id = await published(rig, units=None, metrics=[PATROLS])
    position = rig.city.happened(UNIT, PATROLS, 1, rig.city.noon)
    await rig.desk.restating.compare(None)
    before = (await rig.get(f"/v1/publications/{id}"))["restatements"]

    rig.ledger.entries.append(Booked(UNIT, position, 1))
    await rig.desk.restating.explain()

    after = (await rig.get(f"/v1/publications/{id}"))["restatements"]
    assert [each["reason"] for each in before] == ["not_yet_explained"]
    assert [(each["reason"], len(each["causes"])) for each in after] == [("events", 1)]


async def test_a_reason_that_is_found_later_is_told_once_after_its_restatement(rig: DeskRig) -> None:
    await published(rig, units=None, metrics=[PATROLS])
    cause = Booked(UNIT, rig.city.happened(UNIT, PATROLS, 1, rig.city.noon), 1)
    await rig.desk.restating.compare(None)

    rig.ledger.entries.append(cause)
    await asyncio.gather(*(rig.desk.restating.explain() for _ in range(4)))

    issued, restated, explained = await rig.events(FIGURES, CITY)
    assert [each["type"] for each in (restated, explained)] == ["publication.restated.v1", "restatement.explained.v1"]
    assert issued["position"] < restated["position"] < explained["position"]
    assert restated["data"]["reason"] == "not_yet_explained"
    assert (explained["data"]["reason"], [each["event_id"] for each in explained["data"]["causes"]]) == (
        "events",
        [cause.id],
    )
    for name in ("publication", "number", "unit", "metric", "as_of"):
        assert explained["data"][name] == restated["data"][name]
    jsonschema.Draft202012Validator(frozen()["restatement.explained.v1.json"]).validate(explained)


async def test_rules_are_a_reason_only_once_all_events_are_known(rig: DeskRig, monkeypatch: pytest.MonkeyPatch) -> None:
    id = await published(rig, units=None, metrics=[PATROLS])
    rig.city.happened(UNIT, PATROLS, 1, rig.city.noon)  # which the ledger never has
    monkeypatch.setattr(rig.desk.restating._served, "generation", "of other rules")
    rig.ledger.caught_up = False
    await rig.desk.restating.compare(None)

    before = (await rig.get(f"/v1/publications/{id}"))["restatements"]
    rig.ledger.caught_up = True
    await rig.desk.restating.explain()

    after = (await rig.get(f"/v1/publications/{id}"))["restatements"]
    assert ([each["reason"] for each in before], [each["reason"] for each in after]) == (
        ["not_yet_explained"],
        ["rules"],
    )


async def test_a_reason_is_looked_for_in_each_round(rig: DeskRig) -> None:
    await published(rig, units=None, metrics=[PATROLS])
    running = asyncio.create_task(rig.desk.restating.run())
    position = rig.city.happened(UNIT, PATROLS, 1, rig.city.noon)
    rig.desk.notify([UNIT, CITY])

    async def committed(events: int) -> bool:
        return await rig.committed(FIGURES) == events

    await until(lambda: committed(2), within_s=10)

    rig.ledger.entries.append(Booked(UNIT, position, 1))

    await until(lambda: committed(3), within_s=10, what="the reason, without any figure that changed")
    running.cancel()


async def test_what_nothing_explains_keeps_no_other_from_its_reason(
    rig: DeskRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restating, "EXPLAINED_AT_ONCE", 1)
    id = await published(rig, units=None, metrics=[PATROLS])
    rig.city.happened(UNIT, PATROLS, 1, rig.city.noon)
    await rig.desk.restating.compare(None)
    position = rig.city.happened(UNIT, PATROLS, 1, rig.city.noon)
    await rig.desk.restating.compare(None)
    rig.ledger.entries.append(Booked(UNIT, position, 1))

    for _ in range(2):
        await rig.desk.restating.explain()

    latest, first = (await rig.get(f"/v1/publications/{id}"))["restatements"]
    assert (first["reason"], latest["reason"]) == ("not_yet_explained", "events")


async def test_two_writers_restate_once(rig: DeskRig) -> None:
    await published(rig)
    rig.city.happened(UNIT, PATROLS, 1, rig.city.noon)

    await asyncio.gather(*(rig.desk.restating.compare(None) for _ in range(4)))

    assert await rig.committed(FIGURES) == 1 + 4


async def test_without_the_version_two_writers_would_restate_twice(
    rig: DeskRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await published(rig)
    rig.city.happened(UNIT, PATROLS, 1, rig.city.noon)
    publication = (await _only(rig.desk.publications)).id
    stale = await rig.desk.publications.find(publication)
    await rig.desk.restating.compare(None)

    async def write(_: Session) -> None: ...

    def unchecked(*_: object) -> Write:
        return write

    monkeypatch.setattr(rig.desk.publications.kept, "replacing", unchecked)
    monkeypatch.setattr(rig.desk.publications, "restating", unchecked)
    monkeypatch.setattr(rig.desk.publications, "find", lambda _id: _given(stale))
    await rig.desk.restating.compare(None)

    assert await rig.committed(FIGURES) == 1 + 8


async def _only(publications: Publications) -> Any:
    return await anext(publications.touching(None))


async def _given(value: Any) -> Any:
    return value


@pytest.mark.parametrize("status", ["rebuilding", "catching_up"])
async def test_nothing_is_restated_from_figures_that_are_not_live(rig: DeskRig, status: str) -> None:
    id = await published(rig)
    rig.city.happened(UNIT, PATROLS, 1, rig.city.noon)
    rig.city.feed.status = status

    restated = await rig.desk.restating.compare(None)
    refused = await rig.post("/v1/publications", of_last_week(rig))

    assert restated == 0
    assert (await rig.get(f"/v1/publications/{id}"))["not_compared"] == "figures_not_live"
    assert refused.status_code == 503


def skip(rig: DeskRig) -> int:
    """Show that the unit's next event could not be read. Returns its position."""
    feed = rig.city.feed
    feed.commit(SOURCE)
    feed.skipped[SOURCE] = (feed.position(SOURCE),)
    feed.apply(SOURCE)
    return feed.position(SOURCE)


def repair(rig: DeskRig, position: int, amount: int) -> Booked:
    """Show what an event counts that could not be read, without any newer one. Returns what is to be booked."""
    feed = rig.city.feed
    feed.put(UNIT, PATROLS, amount, rig.city.noon)
    feed.skipped[SOURCE] = ()
    feed.apply(SOURCE)
    return Booked(UNIT, position, amount)


async def latest(rig: DeskRig, id: str, number: int) -> dict[str, tuple[str, set[str]]]:
    """Reason and causes by unit, of so many of the newest restatements."""
    found = (await rig.get(f"/v1/publications/{id}"))["restatements"][:number]
    return {each["unit"]: (each["reason"], {cause["event_id"] for cause in each["causes"]}) for each in found}


async def test_a_unit_that_lacks_an_event_is_restated_when_it_is_repaired(rig: DeskRig) -> None:
    id = await published(rig, metrics=[PATROLS])
    position = skip(rig)
    taken = Booked(UNIT, rig.city.happened(UNIT, PATROLS, -5, rig.city.noon), -5)
    while_incomplete = await rig.desk.restating.compare(None)

    given = repair(rig, position, 6)
    rig.ledger.entries += (taken, given)
    repaired = await rig.desk.restating.compare(None)

    assert (while_incomplete, repaired) == (0, 2)
    assert await latest(rig, id, 2) == dict.fromkeys((UNIT, CITY), ("events", {taken.id, given.id}))


async def test_a_repaired_event_is_the_cause_although_no_position_moved(rig: DeskRig) -> None:
    position = skip(rig)
    id = await published(rig, metrics=[PATROLS])

    cause = repair(rig, position, 4)
    rig.ledger.entries.append(cause)
    restated = await rig.desk.restating.compare(None)

    assert restated == 2
    assert await latest(rig, id, 2) == dict.fromkeys((UNIT, CITY), ("events", {cause.id}))


async def test_a_repaired_event_is_found_as_a_cause_later_too(rig: DeskRig) -> None:
    position = skip(rig)
    id = await published(rig, metrics=[PATROLS])
    cause = repair(rig, position, 4)
    await rig.desk.restating.compare(None)

    rig.ledger.entries.append(cause)
    await rig.desk.restating.explain()

    assert await latest(rig, id, 2) == dict.fromkeys((UNIT, CITY), ("events", {cause.id}))


async def test_a_unit_is_explained_although_others_were_restated_while_it_lacked_an_event(rig: DeskRig) -> None:
    position = skip(rig)
    id = await published(rig, metrics=[PATROLS])
    newer = Booked(UNIT, rig.city.happened(UNIT, PATROLS, 1, rig.city.noon), 1)
    elsewhere = Booked(OTHER, rig.city.happened(OTHER, PATROLS, 2, rig.city.noon), 2)
    rig.ledger.entries += (newer, elsewhere)
    while_incomplete = await rig.desk.restating.compare(None)

    cause = repair(rig, position, 4)
    rig.ledger.entries.append(cause)
    repaired = await rig.desk.restating.compare(None)

    assert (while_incomplete, repaired) == (1, 2)
    assert await latest(rig, id, 2) == {
        UNIT: ("events", {newer.id, cause.id}),
        CITY: ("events", {newer.id, cause.id, elsewhere.id}),
    }


async def test_a_figure_that_changes_twice_without_a_newer_event_is_restated_twice(rig: DeskRig) -> None:
    id = await published(rig, units=None, metrics=[PATROLS])

    for amount in (4, 5):
        rig.city.feed.put(UNIT, PATROLS, amount, rig.city.noon)
        rig.city.feed.apply(SOURCE)
        await rig.desk.restating.compare(None)

    assert [each["number"] for each in (await rig.get(f"/v1/publications/{id}"))["restatements"]] == [2, 1]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"metrics": ["no_such_thing"]}, "metrics"),
        ({"units": ["99999"]}, "units[0]"),
        ({"window": "PT24H"}, "window"),
        ({"to_date": None}, "to"),
        ({"from_date": "2026-02-30"}, "from_date"),
        ({"name": "Không hợp lệ"}, "name"),
    ],
)
async def test_what_cannot_be_published_is_refused_by_field(rig: DeskRig, said: Json, field: str) -> None:
    answer = await rig.post("/v1/publications", of_last_week(rig, **said))

    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_only_the_city_and_administrators_publish(rig: DeskRig) -> None:
    by_role = {
        role: (await rig.post("/v1/publications", of_last_week(rig), by=rig.as_(role, CITY))).status_code
        for role in Role
    }
    elsewhere = await rig.post("/v1/publications", of_last_week(rig), by=rig.as_(Role.CITY_OPERATOR, "79"))

    assert {role for role, status in by_role.items() if status == 201} == {Role.CITY_OPERATOR, Role.ADMINISTRATOR}
    assert set(by_role.values()) == {201, 403}
    assert elsewhere.status_code == 404


async def test_the_writer_restates_by_itself_and_another_follows(store_uri: str, tmp_path: Path) -> None:
    async with DeskRig.running(store_uri, tmp_path) as rig:
        await published(rig, units=None, metrics=[PATROLS])

        rig.city.happened(UNIT, PATROLS, 1, rig.city.noon)
        rig.desk.notify([UNIT, CITY])

        async def restated() -> bool:
            return await rig.committed(FIGURES) == 2

        await until(restated, within_s=20)
        assert rig.desk.writer.leading


async def test_one_process_writes_and_the_next_follows_when_it_ends(rig: DeskRig) -> None:
    first, second = (LeasedWriter(rig.desk.records, []) for _ in range(2))
    stop = asyncio.Event()
    writing = asyncio.create_task(first.run(stop))
    await until(lambda: _given(first.leading), within_s=10)
    waiting = asyncio.create_task(second.run(stop))
    await asyncio.sleep(0)

    both = first.leading and second.leading
    writing.cancel()
    await asyncio.wait({writing})
    await until(lambda: _given(second.leading), within_s=5)

    waiting.cancel()
    await asyncio.wait({waiting})
    assert not both


async def test_a_job_that_fails_begins_anew_and_ends_no_other(rig: DeskRig) -> None:
    began: list[str] = []

    async def fails() -> None:
        began.append("fails")
        raise ValueError

    async def goes_on() -> None:
        began.append("goes on")
        await asyncio.Event().wait()

    writer = LeasedWriter(rig.desk.records, [("fails", fails), ("goes on", goes_on)])
    writing = asyncio.create_task(writer.run(asyncio.Event()))

    await until(lambda: _given(began.count("fails") == 2), within_s=10)

    writing.cancel()
    await asyncio.wait({writing})
    assert began.count("goes on") == 1


async def test_figures_are_served_while_the_store_is_away(tmp_path: Path) -> None:
    settings = StatsSettings(
        mongodb_uri=SecretStr("mongodb://127.0.0.1:1/"), kafka_bootstrap_servers="127.0.0.1:1", local_reader=True
    )
    app = make_app(settings, SystemClock())

    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stats") as client,
    ):
        figures = await client.get("/v1/figures")
        kept = [await client.get(path) for path in ("/v1/publications", "/v1/alerts", "/v1/alert-rules")]
        alive = await client.get("/health/live")

    assert (figures.status_code, alive.status_code) == (200, 200)
    assert [answer.status_code for answer in kept] == [503] * 3
    assert {answer.headers["content-type"] for answer in kept} == {"application/problem+json"}


async def test_what_changes_while_figures_are_compared_is_compared_the_next_time(
    rig: DeskRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await published(rig, units=None, metrics=[PATROLS])
    table, compared = rig.desk.publications.table, 0

    async def changing_the_second_time(id: str) -> Any:
        nonlocal compared
        compared += 1
        if compared == 2:
            rig.city.happened(UNIT, PATROLS, 1, rig.city.noon)
            rig.desk.notify([UNIT, CITY])
        return await table(id)

    monkeypatch.setattr(rig.desk.publications, "table", changing_the_second_time)
    comparing = asyncio.create_task(rig.desk.restating.run())
    await until(lambda: _given(compared == 1), within_s=10)

    rig.desk.notify([UNIT, CITY])

    async def restated() -> bool:
        return await rig.committed(FIGURES) == 2

    await until(restated, within_s=10)
    comparing.cancel()
