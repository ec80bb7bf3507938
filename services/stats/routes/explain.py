"""What a figure is made of, over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.stats.deps import ClockDep, ExplanationsDep, FromDate, ToDate, UnitReader, WindowId
from services.stats.routes.answer import answer
from services.stats.serving.explaining import Question
from shared.errors import NotFound
from shared.web import Limit

router = APIRouter(prefix="/v1", tags=["figures"])


@router.get("/explain")
async def explain_figure(
    request: Request,
    caller: UnitReader,
    explanations: ExplanationsDep,
    clock: ClockDep,
    unit: Annotated[str, Query(pattern=r"^(\d{2}|\d{5})$", description="A commune or city of today.")],
    metric: Annotated[str, Query(description="A counted figure; a ratio is refused with its two parts.")],
    window: WindowId = None,
    from_: FromDate = None,
    to: ToDate = None,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Limit = 100,
) -> Response:
    """The events behind one figure, the newest minute first, each with what it added and where its owner shows it.

    The figure and its positions are those of the first page. The amounts of all pages add up to it exactly, once the
    `ledger` is complete; while it is catching up, `missing` tells how many events are not listed yet. A correction is
    an entry of its own; a negative amount takes back. A level is explained by everything before the window's end.
    """
    if not caller.covers(unit):
        raise NotFound(f"There is no unit {unit} among yours.")
    question = Question(unit, metric, window, from_, to)
    return answer(request, await explanations.explain(question, cursor=cursor, limit=limit, now=clock.now()))
