"""How a step of a tip is answered; owns no path."""

from datetime import datetime
from typing import Final

from fastapi import Response

from services.tips import case_work
from services.tips.case_commands import NotedStep
from services.tips.case_work import Remark
from services.tips.custody.note import Occasion
from services.tips.deps import Parts
from services.tips.schemas import TipView
from shared.work import Work, changed

TIP: Final = changed(TipView)
"""200 with the tip."""


def remark_of(command: NotedStep, service: Parts, occasion: Occasion = Occasion.DECISION) -> Remark | None:
    """The officer's note beside the step, if there is one."""
    return Remark(command.note, occasion, service.noting) if command.note is not None else None


async def noted_step(
    tip_id: str,
    taken: case_work.StepAt,
    at: datetime | None,
    command: NotedStep,
    work: Work,
    service: Parts,
    occasion: Occasion = Occasion.DECISION,
) -> Response:
    """The tip one step on, with the officer's note if there is one."""
    tips, remark = service.repositories.tips, remark_of(command, service, occasion)
    return await work.answer(lambda: case_work.take_step(tip_id, taken, at, remark=remark, tips=tips, work=work), TIP)


async def check_step(
    tip_id: str, taken: case_work.StepAt, at: datetime | None, command: NotedStep, work: Work, service: Parts
) -> Response:
    """The tip one step of the check on, with the officer's note if there is one."""
    return await noted_step(tip_id, taken, at, command, work, service, Occasion.CHECK)
