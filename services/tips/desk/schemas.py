"""What the desk answers; owns the form of the answers."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.tips.custody.audit import Action, Entry, Head
from services.tips.custody.envelope import Kind
from services.tips.custody.identity_request import IdentityRequestStatus
from services.tips.custody.note import Occasion
from services.tips.domain import TipStatus
from services.tips.schemas import MessageView, TipSummary
from shared.views import View


class ContentView(BaseModel):
    """What a tip tells; null for a tip from the books without a text."""

    tip: str
    text: str | None


class OfficerDialogueView(BaseModel):
    """A page of a dialogue as officers see it."""

    messages: list[MessageView]
    next: int | None = Field(description="Send it as `after` for the following page; null at the end.")
    answerable: bool = Field(description="Whether somebody holds a receipt, and so can read an answer.")


class SentMessageView(BaseModel):
    """That an answer went out, and which of the dialogue's messages it is."""

    number: int
    sent_at: datetime


class AttachmentView(BaseModel):
    """One picture of a reporter; its content is read by its number."""

    number: int
    media_type: str
    sent_at: datetime


class AttachmentsView(BaseModel):
    """The pictures of a tip, of which there are ten at most."""

    items: list[AttachmentView]
    next: None = None


class NoteView(BaseModel):
    """What an officer wrote beside a step, and what the tip was after it."""

    model_config = ConfigDict(from_attributes=True)

    occasion: Occasion = Field(description="A step of the check, a decision on the case, the voiding, or a legal hold.")
    status: TipStatus
    noted_at: datetime
    by: str
    text: str


class NotesView(BaseModel):
    """A page of the notes on a tip, oldest first."""

    items: list[NoteView]
    next: int | None = Field(description="Send it as `after` for the following page; null at the end.")


class FoundTipView(BaseModel):
    """A tip that tells the words, and where: in its text, its dialogue, or what officers noted."""

    model_config = ConfigDict(from_attributes=True)

    tip: TipSummary
    found_in: tuple[Literal[Kind.CONTENT, Kind.MESSAGE, Kind.NOTE], ...]


class SearchView(BaseModel):
    """What was found among some tips, the latest first."""

    model_config = ConfigDict(from_attributes=True)

    found: tuple[FoundTipView, ...]
    looked: int = Field(description="How many tips were looked through for this answer.")
    unread: int = Field(description="How many of them hold something that is sealed to a key which is not here.")
    next: str | None = Field(description="Send it as `cursor` to look through earlier tips; null at the end.")


class IdentityRequestView(View):
    """A request to open who gave a tip; its reason is read apart from it."""

    tip: str
    status: IdentityRequestStatus
    requested_by: str
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    opens_until: datetime | None


class IdentityReasonView(BaseModel):
    """Why somebody asks to know who gave a tip."""

    request: str
    reason: str


class ShreddedView(BaseModel):
    """What was destroyed."""

    tip: str
    scope: str


class HeadView(BaseModel):
    """Where the audit log ends."""

    seq: int
    hash: str

    @classmethod
    def of(cls, head: Head) -> "HeadView":
        return cls(seq=head.seq, hash=head.hash)


class EntryView(BaseModel):
    """One entry of the audit log, with the hash of the one before."""

    model_config = ConfigDict(from_attributes=True)

    seq: int
    at: datetime
    action: Action
    actor: str
    role: str
    tip: str | None
    about: str | None
    previous: str
    hash: str

    @classmethod
    def of(cls, entry: Entry) -> "EntryView":
        deed = entry.deed
        return cls(
            seq=entry.seq,
            at=entry.at,
            action=deed.action,
            actor=deed.actor,
            role=deed.role,
            tip=deed.tip,
            about=deed.about,
            previous=entry.previous,
            hash=entry.hash,
        )
