"""Paths of those who report, with a token or without; must not decide anything."""

from fastapi import APIRouter, Response

from services.tips import handlers
from services.tips.commands import SubmitTip
from services.tips.deps import Parts, Proof, Reporting, ThisService, Whoever
from services.tips.domain import Tip
from services.tips.receipts import Receipt, new_receipt
from services.tips.schemas import SubmittedTipView
from shared.aggregate import Aggregate
from shared.security import Principal
from shared.store.idempotency import StoredAnswer
from shared.web.answers import POSITION_HEADER
from shared.work import Render, Work

router = APIRouter(prefix="/v1", tags=["reporters"])


@router.post("/tips", status_code=201, response_model=SubmittedTipView)
async def submit_tip(
    command: SubmitTip, caller: Whoever, work: Reporting, service: ThisService, proof: Proof = None
) -> Response:
    """Take a report in. Needs no token; the receipt is shown in this answer only, and in replays of it.

    When very many come in without a token, the answer is 429 with a `challenge`, and the report is taken with proof.
    """
    return await take_in(command, caller, work, service, proof=proof)


async def take_in(
    command: SubmitTip, caller: Principal | None, work: Work, service: Parts, *, proof: str | None
) -> Response:
    """The answer to a report, whichever way it came. Raises: ProofWanted."""
    receipt = new_receipt()

    async def perform() -> Tip:
        return await handlers.submit_tip(
            command,
            caller=caller,
            receipt=receipt,
            intake=service.intake,
            vault=service.repositories.vault,
            tips=service.repositories.tips,
            repeats=service.repeats,
            # A report that was answered before is no new one, and does not get here.
            admission=service.gate.admit(proof) if caller is None else None,
            work=work,
        )

    answer = await work.answer(perform, _with_receipt(receipt, caller))
    if caller is None and POSITION_HEADER in answer.headers:
        del answer.headers[POSITION_HEADER]  # a reporter's device must not keep where in the public log the tip stands
    return answer


def _with_receipt(receipt: Receipt, caller: Principal | None) -> Render:
    """201 with the receipt; the tip itself is told only to those who may see it later."""

    def render(tip: Aggregate) -> StoredAnswer:
        if caller is None:
            return StoredAnswer(201, SubmittedTipView(receipt=receipt).model_dump_json(exclude_none=True).encode())
        view = SubmittedTipView(receipt=receipt, id=tip.id)
        return StoredAnswer(201, view.model_dump_json().encode(), {"location": f"/v1/tips/{tip.id}"})

    return render
