"""Cities and units over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.stats.deps import City, QueriesDep, Reader, ViewDep
from services.stats.routes.answer import answer

router = APIRouter(prefix="/v1", tags=["places"])


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


@router.get("/cities")
async def list_cities(request: Request, _: Reader, queries: QueriesDep, view: ViewDep) -> Response:
    """The cities and provinces that have any figure."""
    return answer(request, {"cities": queries.cities(view)})
