"""How late events came, over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.stats.deps import ClockDep, Reader, ViewDep
from services.stats.queries.lateness import lateness_of
from services.stats.routes.answer import TAGGED, answer
from services.stats.settings import StatsSettings
from shared.places import places

router = APIRouter(prefix="/v1", tags=["figures"], responses=TAGGED)


@router.get("/lateness")
async def get_lateness(
    request: Request,
    _: Reader,
    view: ViewDep,
    clock: ClockDep,
    unit: Annotated[str, Query(pattern=r"^(\d{2}|\d{5})$", description="A commune, or a city with all its units.")],
) -> Response:
    """How long after they happened the facts of a unit were recorded, in bins; a city also by unit.

    Every event that the figures contain is counted once. `too_late_for` tells how many came after the panes of a minute
    or an hour were let go of; these are exact by the day.
    """
    settings: StatsSettings = request.app.state.settings
    as_of = clock.now().astimezone(settings.zone)
    return answer(request, {"as_of": as_of, **lateness_of(view.heads.values(), places(), unit)})
