"""What this service answers; owns the form of the answers, and shows of a reporter nothing."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from services.tips.dialogue.message import Author
from services.tips.domain import AdvisoryDocumentStatus, Authority, Tip, TipStatus
from services.tips.domain.clocks import ClockName, ClockState
from services.tips.domain.duplicates import Likeness
from shared.contracts.tips import Addressee, TipCategory, TipChannel, TipSource, TipStream, TipValue
from shared.views import View


class ClockView(BaseModel):
    """One clock of a tip: in time up to `due_at`."""

    model_config = ConfigDict(from_attributes=True)

    name: ClockName
    state: ClockState
    warn_at: datetime
    due_at: datetime


class TipSummary(View):
    """A tip in a list."""

    status: TipStatus
    stream: TipStream
    source: TipSource
    channel: TipChannel
    category: TipCategory
    residential_group: str | None
    urgent: bool
    assigned_to: str | None
    merged_into: str | None
    repeated: int = Field(description="How many reports are merged into this one.")
    received_at: datetime
    registered_at: datetime | None
    verification_started_at: datetime | None
    verified_at: datetime | None
    refuted_at: datetime | None
    found_inconclusive_at: datetime | None
    transferred_at: datetime | None
    resolved_at: datetime | None
    suspended_at: datetime | None
    closed_at: datetime | None
    value: TipValue
    value_assessed_at: datetime | None
    decision_due_at: datetime | None
    clocks: tuple[ClockView, ...]


class WorkView(TipSummary):
    """A tip in a worklist."""

    unread_in: tuple[str, ...] = Field(
        description="Of this tip and those merged into it the ids whose reporters wrote or sent what nobody has read "
        "at the desk."
    )

    @classmethod
    def of(cls, tip: Tip, unread_in: Iterable[str]) -> Self:
        return cls(**TipSummary.model_validate(tip).model_dump(), unread_in=tuple(unread_in))


class TipView(TipSummary):
    """A tip with all that is not under seal; what it tells is read at the desk."""

    happened_at: datetime | None
    extensions: int
    resumed_at: datetime | None
    authority: Authority | None
    held: bool = Field(description="Whether what is sealed of it is kept whatever the rules of retention say.")
    erased_at: datetime | None


class DuplicateView(BaseModel):
    """A tip that may report the same as another, and what speaks for it."""

    model_config = ConfigDict(from_attributes=True)

    tip: TipSummary
    reasons: tuple[Likeness, ...]


class SubmittedTipView(BaseModel):
    """What a reporter takes home. The receipt is shown this once and kept nowhere in clear."""

    receipt: str = Field(description="20 characters; with it the reporter asks how things stand.")
    id: str | None = Field(default=None, description="Id of the tip; only for callers with a token.")


class TipStatusView(BaseModel):
    """How things stand with a tip; of the same form for a receipt that nobody knows."""

    status: TipStatus | Literal["unknown"]

    @classmethod
    def of(cls, tip: Tip | None) -> Self:
        return cls(status=tip.status if tip else "unknown")


class MessageView(BaseModel):
    """One message of a dialogue; the time of a reporter's is as coarse as all times of the tip."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    author: Author
    sent_at: datetime
    text: str


class DialogueView(BaseModel):
    """A page of a dialogue; of the same form for a receipt that nobody knows."""

    messages: list[MessageView]
    next: int | None = Field(description="Send it as `after` for the following page; null at the end.")


class SentView(BaseModel):
    """That a message came in."""

    status: Literal["sent"] = "sent"


class AdvisoryDocumentView(View):
    """A paper to an authority."""

    status: AdvisoryDocumentStatus
    addressee: Addressee
    issued_at: datetime
    withdrawn_at: datetime | None
    rests_on: tuple[str, ...]
