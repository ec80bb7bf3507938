"""How a step of a tip is answered; owns no path."""

from datetime import datetime
from typing import Final

from fastapi import Response

from services.tips import case_work
from services.tips.case_commands import NotedStep
from services.tips.custody.note import Occasion
from services.tips.deps import Parts
from services.tips.repository import Repositories
from services.tips.schemas import TipView
from shared.work import Work, changed

TIP: Final = changed(TipView)
"""200 with the tip."""


async def step(tip_id: str, taken: case_work.StepAt, at: datetime | None, work: Work, kept: Repositories) -> Response:
    """The tip one step on."""
    return await work.answer(lambda: case_work.take_step(tip_id, taken, at, tips=kept.tips, work=work), TIP)


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
    kept, note = service.repositories, command.note
    if note is None:
        return await step(tip_id, taken, at, work, kept)
    return await work.answer(
        lambda: case_work.take_noted_step(
            tip_id, taken, at, note, occasion, noting=service.noting, tips=kept.tips, work=work
        ),
        TIP,
    )


async def check_step(
    tip_id: str, taken: case_work.StepAt, at: datetime | None, command: NotedStep, work: Work, service: Parts
) -> Response:
    """The tip one step of the check on, with the officer's note if there is one."""
    return await noted_step(tip_id, taken, at, command, work, service, Occasion.CHECK)
