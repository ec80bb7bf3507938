"""Paths of what becomes of a tip once it is checked, of its time, and of who works on it; must not decide anything."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from services.tips import case_work
from services.tips.case_commands import (
    AssignTip,
    CloseTip,
    ExtendTip,
    HoldTip,
    MergeTip,
    ReopenTip,
    ResolveTip,
    ResumeTip,
    SuspendTip,
    TransferTip,
)
from services.tips.deps import Alteration, Holding, Kept, ThisService
from services.tips.domain import Tip
from services.tips.routes.steps import TIP, noted_step, remark_of
from services.tips.schemas import TipView

router = APIRouter(prefix="/v1/tips/{tip_id}", tags=["case work"])


@router.post("/assignment", response_model=TipView)
async def assign_tip(
    tip_id: str, work: Alteration, service: ThisService, command: Annotated[AssignTip, Body(default_factory=AssignTip)]
) -> Response:
    """Give the tip to an officer. Who it is stays in this service."""
    tips, remark = service.repositories.tips, remark_of(command, service)
    return await work.answer(
        lambda: case_work.assign_tip(tip_id, command.officer, remark=remark, tips=tips, work=work), TIP
    )


@router.post("/transfer", response_model=TipView)
async def transfer_tip(tip_id: str, command: TransferTip, work: Alteration, service: ThisService) -> Response:
    """Hand the tip over to an authority, which ends the unit's work on it, or to the police of another commune.

    The other commune goes on where this one stood, and the tip counts there from then on. It reads the note, too.
    """
    tips, remark = service.repositories.tips, remark_of(command, service)
    return await work.answer(lambda: case_work.transfer_tip(tip_id, command, remark=remark, tips=tips, work=work), TIP)


@router.post("/resolution", response_model=TipView)
async def resolve_tip(
    tip_id: str,
    work: Alteration,
    service: ThisService,
    command: Annotated[ResolveTip, Body(default_factory=ResolveTip)],
) -> Response:
    """Settle the matter within the commune; security information may be settled without a check."""
    return await noted_step(tip_id, Tip.resolve, command.resolved_at, command, work, service)


@router.post("/suspension", response_model=TipView)
async def suspend_tip(
    tip_id: str,
    work: Alteration,
    service: ThisService,
    command: Annotated[SuspendTip, Body(default_factory=SuspendTip)],
) -> Response:
    """Stop the statutory time of a crime report."""
    return await noted_step(tip_id, Tip.suspend, command.suspended_at, command, work, service)


@router.post("/resumption", response_model=TipView)
async def resume_tip(
    tip_id: str, work: Alteration, service: ThisService, command: Annotated[ResumeTip, Body(default_factory=ResumeTip)]
) -> Response:
    """Work on a suspended report again, with the time that the law gives for that."""
    return await noted_step(tip_id, Tip.resume, command.resumed_at, command, work, service)


@router.post("/extension", response_model=TipView)
async def extend_tip(
    tip_id: str, work: Alteration, service: ThisService, command: Annotated[ExtendTip, Body(default_factory=ExtendTip)]
) -> Response:
    """Record that the statutory time was extended, as often as the law allows."""
    return await noted_step(tip_id, Tip.extend, command.extended_at, command, work, service)


@router.post("/closing", response_model=TipView)
async def close_tip(
    tip_id: str, work: Alteration, service: ThisService, command: Annotated[CloseTip, Body(default_factory=CloseTip)]
) -> Response:
    """Put the case away."""
    return await noted_step(tip_id, Tip.close, command.closed_at, command, work, service)


@router.post("/reopening", response_model=TipView)
async def reopen_tip(
    tip_id: str, work: Alteration, service: ThisService, command: Annotated[ReopenTip, Body(default_factory=ReopenTip)]
) -> Response:
    """Work on it again; what was found stands no longer, in the figures too."""
    return await noted_step(tip_id, Tip.reopen, command.reopened_at, command, work, service)


@router.post("/merge", response_model=TipView)
async def merge_tip(tip_id: str, command: MergeTip, work: Alteration, kept: Kept) -> Response:
    """Let another tip stand for this one, which counts no more of its own until the merge is taken back."""
    return await work.answer(lambda: case_work.merge_tip(tip_id, command.into, tips=kept.tips, work=work), TIP)


@router.post("/unmerge", response_model=TipView)
async def unmerge_tip(tip_id: str, work: Alteration, kept: Kept) -> Response:
    """Take a merge back: the tip stands and counts as before, with its clocks as they stand by now."""
    return await work.answer(lambda: case_work.unmerge_tip(tip_id, tips=kept.tips, work=work), TIP)


@router.post("/hold", response_model=TipView)
async def hold_tip(tip_id: str, command: HoldTip, work: Holding, service: ThisService) -> Response:
    """Keep what is sealed of the tip, whatever the rules of retention say. The reason is sealed like the rest."""
    tips, noting = service.repositories.tips, service.noting
    return await work.answer(lambda: case_work.hold_tip(tip_id, command, noting=noting, tips=tips, work=work), TIP)


@router.post("/hold-release", response_model=TipView)
async def release_tip(tip_id: str, work: Holding, kept: Kept) -> Response:
    """Let the rules of retention decide again."""
    return await work.answer(lambda: case_work.release_tip(tip_id, tips=kept.tips, work=work), TIP)
