"""Figures over HTTP: tables, series, windows, freshness and the stream of changes."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.stats.deps import (
    ChangesDep,
    City,
    ClockDep,
    District,
    FiguresDep,
    FromDate,
    MapOf,
    QueriesDep,
    Reader,
    SelectionDep,
    SeriesDep,
    ToDate,
    UnitCodes,
    ViewDep,
    WindowId,
)
from services.stats.feed.freshness import apart_from_beats
from services.stats.queries.areas import Map
from services.stats.queries.sets import WantedSet
from services.stats.routes.answer import TAGGED, answer, rendered
from shared.web import Readiness, not_modified

router = APIRouter(prefix="/v1", tags=["figures"])


@router.get("/metrics", responses=TAGGED)
async def list_metrics(request: Request, _: Reader, queries: QueriesDep) -> Response:
    """Every figure with its title, definition and unit of measure."""
    return answer(request, {"metrics": queries.metrics()})


@router.get("/windows", responses=TAGGED)
async def list_windows(request: Request, _: Reader, queries: QueriesDep, view: ViewDep, clock: ClockDep) -> Response:
    """The windows that figures can be asked for, named ones of campaigns and legal instruments included."""
    return answer(request, {"windows": queries.windows(view, clock.now())})


@router.get("/figures", responses=TAGGED)
async def list_figures(
    request: Request,
    _: Reader,
    selection: SelectionDep,
    figures: FiguresDep,
    clock: ClockDep,
    positions: bool = False,
    map_: MapOf = Map.IS,
) -> Response:
    """All units of a city and all figures over one window, with comparisons, as one compact table.

    With `positions` the answer tells, per topic and unit, up to which position of the sequence it is complete. Beside
    the exact figures of a unit of today stand, as `estimated`, those that its share in divided former units changes.
    Under load the table may be that of half a second ago, which `as_of` and the positions tell.
    """
    if map_ is Map.WAS:
        return answer(request, figures.table(selection, clock.now(), with_positions=positions, map_=map_))
    if "if-none-match" in request.headers:
        known = not_modified(request, figures.tag(selection, clock.now(), with_positions=positions))
        if known is not None:
            return known
    table, tagged = await figures.read(selection, clock, with_positions=positions)
    return not_modified(request, tagged) or rendered(table, headers=tagged)


@router.get("/figures/set", responses=TAGGED)
async def get_set(
    request: Request,
    _: Reader,
    queries: QueriesDep,
    view: ViewDep,
    clock: ClockDep,
    city: City = "01",
    units: UnitCodes = None,
    district: District = None,
    window: WindowId = None,
    from_: FromDate = None,
    to: ToDate = None,
    map_: MapOf = Map.IS,
) -> Response:
    """The figures of several units together, as sums; ratios and percentiles are made of the sums."""
    wanted = WantedSet(city, units, district)
    return answer(request, queries.one_set(view, wanted, window, from_, to, clock.now(), map_))


@router.get("/figures/{unit}", responses=TAGGED)
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
    map_: MapOf = Map.IS,
) -> Response:
    """All figures of one unit over one window, each with its comparisons."""
    return answer(request, queries.one_row(view, unit, window, from_, to, clock.now(), map_))


@router.get("/series", responses=TAGGED)
async def get_series(request: Request, _: Reader, series: SeriesDep) -> Response:
    """One figure of one unit over time, pane by pane; panes without anything are left out.

    Of a level, such as teams, each point is how much there was at the end of a pane: of the first one, and wherever it
    changed.
    """
    return answer(request, series)


@router.get("/sparklines", responses=TAGGED)
async def get_sparklines(
    request: Request,
    _: Reader,
    queries: QueriesDep,
    view: ViewDep,
    clock: ClockDep,
    metric: str = "patrols_completed",
    city: City = "01",
) -> Response:
    """One figure of all units of a city by day, for the last 14 local days; a level as it was at the end of each.

    Null instead of zero stands where the unit has told nothing at all of the day.
    """
    return answer(request, queries.sparklines(view, city, metric, clock.now()))


@router.get("/changes", response_class=EventSourceResponse)
async def follow_changes(
    request: Request, _: Reader, selection: SelectionDep, changes: ChangesDep
) -> AsyncIterator[ServerSentEvent]:
    """A snapshot of the table, then the rows that change, and the freshness every two seconds."""
    readiness: Readiness = request.app.state.readiness
    async for frame in changes.stream(selection, readiness.stopping):
        yield frame


@router.get("/freshness", responses=TAGGED)
async def get_freshness(request: Request, _: Reader, figures: FiguresDep, clock: ClockDep) -> Response:
    """What the services have committed against what the figures contain.

    304 means the same positions and levels: beats, which come every few seconds, may have been heard since.
    """
    told = figures.freshness(clock.now())
    return answer(request, told, same=apart_from_beats(told))
