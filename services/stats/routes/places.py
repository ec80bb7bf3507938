"""Cities and units over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.stats.deps import City, QueriesDep, Reader, ViewDep
from services.stats.routes.answer import TAGGED, answer
from shared.web import Limit, decode_cursor, encode_cursor
from shared.web.answers import MAX_PAGE

Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the page before.")]

router = APIRouter(prefix="/v1", tags=["places"], responses=TAGGED)


@router.get("/units")
async def list_units(request: Request, _: Reader, queries: QueriesDep, city: City = "01") -> Response:
    """The city and its communes of today."""
    return answer(request, {"units": queries.units(city)})


@router.get("/units/search")
async def search_units(
    request: Request, _: Reader, queries: QueriesDep, q: Annotated[str, Query(min_length=1, max_length=100)]
) -> Response:
    """Units by name or code in any spelling, former ones with what they belong to now."""
    return answer(request, {"matches": queries.search(q)})


@router.get("/sets")
async def list_sets(
    request: Request, _: Reader, queries: QueriesDep, city: City = "01", cursor: Cursor = None, limit: Limit = MAX_PAGE
) -> Response:
    """The former districts of a city, each with its units on the last day before the reform, by code."""
    sets = queries.sets(city)
    if cursor is not None:
        after = decode_cursor(cursor, after=str)["after"]
        sets = [each for each in sets if each["id"] > after]
    following = encode_cursor({"after": sets[limit - 1]["id"]}) if len(sets) > limit else None
    return answer(request, {"sets": sets[:limit], "next": following})


@router.get("/cities")
async def list_cities(request: Request, _: Reader, queries: QueriesDep, view: ViewDep) -> Response:
    """The cities and provinces that have any figure."""
    return answer(request, {"cities": queries.cities(view)})
