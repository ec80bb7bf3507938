"""Paths of awards; must not decide anything but who may confer at once."""

from fastapi import APIRouter, Response

from services.awards import handlers
from services.awards.commands import ConferAward, CorrectAward, ProposeAward, Withdraw
from services.awards.deps import Kept, LaterGrant, Reader, Report, require_may
from services.awards.schemas import AwardView
from shared.views import Cursor, UnitQuery, show, show_page
from shared.web import Limit, Page
from shared.work import changed, created

router = APIRouter(prefix="/v1", tags=["awards"])


@router.post("/awards", status_code=201, response_model=AwardView)
async def propose_award(command: ProposeAward, work: Report, kept: Kept) -> Response:
    """Put somebody forward for an honour; with `conferred_at` (for those who may confer) it is conferred already."""
    if command.conferred_at is not None:
        require_may("grant", work.caller)
    return await work.answer(
        lambda: handlers.propose_award(command, awards=kept.awards, work=work), created(AwardView, "/v1/awards")
    )


@router.get("/awards")
async def list_awards(
    unit: UnitQuery, caller: Reader, kept: Kept, cursor: Cursor = None, limit: Limit = 100
) -> Page[AwardView]:
    """The awards of one unit, the latest first."""
    return await show_page(AwardView, kept.awards, caller, unit=unit, cursor=cursor, limit=limit)


@router.get("/awards/{award_id}")
async def show_award(award_id: str, caller: Reader, kept: Kept) -> AwardView:
    """One award."""
    return await show(AwardView, kept.awards, award_id, caller)


@router.post("/awards/{award_id}/conferral", response_model=AwardView)
async def confer_award(award_id: str, command: ConferAward, work: LaterGrant, kept: Kept) -> Response:
    """Hand the honour over; now it counts."""
    return await work.answer(
        lambda: handlers.confer_award(award_id, command, awards=kept.awards, work=work), changed(AwardView)
    )


@router.post("/awards/{award_id}/correction", response_model=AwardView)
async def correct_award(award_id: str, command: CorrectAward, work: LaterGrant, kept: Kept) -> Response:
    """Put wrongly entered facts right; figures follow in their own periods."""
    return await work.answer(
        lambda: handlers.correct_award(award_id, command, awards=kept.awards, work=work), changed(AwardView)
    )


@router.post("/awards/{award_id}/revocation", response_model=AwardView)
async def revoke_award(award_id: str, command: Withdraw, work: LaterGrant, kept: Kept) -> Response:
    """Take the honour, or the proposal, back."""
    return await work.answer(
        lambda: handlers.revoke_award(award_id, command, awards=kept.awards, work=work), changed(AwardView)
    )
