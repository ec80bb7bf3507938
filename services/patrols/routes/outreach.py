"""Paths of outreach sessions; must not decide anything."""

from fastapi import APIRouter, Response

from services.patrols import handlers
from services.patrols.commands import CorrectOutreachSession, HoldOutreachSession, Void
from services.patrols.deps import Alteration, Creation, Kept, Reader
from services.patrols.schemas import OutreachSessionView
from shared.views import Cursor, UnitQuery, show, show_page
from shared.web import Limit, Page
from shared.work import changed, created

router = APIRouter(prefix="/v1", tags=["outreach"])


@router.post("/outreach-sessions", status_code=201, response_model=OutreachSessionView)
async def hold_outreach_session(command: HoldOutreachSession, work: Creation, kept: Kept) -> Response:
    """Record a session in which residents were informed."""
    return await work.answer(
        lambda: handlers.hold_outreach_session(command, sessions=kept.outreach_sessions, work=work),
        created(OutreachSessionView, "/v1/outreach-sessions"),
    )


@router.get("/outreach-sessions")
async def list_outreach_sessions(
    unit: UnitQuery, caller: Reader, kept: Kept, cursor: Cursor = None, limit: Limit = 100
) -> Page[OutreachSessionView]:
    """The sessions of one unit, the latest first."""
    return await show_page(OutreachSessionView, kept.outreach_sessions, caller, unit=unit, cursor=cursor, limit=limit)


@router.get("/outreach-sessions/{session_id}")
async def show_outreach_session(session_id: str, caller: Reader, kept: Kept) -> OutreachSessionView:
    """One session."""
    return await show(OutreachSessionView, kept.outreach_sessions, session_id, caller)


@router.post("/outreach-sessions/{session_id}/correction", response_model=OutreachSessionView)
async def correct_outreach_session(
    session_id: str, command: CorrectOutreachSession, work: Alteration, kept: Kept
) -> Response:
    """Put wrongly entered facts right; figures follow in their own periods."""
    return await work.answer(
        lambda: handlers.correct_outreach_session(session_id, command, sessions=kept.outreach_sessions, work=work),
        changed(OutreachSessionView),
    )


@router.post("/outreach-sessions/{session_id}/voiding", response_model=OutreachSessionView)
async def void_outreach_session(session_id: str, command: Void, work: Alteration, kept: Kept) -> Response:
    """Take back a session that was entered in error."""
    return await work.answer(
        lambda: handlers.void_outreach_session(session_id, command, sessions=kept.outreach_sessions, work=work),
        changed(OutreachSessionView),
    )
