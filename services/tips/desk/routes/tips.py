"""Paths of what is sealed of a tip; must not decide anything."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response

from services.tips.attachments.picture import SUFFIXES
from services.tips.desk import handlers
from services.tips.desk.deps import Desk, Reader, Reading, Shredding, Writing
from services.tips.desk.requests import AnswerReporter, ShredTip
from services.tips.desk.schemas import (
    AttachmentsView,
    AttachmentView,
    ContentView,
    NotesView,
    NoteView,
    OfficerDialogueView,
    SentMessageView,
    ShreddedView,
)
from services.tips.dialogue.message import Message
from services.tips.schemas import MessageView
from shared.store.idempotency import StoredAnswer

router = APIRouter(prefix="/v1/tips/{tip_id}", tags=["sealed tips"])

After = Annotated[int, Query(ge=-1, le=1_000_000, description="`next` of the page before.")]
PICTURES: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {media_type: {} for media_type in SUFFIXES}}}
Number = Annotated[int, Path(ge=0, le=1_000)]


@router.get("/content")
async def read_content(tip_id: str, work: Reading, desk: Desk) -> ContentView:
    """What the tip tells. The reading is in the audit log; 410 once the tip is shredded."""
    return ContentView(tip=tip_id, text=await handlers.read_content(tip_id, desk=desk, work=work))


@router.get("/dialogue")
async def read_dialogue(tip_id: str, work: Reading, desk: Desk, after: After = -1) -> OfficerDialogueView:
    """What reporter and officers wrote to each other, oldest first. The reading is in the audit log."""
    messages, following, answerable = await handlers.read_dialogue(tip_id, after=after, desk=desk, work=work)
    views = [MessageView.model_validate(each) for each in messages]
    return OfficerDialogueView(messages=views, next=following, answerable=answerable)


@router.get("/notes")
async def read_notes(tip_id: str, work: Reading, desk: Desk, after: After = -1) -> NotesView:
    """What officers noted on the check, and why they voided or held the tip, oldest first.

    The reading is in the audit log; 410 once the tip is shredded.
    """
    notes, following = await handlers.read_notes(tip_id, after=after, desk=desk, work=work)
    return NotesView(items=[NoteView.model_validate(each) for each in notes], next=following)


@router.post("/messages", status_code=201, response_model=SentMessageView)
async def answer_reporter(tip_id: str, command: AnswerReporter, work: Writing, desk: Desk) -> Response:
    """Write to whoever holds the receipt: nobody else reads it but the officers of the commune."""
    return await work.answer(lambda: handlers.answer_reporter(tip_id, command.text, desk=desk, work=work), _sent)


@router.get("/attachments")
async def list_attachments(tip_id: str, caller: Reader, desk: Desk) -> AttachmentsView:
    """The pictures that the reporter sent."""
    found = await handlers.list_attachments(tip_id, desk=desk, caller=caller)
    return AttachmentsView(items=[AttachmentView.model_validate(each) for each in found])


@router.get("/attachments/{number}", response_class=Response, responses=PICTURES)
async def read_attachment(tip_id: str, number: Number, work: Reading, desk: Desk) -> Response:
    """One picture, to be saved. The reading is in the audit log."""
    picture = await handlers.read_attachment(tip_id, number, desk=desk, work=work)
    name = f"attachment-{number}.{SUFFIXES[picture.media_type]}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(picture.content, headers=headers, media_type=picture.media_type)


@router.post("/shredding", response_model=ShreddedView)
async def shred_tip(tip_id: str, command: ShredTip, work: Shredding, desk: Desk) -> Response:
    """Destroy what was sealed of the tip, in the database and in every backup of it. Nothing brings it back."""

    def shredded(_: object) -> StoredAnswer:
        return StoredAnswer(200, ShreddedView(tip=tip_id, scope=command.scope).model_dump_json().encode())

    return await work.answer(
        lambda: handlers.shred_tip(tip_id, command.scopes, command.reason, desk=desk, work=work), shredded
    )


def _sent(message: Message) -> StoredAnswer:
    # Without the text: answers are kept for repeats, and what is shredded must not live on there.
    view = SentMessageView(number=message.number, sent_at=message.sent_at)
    return StoredAnswer(201, view.model_dump_json().encode())
