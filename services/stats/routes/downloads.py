"""Figures and series as files to keep; the same answers as those under the paths without an ending."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Query, Request, Response

from services.stats.deps import ClockDep, FiguresDep, MapOf, QueriesDep, Reader, SelectionDep, SeriesDep
from services.stats.downloads import csv_file, lines, parquet_file
from services.stats.downloads.lines import Table
from services.stats.queries import Queries
from services.stats.queries.areas import Map
from services.stats.routes.answer import TAGGED, tagged_by
from services.stats.settings import StatsSettings
from shared.web import not_modified

router = APIRouter(prefix="/v1", tags=["downloads"], responses=TAGGED)

Bom = Annotated[bool, Query(description="Put a byte order mark first, by which spreadsheet programs know UTF-8.")]
CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}
CSV_FORM: Final = ("csv", csv_file.MEDIA_TYPE)
PARQUET_FORM: Final = ("parquet", parquet_file.MEDIA_TYPE)
Making: TypeAlias = Callable[[], Table]
PARQUET: dict[int | str, dict[str, Any]] = {200: {"content": {parquet_file.MEDIA_TYPE: {}}}}


@router.get("/figures.csv", response_class=Response, responses=CSV)
async def download_figures_as_csv(
    request: Request,
    _: Reader,
    selection: SelectionDep,
    figures: FiguresDep,
    queries: QueriesDep,
    clock: ClockDep,
    map_: MapOf = Map.IS,
    bom: Bom = False,
) -> Response:
    """All units of a city and all figures over one window, one line per unit and figure.

    A text that a spreadsheet would take for a formula, or that begins with an apostrophe, stands behind an apostrophe.
    """
    told = figures.table(selection, clock.now(), map_=map_)
    return await _as_csv(request, told, _figures(request, told, queries), bom)


@router.get("/figures.parquet", response_class=Response, responses=PARQUET)
async def download_figures_as_parquet(
    request: Request,
    _: Reader,
    selection: SelectionDep,
    figures: FiguresDep,
    queries: QueriesDep,
    clock: ClockDep,
    map_: MapOf = Map.IS,
) -> Response:
    """All units of a city and all figures over one window, one line per unit and figure, typed."""
    told = figures.table(selection, clock.now(), map_=map_)
    return await _as_parquet(request, told, _figures(request, told, queries))


@router.get("/series.csv", response_class=Response, responses=CSV)
async def download_series_as_csv(request: Request, _: Reader, told: SeriesDep, bom: Bom = False) -> Response:
    """One figure of one unit over time, one line per pane that has anything in it."""
    return await _as_csv(request, told, _series(request, told), bom)


@router.get("/series.parquet", response_class=Response, responses=PARQUET)
async def download_series_as_parquet(request: Request, _: Reader, told: SeriesDep) -> Response:
    """One figure of one unit over time, one line per pane that has anything in it, typed."""
    return await _as_parquet(request, told, _series(request, told))


def _figures(request: Request, told: dict[str, Any], queries: Queries) -> Making:
    units, metrics, simulated = queries.units(told["city"]), queries.metrics(), _simulated(request)
    return lambda: lines.figures(told, units, metrics, simulated=simulated)


def _series(request: Request, told: dict[str, Any]) -> Making:
    simulated = _simulated(request)
    return lambda: lines.series(told, simulated=simulated)


async def _as_csv(request: Request, told: dict[str, Any], make: Making, bom: bool) -> Response:
    return await _file(request, told, make, lambda table: csv_file.written(table, bom=bom), CSV_FORM, f"bom={bom}")


async def _as_parquet(request: Request, told: dict[str, Any], make: Making) -> Response:
    settings: StatsSettings = request.app.state.settings
    zone = settings.zone.key
    return await _file(request, told, make, lambda table: parquet_file.written(table, zone=zone), PARQUET_FORM)


async def _file(
    request: Request,
    told: dict[str, Any],
    make: Making,
    write: Callable[[Table], bytes],
    form: tuple[str, str],
    option: str = "",
) -> Response:
    """The answer as a file, or 304 where the asker has one that says the same."""
    ending, media_type = form
    tagged = tagged_by(told, ending + option)
    known = not_modified(request, tagged)
    if known is not None:
        return known

    def made() -> tuple[str, bytes]:
        table = make()
        return table.name, write(table)

    # In a thread: a large file takes seconds, and meanwhile others wait for what is new.
    name, body = await asyncio.to_thread(made)
    tagged["content-disposition"] = f'attachment; filename="{name}.{ending}"'
    return Response(body, headers=tagged, media_type=media_type)


def _simulated(request: Request) -> bool:
    settings: StatsSettings = request.app.state.settings
    return settings.simulated_data
