"""What a figure is made of, over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.stats.deps import ClockDep, ExplanationsDep, FromDate, MapOf, ToDate, UnitReader, WhoseDep, WindowId
from services.stats.queries.areas import Map
from services.stats.routes.answer import TAGGED, answer
from services.stats.serving.explaining import Question, apart_from_moment
from shared.web import Limit

router = APIRouter(prefix="/v1", tags=["figures"], responses=TAGGED)


@router.get("/explain")
async def explain_figure(
    request: Request,
    caller: UnitReader,
    explanations: ExplanationsDep,
    clock: ClockDep,
    whose: WhoseDep,
    metric: Annotated[str, Query(description="A counted figure; a ratio is refused with its two parts.")],
    window: WindowId = None,
    from_: FromDate = None,
    to: ToDate = None,
    map_: MapOf = Map.IS,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Limit = 100,
) -> Response:
    """The events behind one figure, the newest minute first, each with what it added and where its owner shows it.

    The figure is that of a unit, or of a set as in `/v1/figures/set`, on either map.

    The figure and its positions are those of the first page. The amounts of all pages add up to it exactly, once the
    `ledger` is complete; while it is catching up, `missing` tells how many events are not listed yet. A correction is
    an entry of its own; a negative amount takes back. A level is explained by everything before the window's end. What
    is `estimated` beside a figure has no events, and says so.
    """
    question = Question(whose, metric, window, from_, to, map_)
    explanation = explanations.explain(question, cursor=cursor, limit=limit, now=clock.now(), covers=caller.covers)
    told = await explanation
    return answer(request, told, same=apart_from_moment(told))
