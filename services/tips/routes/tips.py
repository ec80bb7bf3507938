"""Paths of those who work on tips; must not decide anything."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Body, Response

from services.tips import handlers
from services.tips.commands import (
    AssessTip,
    CorrectTip,
    RefuteTip,
    RegisterTip,
    RelocateTip,
    StartVerification,
    VerifyTip,
    VoidTip,
)
from services.tips.deps import Alteration, Kept, Reader
from services.tips.domain import Tip
from services.tips.repository import Repositories
from services.tips.schemas import TipSummary, TipView
from shared.views import Cursor, UnitQuery, show, show_page
from shared.web import Limit, Page
from shared.work import Work, changed

router = APIRouter(prefix="/v1/tips", tags=["tips"])

TIP: Final = changed(TipView)


@router.get("")
async def list_tips(
    unit: UnitQuery, caller: Reader, kept: Kept, cursor: Cursor = None, limit: Limit = 100
) -> Page[TipSummary]:
    """The tips of one unit, the latest first."""
    return await show_page(TipSummary, kept.tips, caller, unit=unit, cursor=cursor, limit=limit)


@router.get("/{tip_id}")
async def show_tip(tip_id: str, caller: Reader, kept: Kept) -> TipView:
    """One tip with what it tells."""
    return await show(TipView, kept.tips, tip_id, caller)


@router.post("/{tip_id}/registration", response_model=TipView)
async def register_tip(
    tip_id: str, work: Alteration, kept: Kept, command: Annotated[RegisterTip, Body(default_factory=RegisterTip)]
) -> Response:
    """Enter the tip in the register."""
    return await _step(tip_id, Tip.register, command.registered_at, work, kept)


@router.post("/{tip_id}/verification", response_model=TipView)
async def start_verification(
    tip_id: str,
    work: Alteration,
    kept: Kept,
    command: Annotated[StartVerification, Body(default_factory=StartVerification)],
) -> Response:
    """Begin to check the tip; a confirmation or a refutation ends the check."""
    return await _step(tip_id, Tip.start_verification, command.verification_started_at, work, kept)


@router.post("/{tip_id}/confirmation", response_model=TipView)
async def verify_tip(
    tip_id: str, work: Alteration, kept: Kept, command: Annotated[VerifyTip, Body(default_factory=VerifyTip)]
) -> Response:
    """The check showed that the tip holds."""
    return await _step(tip_id, Tip.verify, command.verified_at, work, kept)


@router.post("/{tip_id}/refutation", response_model=TipView)
async def refute_tip(
    tip_id: str, work: Alteration, kept: Kept, command: Annotated[RefuteTip, Body(default_factory=RefuteTip)]
) -> Response:
    """The check showed that the tip does not hold."""
    return await _step(tip_id, Tip.refute, command.refuted_at, work, kept)


@router.post("/{tip_id}/assessment", response_model=TipView)
async def assess_tip(tip_id: str, command: AssessTip, work: Alteration, kept: Kept) -> Response:
    """Judge what the tip is worth, in any state and as often as needed."""
    return await work.answer(lambda: handlers.assess_tip(tip_id, command, tips=kept.tips, work=work), TIP)


@router.post("/{tip_id}/correction", response_model=TipView)
async def correct_tip(tip_id: str, command: CorrectTip, work: Alteration, kept: Kept) -> Response:
    """Put wrongly entered facts right; figures follow in their own periods."""
    return await work.answer(lambda: handlers.correct_tip(tip_id, command, tips=kept.tips, work=work), TIP)


@router.post("/{tip_id}/relocation", response_model=TipView)
async def relocate_tip(tip_id: str, command: RelocateTip, work: Alteration, kept: Kept) -> Response:
    """Hand the tip to the unit where it belongs; if that is not one of yours, you see it this last time."""
    return await work.answer(lambda: handlers.relocate_tip(tip_id, command, tips=kept.tips, work=work), TIP)


@router.post("/{tip_id}/voiding", response_model=TipView)
async def void_tip(tip_id: str, command: VoidTip, work: Alteration, kept: Kept) -> Response:
    """Take back a tip that was entered in error."""
    return await work.answer(lambda: handlers.void_tip(tip_id, command, tips=kept.tips, work=work), TIP)


async def _step(tip_id: str, step: handlers.Step, at: datetime | None, work: Work, kept: Repositories) -> Response:
    return await work.answer(lambda: handlers.take_step(tip_id, step, at, tips=kept.tips, work=work), TIP)
