"""Paths of reporters who hold a receipt: it comes in the body, never in an address; must not decide anything."""

from fastapi import APIRouter, Response

from services.tips import handlers
from services.tips.commands import AskDialogue, AskStatus, AttachPicture, SendMessage
from services.tips.deps import ByReceipt, Proof, ThisService
from services.tips.pace import SteadyRoute
from services.tips.schemas import DialogueView, MessageView, SentView, TipStatusView
from shared.store.idempotency import StoredAnswer

router = APIRouter(prefix="/v1/receipts", tags=["reporters"], route_class=SteadyRoute)


@router.post("/status")
async def ask_status(command: AskStatus, service: ThisService) -> TipStatusView:
    """How things stand with the tip of a receipt; `unknown` for a receipt that was never given."""
    tip = await handlers.ask_status(command.receipt, intake=service.intake, tips=service.repositories.tips)
    return TipStatusView.of(tip)


@router.post("/dialogue")
async def read_dialogue(command: AskDialogue, service: ThisService) -> DialogueView:
    """What reporter and officers wrote to each other, oldest first; nothing for a receipt that was never given."""
    messages, following = await service.reporters.read(command.receipt, after=command.after)
    return DialogueView(messages=[MessageView.model_validate(each) for each in messages], next=following)


@router.post("/messages", status_code=201, response_model=SentView)
async def send_message(command: SendMessage, work: ByReceipt, service: ThisService, proof: Proof = None) -> Response:
    """Write to the officers of the tip; answered alike for a receipt that was never given.

    Its idempotency key is good for an hour. When very many come in, the answer is 429 with a `challenge`, and the
    message is taken with proof.
    """
    # What was answered before is no new message, and does not get to the gate; whose receipt it is does not matter.
    return await work.answer(
        lambda: service.reporters.send(
            command.receipt, command.text, admission=service.message_gate.admit(proof), work=work
        ),
        sent,
    )


@router.post("/attachments", status_code=201, response_model=SentView)
async def attach_picture(
    command: AttachPicture, work: ByReceipt, service: ThisService, proof: Proof = None
) -> Response:
    """Add a picture to the tip: sealed like its text, without place, time, device or name of whoever took it.

    Its idempotency key and the answer 429 are those of messages.
    """
    content = command.decoded()
    return await work.answer(
        lambda: service.reporters.attach(
            command.receipt, content, admission=service.message_gate.admit(proof), work=work
        ),
        sent,
    )


def sent(_: object) -> StoredAnswer:
    """201 and no more: the number of a message would tell a known receipt from an unknown one."""
    return StoredAnswer(201, SentView().model_dump_json().encode())
