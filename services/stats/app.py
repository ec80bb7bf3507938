"""Composition of the API process: the feed, the queries, the stream of changes, the routes and the console."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from services.stats.catalogue import CATALOGUE, generation
from services.stats.desk import Desk
from services.stats.feed import Feed
from services.stats.ledger.questions import LedgerQuestions
from services.stats.ledger.repository import LedgerRepository
from services.stats.queries import Queries
from services.stats.queries.composition import Composition
from services.stats.records import Records
from services.stats.reference_series.repository import ReferenceValues
from services.stats.routes import ROUTERS
from services.stats.routes.journal import journal_of
from services.stats.serving.changes import Changes
from services.stats.serving.explaining import Explanations
from services.stats.serving.figures import Figures
from services.stats.settings import DATABASE, StatsSettings
from services.stats.view import Source, View
from shared.clock import Clock, SystemClock
from shared.contracts.stats import Rules
from shared.places import Places, places
from shared.security import Authenticator
from shared.service import refuse_while_store_is_away
from shared.web import Readiness, create_app, serve

CONSOLE: Final = Path(__file__).parent / "console"
POLICY: Final = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
KEEPING_S: Final = 4.0  # for events that were committed just before a stop
DESCRIPTION: Final = """Live figures of grassroots security for a city and each of its communes.

Every answer states its interval, `as_of` and, where asked for, the positions of the events that it contains.
"""

console_router = APIRouter(include_in_schema=False)


@console_router.get("/")
async def console() -> Response:
    """The operators' console."""
    return FileResponse(CONSOLE / "index.html", headers={"Cache-Control": "no-cache"})


class ConsoleFiles(StaticFiles):
    """The console's files, asked for anew each time and answered with 304 where they have not changed."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def make_app(settings: StatsSettings, clock: Clock, *, database: str = DATABASE) -> FastAPI:
    """The API with the console."""
    known = places()
    rules = generation(CATALOGUE, settings.zone, known.digest())

    feed = _feed(settings, clock, known, rules)
    queries = Queries(CATALOGUE, known, settings.zone)
    figures = Figures(feed, queries)
    changes = Changes(figures, clock)
    records = Records(settings, clock, database=database)
    ledger = LedgerQuestions(LedgerRepository(records.runtime.store, rules), CATALOGUE, known)
    explanations = Explanations(feed, queries, ledger, CATALOGUE, settings.zone, settings.owner_urls)
    desk = Desk(settings, clock, feed, Composition(CATALOGUE), known, rules, ledger, records)

    def changed(rows: Iterable[str], source: Source) -> None:
        figures.notify(rows, clock.now())
        changes.notify(rows, source)
        desk.notify(rows)

    def switched() -> None:
        changes.notify_everything()
        desk.notify_everything()

    feed.on_change = changed
    feed.on_switch = switched
    readiness = Readiness()
    readiness.add("figures", feed.readiness)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        known.search("ha noi", limit=1)  # builds the index of names before somebody waits for it
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(feed.run(readiness.stopping)), tasks.create_task(changes.run())]
            running.append(tasks.create_task(figures.run(clock)))
            keeping = tasks.create_task(desk.run(readiness.stopping))
            running.append(keeping)
            yield
            readiness.stopping.set()
            await feed.save()
            await asyncio.wait({keeping}, timeout=KEEPING_S)
            for task in running:
                task.cancel()

    app = create_app(
        service="stats",
        title="Commune Pulse statistics",
        description=DESCRIPTION,
        settings=settings,
        lifespan=lifespan,
        routers=(*ROUTERS, journal_of(records.runtime.outbox), console_router),
        readiness=readiness,
        authenticator=Authenticator(settings, local_reader=settings.local_reader),
        content_security_policy=POLICY,
    )
    app.state.feed = feed
    app.state.queries = queries
    app.state.figures = figures
    app.state.changes = changes
    app.state.clock = clock
    app.state.explanations = explanations
    app.state.desk = desk
    app.state.reference_values = ReferenceValues(records.runtime.store)
    refuse_while_store_is_away(app)
    app.mount("/console", ConsoleFiles(directory=CONSOLE), name="console")
    return app


def _feed(settings: StatsSettings, clock: Clock, known: Places, rules: str) -> Feed:
    def new_view(of_generation: str) -> View:
        return View(generation=of_generation, city_of=known.city_of, topic_of=CATALOGUE.topics)

    def uncounted(others: Rules | None) -> frozenset[str]:
        # Of rules that nobody has told nothing is known to be alike; in another time zone all days are other ones.
        alike = others is not None and others.time_zone == settings.time_zone
        return CATALOGUE.counted_otherwise(others.series if others is not None and alike else {})

    return Feed(settings, new_view=new_view, uncounted=uncounted, generation=rules, clock=clock)


def run_api(settings: StatsSettings) -> None:
    """Serve until told to stop."""
    serve(make_app(settings, SystemClock()), settings)
