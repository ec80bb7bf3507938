"""What callers get to see of this service's aggregates; owns the form of answers, no rule."""

from datetime import date, datetime

from services.awards.domain import (
    AwardStatus,
    CampaignStatus,
    CommunityModelStatus,
    ExemplarStatus,
    LegalInstrumentStatus,
)
from shared.contracts.awards import AwardIssuer, AwardKind, AwardRecipient, ModelNature, Organisation
from shared.views import View


class AwardView(View):
    """An award."""

    status: AwardStatus
    kind: AwardKind
    issuer: AwardIssuer
    recipient: AwardRecipient
    recipient_name: str | None
    reason: str | None
    for_year: int | None
    proposed_at: datetime | None
    conferred_at: datetime | None
    revocation_reason: str | None


class CampaignView(View):
    """A campaign."""

    status: CampaignStatus
    title: str
    title_en: str | None
    launched_at: datetime
    from_date: date
    to_date: date | None
    previous: str | None


class ExemplarView(View):
    """An exemplar."""

    status: ExemplarStatus
    organisation: Organisation
    full_name: str | None
    honoured_at: datetime
    withdrawal_reason: str | None


class CommunityModelView(View):
    """A community model."""

    status: CommunityModelStatus
    nature: ModelNature
    title: str | None
    launched_at: datetime
    recognised_at: datetime | None
    replicated_at: datetime | None
    discontinued_at: datetime | None


class LegalInstrumentView(View):
    """A legal instrument."""

    status: LegalInstrumentStatus
    number: str
    title: str
    title_en: str | None
    in_force_from: date
    in_force_to: date | None
    withdrawal_reason: str | None
