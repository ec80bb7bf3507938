"""How a step of a tip is answered; owns no path."""

from datetime import datetime
from typing import Final

from fastapi import Response

from services.tips import case_work
from services.tips.repository import Repositories
from services.tips.schemas import TipView
from shared.work import Work, changed

TIP: Final = changed(TipView)
"""200 with the tip."""


async def step(tip_id: str, taken: case_work.StepAt, at: datetime | None, work: Work, kept: Repositories) -> Response:
    """The tip one step on."""
    return await work.answer(lambda: case_work.take_step(tip_id, taken, at, tips=kept.tips, work=work), TIP)
