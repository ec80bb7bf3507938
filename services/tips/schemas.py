"""What this service answers; owns the form of the answers, and shows of a reporter nothing."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, Field

from services.tips.domain import AdvisoryDocumentStatus, Tip, TipStatus
from shared.contracts.tips import Addressee, TipCategory, TipChannel, TipSource, TipStream, TipValue
from shared.views import View


class TipSummary(View):
    """A tip in a list."""

    status: TipStatus
    stream: TipStream
    source: TipSource
    channel: TipChannel
    category: TipCategory
    residential_group: str | None
    received_at: datetime
    registered_at: datetime | None
    verification_started_at: datetime | None
    verified_at: datetime | None
    refuted_at: datetime | None
    value: TipValue
    value_assessed_at: datetime | None
    decision_due_at: datetime | None


class TipView(TipSummary):
    """A tip with what it tells; never with who told it."""

    text: str
    happened_at: datetime | None
    void_reason: str | None


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


class AdvisoryDocumentView(View):
    """A paper to an authority."""

    status: AdvisoryDocumentStatus
    addressee: Addressee
    issued_at: datetime
    withdrawn_at: datetime | None
    rests_on: tuple[str, ...]
