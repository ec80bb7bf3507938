"""Composition of the API process: the feed, the queries, the stream of changes, the routes and the console."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from services.stats.catalogue import CATALOGUE, generation
from services.stats.changes import Changes
from services.stats.feed import Feed
from services.stats.figures import Figures
from services.stats.queries import Queries
from services.stats.routes import ROUTERS
from services.stats.settings import StatsSettings
from services.stats.view import View
from shared.clock import Clock, SystemClock
from shared.places import places
from shared.security import Authenticator
from shared.web import Readiness, create_app, serve

CONSOLE: Final = Path(__file__).parent / "console"
POLICY: Final = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
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


def make_app(settings: StatsSettings, clock: Clock) -> FastAPI:
    """The API with the console."""
    known = places()
    rules = generation(CATALOGUE, settings.zone, known.digest())
    topic_of = {metric.id: metric.topic for metric in CATALOGUE.metrics.values()}

    def new_view() -> View:
        return View(generation=rules, city_of=known.city_of, topic_of=topic_of)

    feed = Feed(settings, new_view=new_view, generation=rules, clock=clock)
    queries = Queries(CATALOGUE, known, settings.zone)
    figures = Figures(feed, queries)
    changes = Changes(figures, clock)
    feed.on_change = changes.notify
    feed.on_switch = changes.notify_everything
    readiness = Readiness()
    readiness.add("figures", feed.readiness)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        known.search("ha noi", limit=1)  # builds the index of names before somebody waits for it
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(feed.run(readiness.stopping)), tasks.create_task(changes.run())]
            yield
            readiness.stopping.set()
            await feed.save()
            for task in running:
                task.cancel()

    app = create_app(
        service="stats",
        title="Commune Pulse statistics",
        description=DESCRIPTION,
        settings=settings,
        lifespan=lifespan,
        routers=(*ROUTERS, console_router),
        readiness=readiness,
        authenticator=Authenticator(settings, local_reader=settings.local_reader),
        content_security_policy=POLICY,
    )
    app.state.feed = feed
    app.state.queries = queries
    app.state.figures = figures
    app.state.changes = changes
    app.state.clock = clock
    app.mount("/console", ConsoleFiles(directory=CONSOLE), name="console")
    return app


def run_api(settings: StatsSettings) -> None:
    """Serve until told to stop."""
    serve(make_app(settings, SystemClock()), settings)
