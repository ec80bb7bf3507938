"""Paths of patrols; must not decide anything."""

from fastapi import APIRouter, Response

from services.patrols import handlers
from services.patrols.commands import CompletePatrol, CorrectPatrol, RecordPatrol, Void
from services.patrols.deps import Alteration, Creation, Kept, Reader
from services.patrols.schemas import PatrolView
from shared.views import Cursor, UnitQuery, show, show_page
from shared.web import Limit, Page
from shared.work import changed, created

router = APIRouter(prefix="/v1", tags=["patrols"])


@router.post("/patrols", status_code=201, response_model=PatrolView)
async def record_patrol(command: RecordPatrol, work: Creation, kept: Kept) -> Response:
    """Record a patrol: one under way, or with `completed_at` one that is over and counts."""
    return await work.answer(
        lambda: handlers.record_patrol(command, patrols=kept.patrols, teams=kept.teams, work=work),
        created(PatrolView, "/v1/patrols"),
    )


@router.get("/patrols")
async def list_patrols(
    unit: UnitQuery, caller: Reader, kept: Kept, cursor: Cursor = None, limit: Limit = 100
) -> Page[PatrolView]:
    """The patrols of one unit, the latest first."""
    return await show_page(PatrolView, kept.patrols, caller, unit=unit, cursor=cursor, limit=limit)


@router.get("/patrols/{patrol_id}")
async def show_patrol(patrol_id: str, caller: Reader, kept: Kept) -> PatrolView:
    """One patrol."""
    return await show(PatrolView, kept.patrols, patrol_id, caller)


@router.post("/patrols/{patrol_id}/completion", response_model=PatrolView)
async def complete_patrol(patrol_id: str, command: CompletePatrol, work: Alteration, kept: Kept) -> Response:
    """Complete a patrol that is under way; now it counts."""
    return await work.answer(
        lambda: handlers.complete_patrol(patrol_id, command, patrols=kept.patrols, work=work), changed(PatrolView)
    )


@router.post("/patrols/{patrol_id}/correction", response_model=PatrolView)
async def correct_patrol(patrol_id: str, command: CorrectPatrol, work: Alteration, kept: Kept) -> Response:
    """Put wrongly entered facts right; figures follow in their own periods."""
    return await work.answer(
        lambda: handlers.correct_patrol(patrol_id, command, patrols=kept.patrols, work=work), changed(PatrolView)
    )


@router.post("/patrols/{patrol_id}/voiding", response_model=PatrolView)
async def void_patrol(patrol_id: str, command: Void, work: Alteration, kept: Kept) -> Response:
    """Take back a patrol that was entered in error."""
    return await work.answer(
        lambda: handlers.void_patrol(patrol_id, command, patrols=kept.patrols, work=work), changed(PatrolView)
    )
