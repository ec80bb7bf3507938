"""Paths of those who work on tips; must not decide anything."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from services.tips import case_work
from services.tips.case_commands import (
    AssessTip,
    CorrectTip,
    FindTipInconclusive,
    RefuteTip,
    RegisterTip,
    RelocateTip,
    StartVerification,
    VerifyTip,
    VoidTip,
)
from services.tips.deps import Alteration, Kept, Reader, ThisService
from services.tips.domain import Tip
from services.tips.routes.steps import TIP, check_step, remark_of
from services.tips.schemas import TipSummary, TipView
from shared.views import Cursor, UnitQuery, show, show_page
from shared.web import Limit, Page

router = APIRouter(prefix="/v1/tips", tags=["tips"])


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
    tip_id: str,
    work: Alteration,
    service: ThisService,
    command: Annotated[RegisterTip, Body(default_factory=RegisterTip)],
) -> Response:
    """Enter the tip in the register."""
    return await check_step(tip_id, Tip.register, command.registered_at, command, work, service)


@router.post("/{tip_id}/verification", response_model=TipView)
async def start_verification(
    tip_id: str,
    work: Alteration,
    service: ThisService,
    command: Annotated[StartVerification, Body(default_factory=StartVerification)],
) -> Response:
    """Begin to check the tip; a confirmation or a refutation ends the check."""
    return await check_step(tip_id, Tip.start_verification, command.verification_started_at, command, work, service)


@router.post("/{tip_id}/confirmation", response_model=TipView)
async def verify_tip(
    tip_id: str, work: Alteration, service: ThisService, command: Annotated[VerifyTip, Body(default_factory=VerifyTip)]
) -> Response:
    """The check showed that the tip holds."""
    return await check_step(tip_id, Tip.verify, command.verified_at, command, work, service)


@router.post("/{tip_id}/refutation", response_model=TipView)
async def refute_tip(
    tip_id: str, work: Alteration, service: ThisService, command: Annotated[RefuteTip, Body(default_factory=RefuteTip)]
) -> Response:
    """The check showed that the tip does not hold."""
    return await check_step(tip_id, Tip.refute, command.refuted_at, command, work, service)


@router.post("/{tip_id}/inconclusive-finding", response_model=TipView)
async def find_tip_inconclusive(
    tip_id: str,
    work: Alteration,
    service: ThisService,
    command: Annotated[FindTipInconclusive, Body(default_factory=FindTipInconclusive)],
) -> Response:
    """The check ended, and nobody can tell whether the tip holds."""
    return await check_step(tip_id, Tip.find_inconclusive, command.found_inconclusive_at, command, work, service)


@router.post("/{tip_id}/assessment", response_model=TipView)
async def assess_tip(tip_id: str, command: AssessTip, work: Alteration, service: ThisService) -> Response:
    """Judge what the tip is worth, in any state and as often as needed."""
    tips, remark = service.repositories.tips, remark_of(command, service)
    return await work.answer(lambda: case_work.assess_tip(tip_id, command, remark=remark, tips=tips, work=work), TIP)


@router.post("/{tip_id}/correction", response_model=TipView)
async def correct_tip(tip_id: str, command: CorrectTip, work: Alteration, kept: Kept) -> Response:
    """Put wrongly entered facts right; figures follow in their own periods."""
    return await work.answer(lambda: case_work.correct_tip(tip_id, command, tips=kept.tips, work=work), TIP)


@router.post("/{tip_id}/relocation", response_model=TipView)
async def relocate_tip(tip_id: str, command: RelocateTip, work: Alteration, kept: Kept) -> Response:
    """Hand the tip to the unit where it belongs; if that is not one of yours, you see it this last time."""
    return await work.answer(lambda: case_work.relocate_tip(tip_id, command, tips=kept.tips, work=work), TIP)


@router.post("/{tip_id}/voiding", response_model=TipView)
async def void_tip(tip_id: str, command: VoidTip, work: Alteration, service: ThisService) -> Response:
    """Take back a tip that was entered in error. The reason is sealed, and read at the desk."""
    tips, noting = service.repositories.tips, service.noting
    return await work.answer(lambda: case_work.void_tip(tip_id, command, noting=noting, tips=tips, work=work), TIP)
