"""The statistics over HTTP: figures, series, windows, places, freshness and the stream of changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.stats import reference
from services.stats.deps import (
    ChangesDep,
    City,
    ClockDep,
    FiguresDep,
    FromDate,
    QueriesDep,
    Reader,
    SelectionDep,
    ToDate,
    ViewDep,
    WindowId,
)
from shared.contracts import asyncapi
from shared.contracts.stats import Tier
from shared.web import Readiness, etagged

router = APIRouter(prefix="/v1", tags=["figures"])
contracts_router = APIRouter(tags=["contracts"])

UnitCode = Annotated[str, Query(pattern=r"^(\d{2}|\d{5})$")]


@router.get("/metrics")
async def list_metrics(request: Request, _: Reader, queries: QueriesDep) -> Response:
    """Every figure with its title, definition and unit of measure."""
    return _answer(request, {"metrics": queries.metrics()})


@router.get("/units")
async def list_units(request: Request, _: Reader, queries: QueriesDep, city: City = "01") -> Response:
    """The city and its communes of today."""
    return _answer(request, {"units": queries.units(city)})


@router.get("/units/search")
async def search_units(
    request: Request, _: Reader, queries: QueriesDep, q: Annotated[str, Query(min_length=1, max_length=100)]
) -> Response:
    """Units by name or code in any spelling, former ones with what they belong to now."""
    return _answer(request, {"matches": queries.search(q)})


@router.get("/cities")
async def list_cities(request: Request, _: Reader, queries: QueriesDep, view: ViewDep) -> Response:
    """The cities and provinces that have any figure."""
    return _answer(request, {"cities": queries.cities(view)})


@router.get("/windows")
async def list_windows(request: Request, _: Reader, queries: QueriesDep, view: ViewDep, clock: ClockDep) -> Response:
    """The windows that figures can be asked for, named ones of campaigns and legal instruments included."""
    return _answer(request, {"windows": queries.windows(view, clock.now())})


@router.get("/figures")
async def list_figures(
    request: Request,
    _: Reader,
    selection: SelectionDep,
    figures: FiguresDep,
    clock: ClockDep,
    positions: bool = False,
) -> Response:
    """All units of a city and all figures over one window, with comparisons, as one compact table.

    With `positions` the answer tells, per topic and unit, up to which position of the sequence it is complete.
    """
    return _answer(request, figures.snapshot(selection, clock.now(), with_positions=positions))


@router.get("/figures/{unit}")
async def get_figures(
    request: Request,
    _: Reader,
    queries: QueriesDep,
    view: ViewDep,
    clock: ClockDep,
    unit: str,
    window: WindowId = None,
    from_: FromDate = None,
    to: ToDate = None,
) -> Response:
    """All figures of one unit over one window, each with its comparisons."""
    return _answer(request, queries.one_row(view, unit, window, from_, to, clock.now()))


@router.get("/series")
async def get_series(
    request: Request,
    _: Reader,
    queries: QueriesDep,
    view: ViewDep,
    unit: UnitCode,
    metric: str,
    tier: Tier = Tier.DAY,
    from_: FromDate = None,
    to: ToDate = None,
    *,
    clock: ClockDep,
) -> Response:
    """One figure of one unit over time, pane by pane; panes without anything are left out."""
    return _answer(request, queries.series(view, unit, metric, tier, from_, to, clock.now()))


@router.get("/sparklines")
async def get_sparklines(
    request: Request,
    _: Reader,
    queries: QueriesDep,
    view: ViewDep,
    clock: ClockDep,
    metric: str = "patrols_completed",
    city: City = "01",
) -> Response:
    """One figure of all units of a city by day, for the last 14 local days."""
    return _answer(request, queries.sparklines(view, city, metric, clock.now()))


@router.get("/changes", response_class=EventSourceResponse)
async def follow_changes(
    request: Request, _: Reader, selection: SelectionDep, changes: ChangesDep
) -> AsyncIterator[ServerSentEvent]:
    """A snapshot of the table, then the rows that change, and the freshness every two seconds."""
    readiness: Readiness = request.app.state.readiness
    async for frame in changes.stream(selection, readiness.stopping):
        yield frame


@router.get("/freshness")
async def get_freshness(request: Request, _: Reader, figures: FiguresDep, clock: ClockDep) -> Response:
    """What the services have committed against what the figures contain."""
    return _answer(request, figures.freshness(clock.now()))


@contracts_router.get("/asyncapi.json")
async def get_asyncapi(request: Request) -> Response:
    """The events of the whole system as an AsyncAPI 3 document."""
    return _answer(request, _document())


@contracts_router.get("/asyncapi", response_class=HTMLResponse)
async def read_asyncapi() -> HTMLResponse:
    """The same document as a page for people."""
    page = HTMLResponse(reference.page(_document()))
    page.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return page


@cache
def _document() -> dict[str, Any]:
    return asyncapi.document()


def _answer(request: Request, content: dict[str, Any]) -> Response:
    return etagged(request, orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS))
