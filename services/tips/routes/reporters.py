"""Paths of those who report, with a token or without; must not decide anything."""

from fastapi import APIRouter, Response

from services.tips import handlers
from services.tips.commands import AskStatus, SubmitTip
from services.tips.deps import Reporting, ThisService, Whoever
from services.tips.receipts import Receipt, new_receipt
from services.tips.schemas import SubmittedTipView, TipStatusView
from shared.aggregate import Aggregate
from shared.security import Principal
from shared.store.idempotency import StoredAnswer
from shared.web.answers import POSITION_HEADER
from shared.work import Render

router = APIRouter(prefix="/v1", tags=["reporters"])


@router.post("/tips", status_code=201, response_model=SubmittedTipView)
async def submit_tip(command: SubmitTip, caller: Whoever, work: Reporting, service: ThisService) -> Response:
    """Take a report in. Needs no token; the receipt is shown in this answer only, and in replays of it."""
    receipt = new_receipt()
    answer = await work.answer(
        lambda: handlers.submit_tip(
            command,
            caller=caller,
            receipt=receipt,
            intake=service.intake,
            vault=service.repositories.tips,
            tips=service.repositories.tips,
            work=work,
        ),
        _with_receipt(receipt, caller),
    )
    if caller is None and POSITION_HEADER in answer.headers:
        del answer.headers[POSITION_HEADER]  # a reporter's device must not keep where in the public log the tip stands
    return answer


@router.post("/receipts/status")
async def ask_status(command: AskStatus, service: ThisService) -> TipStatusView:
    """How things stand with the tip of a receipt; `unknown` for a receipt that was never given."""
    tip = await handlers.ask_status(command.receipt, intake=service.intake, vault=service.repositories.tips)
    return TipStatusView.of(tip)


def _with_receipt(receipt: Receipt, caller: Principal | None) -> Render:
    """201 with the receipt; the tip itself is told only to those who may see it later."""

    def render(tip: Aggregate) -> StoredAnswer:
        if caller is None:
            return StoredAnswer(201, SubmittedTipView(receipt=receipt).model_dump_json(exclude_none=True).encode())
        view = SubmittedTipView(receipt=receipt, id=tip.id)
        return StoredAnswer(201, view.model_dump_json().encode(), {"location": f"/v1/tips/{tip.id}"})

    return render
