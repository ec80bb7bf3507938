"""Published values over HTTP: taken in as CSV, shown with their source; must not decide anything."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from services.stats.deps import ClockDep, DeskDep, Publisher, Reader
from services.stats.reference_series import handlers
from services.stats.reference_series.repository import ReferenceValues
from services.stats.routes.answer import TAGGED, answer
from shared.errors import UnsupportedMediaType
from shared.places import places
from shared.views import Cursor
from shared.web import Limit

MEDIA_TYPE: Final = "text/csv"
_EXAMPLE: Final = """\
series,unit,period,value,source,assumed
criminal_offences,79/Phú Nhuận,2022,214,Annual report of the district police,false
clearance_rate,79/Phú Nhuận,2022,81.5,Annual report of the district police,false
"""
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}

router = APIRouter(prefix="/v1", tags=["reference series"])


def _values(request: Request, desk: DeskDep) -> ReferenceValues:
    desk.records.require_open()
    values: ReferenceValues = request.app.state.reference_values
    return values


Values = Annotated[ReferenceValues, Depends(_values)]


@router.post("/reference-series", openapi_extra=_BODY)
async def import_reference_series(
    request: Request, caller: Publisher, values: Values, clock: ClockDep
) -> handlers.ImportedView:
    """Take in what others have published, as CSV: all lines or, if one of them is wrong, none.

    Columns: `series` (criminal_offences or clearance_rate), `unit` (a code, or a former district as 79/Phú Nhuận),
    `period` (2022, 2022-H1, 2022-Q3 or 2022-05), `value`, `source`, `assumed` (true or false) and, if need be,
    `simulated`. A line about the same series, unit, period and source replaces what was said before, which is kept; one
    that says the same changes nothing, so that sending a file twice is harmless. Within the caller's city only.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != MEDIA_TYPE:
        raise UnsupportedMediaType(f"Send the file as {MEDIA_TYPE}.")
    return await handlers.import_values(
        await request.body(), caller=caller, values=values, places=places(), now=clock.now()
    )


@router.get("/reference-series", responses=TAGGED)
async def list_reference_series(
    request: Request,
    _: Reader,
    values: Values,
    series: Annotated[str | None, Query(description="criminal_offences or clearance_rate; both unless given.")] = None,
    unit: Annotated[
        str | None, Query(description="A code, or a former district as 79/Phú Nhuận; all unless given.")
    ] = None,
    replaced: Annotated[bool, Query(description="With what was said before.")] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Published values with their source, and compared with the period before and the same a year earlier.

    They are nobody's events and never part of a figure. Comparisons stay within one source.
    """
    page = await handlers.show_values(
        values, places(), series=series, unit=unit, replaced=replaced, cursor=cursor, limit=limit
    )
    return answer(request, page)
