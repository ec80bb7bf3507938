"""Every answer of the statistics has a tag, and is not sent again as long as it says the same."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from services.stats.app import make_app
from services.stats.generations.control import Control
from services.stats.settings import StatsSettings
from shared.clock import FixedClock, SystemClock
from shared.contracts.stats import SelfCheck
from tests.integration.desk_rig import CITY, FIRES, UNIT, Booked, DeskRig, Json
from tests.support.console_rig import ZONE

UNTAGGED: Final = {
    "/": "a page for people",
    "/asyncapi": "a page for people",
    "/docs": "a page for people",
    "/docs/start.js": "a part of that page",
    "/docs/{asset}": "a part of that page",
    "/metrics": "it tells of this moment only",
    "/health/live": "it tells of this moment only",
    "/health/ready": "it tells of this moment only",
    "/v1/changes": "a stream, which tells only what has changed",
    "/v1/journal": "whoever asks for what comes after the last position is told only what is new",
    "/v1/journal/units": "positions to read on from, by the code of all owners of a journal",
}
ONE_FIGURE: Final = {"unit": UNIT, "metric": "patrols_completed"}
QUERIES: Final = {
    "/v1/explain": ONE_FIGURE,
    "/v1/figures/set": {"units": UNIT},
    "/v1/lateness": {"unit": UNIT},
    "/v1/series": ONE_FIGURE,
    "/v1/series.csv": ONE_FIGURE,
    "/v1/series.parquet": ONE_FIGURE,
    "/v1/units/search": {"q": "Ba Dinh"},
}
RULE: Final[Json] = {
    "kind": "threshold",
    "title_vi": "Thử",
    "title_en": "Try",
    "metric": "rescues_handled",
    "window": "day",
    "at_least": 2,
    "clear_below": 1,
}
HOOK: Final[Json] = {
    "channel": "webhook",
    "url": "http://127.0.0.1:1/hook",
    "units": [CITY],
    "severity": "warning",
}


@pytest.fixture
def clock() -> FixedClock:
    """Stands at the beginning of a minute: what a window covers changes with the minute, and so does its answer."""
    return FixedClock(datetime.now(ZONE).replace(second=0, microsecond=0))


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[DeskRig]:
    async with DeskRig.running(store_uri, tmp_path, writes=False, clock=clock, webhooks_to_private=True) as rig:
        feed: Any = rig.city.feed
        feed.control = Control()
        rig.app.state.figures._feed = rig.app.state.explanations._feed = feed
        yield rig


@pytest.fixture
async def ids(rig: DeskRig) -> dict[str, str]:
    """What stands for the parameters of paths, once something of each kind is there."""
    publication = await publish(rig, "bao-cao")
    await restate(rig)
    await raise_alert(rig)
    await subscribe(rig)
    check(rig, "1")
    [alert] = (await rig.get("/v1/alerts"))["items"]
    return {"unit": UNIT, "publication_id": publication, "alert_id": alert["id"]}


async def publish(rig: DeskRig, name: str) -> str:
    day = rig.city.noon.date().isoformat()
    what = {"name": name, "title": name, "unit": CITY, "from_date": day, "to_date": day}
    made = await rig.post("/v1/publications", what | {"metrics": ["patrols_completed"], "units": [UNIT]})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def restate(rig: DeskRig) -> None:
    rig.ledger.entries.append(Booked(UNIT, rig.city.happened(UNIT, "patrols_completed", at=rig.city.noon), 1))
    assert await rig.desk.restating.compare(None) > 0


async def raise_alert(rig: DeskRig) -> None:
    for _ in range(5):
        rig.city.happened(UNIT, FIRES)
    await rig.desk.watching.look(None)


async def subscribe(rig: DeskRig) -> None:
    assert (await rig.post("/v1/alert-subscriptions", HOOK)).status_code == 201


def check(rig: DeskRig, id: str) -> None:
    now, control = datetime.now(ZONE), rig.app.state.feed.control
    control.checks[id] = SelfCheck(
        id=id, kind="self-check", state="s", compared_with="t", began_at=now, ended_at=now, outcome="agrees"
    )


def gets(app: FastAPI) -> set[str]:
    return {route.path for route in _all(app.routes) if "GET" in (route.methods or ())}


def _all(routes: Iterable[Any]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):  # how the framework keeps what was included
            yield from _all(route.original_router.routes)


async def without_tag(rig: DeskRig, clock: FixedClock, ids: dict[str, str], paths: Iterable[str]) -> dict[str, str]:
    """Why an answer is sent again although it says the same, by path."""
    found = {}
    for path in paths:
        address, query = path.format(**ids), QUERIES.get(path, {})
        first = await rig.client.get(address, params=query, headers=rig.administrator)
        assert first.status_code == 200, (path, first.text)
        if "etag" not in first.headers:
            found[path] = "has no tag"
            continue
        clock.advance(timedelta(seconds=0.1))
        known = {"if-none-match": first.headers["etag"], **rig.administrator}
        again = await rig.client.get(address, params=query, headers=known)
        if (again.status_code, again.content) != (304, b""):
            found[path] = f"{again.status_code} with {again.headers['etag']} after {first.headers['etag']}"
    return found


async def test_an_answer_that_says_the_same_is_not_sent_again(
    rig: DeskRig, clock: FixedClock, ids: dict[str, str]
) -> None:
    paths = gets(rig.app)

    found = await without_tag(rig, clock, ids, sorted(paths - UNTAGGED.keys()))

    assert found == {}
    assert paths >= UNTAGGED.keys()


def test_the_api_document_tells_which_answers_have_a_tag() -> None:
    app = make_app(StatsSettings(local_reader=True), SystemClock())

    gets_told = {path: told["get"]["responses"] for path, told in app.openapi()["paths"].items() if "get" in told}

    assert {
        path for path, responses in gets_told.items() if "304" not in responses
    } == gets_told.keys() & UNTAGGED.keys()


async def test_a_route_that_answers_without_a_tag_is_found(
    rig: DeskRig, clock: FixedClock, ids: dict[str, str]
) -> None:
    before = gets(rig.app)

    @rig.app.get("/v1/things/{unit}")
    async def things(unit: str) -> list[str]:
        return [unit]

    found = await without_tag(rig, clock, ids, gets(rig.app) - before)

    assert found == {"/v1/things/{unit}": "has no tag"}


async def test_what_has_changed_is_sent_again(rig: DeskRig, ids: dict[str, str]) -> None:
    publication, alert = f"/v1/publications/{ids['publication_id']}", f"/v1/alerts/{ids['alert_id']}"

    changes: dict[str, Callable[[], Awaitable[object]]] = {
        "/v1/publications": lambda: publish(rig, "khac"),
        f"{publication}/restatements": lambda: restate(rig),
        "/v1/alerts": lambda: rig.post(f"{alert}/acknowledge"),
        "/v1/alert-looks/last": lambda: rig.desk.watching.look(None),
        "/v1/alert-rules": lambda: rig.client.put("/v1/alert-rules/try", json=RULE, headers=rig.administrator),
        "/v1/alert-subscriptions": lambda: subscribe(rig),
    }
    for path, change in changes.items():
        tag = (await rig.client.get(path, headers=rig.administrator)).headers["etag"]
        await change()
        again = await rig.client.get(path, headers={"if-none-match": tag, **rig.administrator})
        assert (again.status_code, again.headers["etag"] == tag) == (200, False), path


async def test_what_comes_of_folding_a_second_time_is_sent_when_it_is_new(rig: DeskRig, ids: dict[str, str]) -> None:
    tag = (await rig.client.get("/v1/self-checks", headers=rig.administrator)).headers["etag"]

    check(rig, "2")
    again = await rig.client.get("/v1/self-checks", headers={"if-none-match": tag, **rig.administrator})

    assert [each["id"] for each in again.json()["items"]] == ["2", "1"]


async def test_freshness_is_told_anew_with_each_event_and_not_with_each_beat(rig: DeskRig, clock: FixedClock) -> None:
    first = await rig.client.get("/v1/freshness", headers=rig.administrator)
    known = {"if-none-match": first.headers["etag"], **rig.administrator}

    clock.advance(timedelta(seconds=5))
    after_a_beat = await rig.client.get("/v1/freshness", headers=known)
    rig.city.feed.commit(("patrols.v1", UNIT))
    after_an_event = await rig.client.get("/v1/freshness", headers=known)

    assert after_a_beat.status_code == 304
    assert after_an_event.json()["topics"][1]["behind"] == 1


async def test_no_browser_keeps_the_addresses_of_people(rig: DeskRig) -> None:
    listed = await rig.client.get("/v1/alert-subscriptions", headers=rig.administrator)

    assert listed.headers["cache-control"] == "no-store"
