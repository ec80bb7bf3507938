"""Paths of exemplars; must not decide anything."""

from fastapi import APIRouter, Response

from services.awards import handlers
from services.awards.commands import HonourExemplar, Withdraw
from services.awards.deps import Kept, LaterReport, Reader, Report
from services.awards.schemas import ExemplarView
from shared.views import Cursor, UnitQuery, show, show_page
from shared.web import Limit, Page
from shared.work import changed, created

router = APIRouter(prefix="/v1", tags=["exemplars"])


@router.post("/exemplars", status_code=201, response_model=ExemplarView)
async def honour_exemplar(command: HonourExemplar, work: Report, kept: Kept) -> Response:
    """Hold a person or group up as an example."""
    return await work.answer(
        lambda: handlers.honour_exemplar(command, exemplars=kept.exemplars, work=work),
        created(ExemplarView, "/v1/exemplars"),
    )


@router.get("/exemplars")
async def list_exemplars(
    unit: UnitQuery, caller: Reader, kept: Kept, cursor: Cursor = None, limit: Limit = 100
) -> Page[ExemplarView]:
    """The exemplars of one unit, the latest first."""
    return await show_page(ExemplarView, kept.exemplars, caller, unit=unit, cursor=cursor, limit=limit)


@router.get("/exemplars/{exemplar_id}")
async def show_exemplar(exemplar_id: str, caller: Reader, kept: Kept) -> ExemplarView:
    """One exemplar."""
    return await show(ExemplarView, kept.exemplars, exemplar_id, caller)


@router.post("/exemplars/{exemplar_id}/withdrawal", response_model=ExemplarView)
async def withdraw_exemplar(exemplar_id: str, command: Withdraw, work: LaterReport, kept: Kept) -> Response:
    """Take back an exemplar that was entered in error."""
    return await work.answer(
        lambda: handlers.withdraw_exemplar(exemplar_id, command, exemplars=kept.exemplars, work=work),
        changed(ExemplarView),
    )
