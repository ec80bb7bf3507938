"""Events of the awards service: awards, campaigns, exemplars, community models and legal instruments."""

from datetime import date
from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Change, Event, Facts


class AwardKind(StrEnum):
    GIAY_KHEN = "giay_khen"
    BANG_KHEN = "bang_khen"
    CO_THI_DUA = "co_thi_dua"
    GIFT = "gift"
    # Reports publish some honours as one sum of both kinds; splitting them would be invention.
    BANG_OR_GIAY_KHEN = "bang_or_giay_khen"


class AwardIssuer(StrEnum):
    PRIME_MINISTER = "prime_minister"
    MINISTRY = "ministry"
    PROVINCE_CHAIR = "province_chair"
    CITY_POLICE_DIRECTOR = "city_police_director"
    COMMUNE_CHAIR = "commune_chair"
    NOT_PUBLISHED = "not_published"


class AwardRecipient(StrEnum):
    COLLECTIVE = "collective"
    INDIVIDUAL = "individual"
    POLICE_UNIT = "police_unit"


class Organisation(StrEnum):
    VETERANS = "veterans"
    WOMEN = "women"
    FARMERS = "farmers"
    YOUTH = "youth"
    ELDERLY = "elderly"
    OTHER = "other"


class ModelNature(StrEnum):
    MODEL = "model"
    THEME = "theme"


class AwardFacts(Facts):
    """One honour. It counts once it is conferred."""

    kind: AwardKind
    issuer: AwardIssuer
    recipient: AwardRecipient
    for_year: int | None = Field(default=None, ge=1945, le=2200)
    proposed_at: AwareDatetime | None = None
    approved_at: AwareDatetime | None = None
    conferred_at: AwareDatetime | None = None


class AwardChange(Change[AwardFacts]):
    """An award before and after; `is` is null once it is revoked."""


class CampaignFacts(Facts):
    """One emulation campaign; its dates make a named window of the statistics. `to_date` is its last day."""

    title: str
    title_en: str | None = None
    launched_at: AwareDatetime
    from_date: date
    to_date: date | None = None
    previous: str | None = Field(default=None, description="The campaign that this one continues, by id.")
    closed_at: AwareDatetime | None = None


class CampaignChange(Change[CampaignFacts]):
    """A campaign before and after."""


class ExemplarFacts(Facts):
    """One person or group held up as an example; who it is stays in the service."""

    organisation: Organisation
    honoured_at: AwareDatetime


class ExemplarChange(Change[ExemplarFacts]):
    """An exemplar before and after."""


class CommunityModelFacts(Facts):
    """One way of working that residents and police set up together."""

    nature: ModelNature = ModelNature.MODEL
    launched_at: AwareDatetime
    recognised_at: AwareDatetime | None = None
    replicated_at: AwareDatetime | None = None
    discontinued_at: AwareDatetime | None = None


class CommunityModelChange(Change[CommunityModelFacts]):
    """A community model before and after."""


class LegalInstrumentFacts(Facts):
    """One law, decree, resolution or directive; a named window begins on its day in force."""

    number: str
    title: str
    title_en: str | None = None
    in_force_from: date
    in_force_to: date | None = None


class LegalInstrumentChange(Change[LegalInstrumentFacts]):
    """A legal instrument before and after."""


class AwardsEvent(Event):
    source: ClassVar[str] = "/services/awards"


class AwardEvent(AwardsEvent):
    data: AwardChange


class AwardProposed(AwardEvent):
    """Somebody was put forward for an honour."""

    type: Literal["award.proposed.v1"] = "award.proposed.v1"


class AwardApproved(AwardEvent):
    """The honour was granted and waits to be handed over."""

    type: Literal["award.approved.v1"] = "award.approved.v1"


class AwardConferred(AwardEvent):
    """The honour was handed over; only now it counts."""

    type: Literal["award.conferred.v1"] = "award.conferred.v1"


class AwardCorrected(AwardEvent):
    """A wrongly entered fact of an award was put right."""

    type: Literal["award.corrected.v1"] = "award.corrected.v1"


class AwardRevoked(AwardEvent):
    """The honour was taken back."""

    type: Literal["award.revoked.v1"] = "award.revoked.v1"


class CampaignEvent(AwardsEvent):
    data: CampaignChange


class CampaignLaunched(CampaignEvent):
    """A campaign began; its dates become a named window."""

    type: Literal["campaign.launched.v1"] = "campaign.launched.v1"


class CampaignClosed(CampaignEvent):
    """A campaign ended."""

    type: Literal["campaign.closed.v1"] = "campaign.closed.v1"


class ExemplarEvent(AwardsEvent):
    data: ExemplarChange


class ExemplarHonoured(ExemplarEvent):
    """An exemplar was presented to the public."""

    type: Literal["exemplar.honoured.v1"] = "exemplar.honoured.v1"


class ExemplarWithdrawn(ExemplarEvent):
    """An exemplar was entered in error and counts nowhere any more."""

    type: Literal["exemplar.withdrawn.v1"] = "exemplar.withdrawn.v1"


class CommunityModelEvent(AwardsEvent):
    data: CommunityModelChange


class CommunityModelLaunched(CommunityModelEvent):
    """A model was set up in one unit."""

    type: Literal["community_model.launched.v1"] = "community_model.launched.v1"


class CommunityModelRecognised(CommunityModelEvent):
    """The ministry recognised the model."""

    type: Literal["community_model.recognised.v1"] = "community_model.recognised.v1"


class CommunityModelReplicated(CommunityModelEvent):
    """The model is taken up nationwide."""

    type: Literal["community_model.replicated.v1"] = "community_model.replicated.v1"


class CommunityModelDiscontinued(CommunityModelEvent):
    """The model is kept up no longer."""

    type: Literal["community_model.discontinued.v1"] = "community_model.discontinued.v1"


class LegalInstrumentEvent(AwardsEvent):
    data: LegalInstrumentChange


class LegalInstrumentEnteredIntoForce(LegalInstrumentEvent):
    """A legal instrument is in force; its dates become a named window."""

    type: Literal["legal_instrument.entered_into_force.v1"] = "legal_instrument.entered_into_force.v1"


class LegalInstrumentWithdrawn(LegalInstrumentEvent):
    """A legal instrument was entered in error; its window is no longer offered."""

    type: Literal["legal_instrument.withdrawn.v1"] = "legal_instrument.withdrawn.v1"


EVENTS: tuple[type[Event], ...] = (
    AwardProposed, AwardApproved, AwardConferred, AwardCorrected, AwardRevoked,
    CampaignLaunched, CampaignClosed, ExemplarHonoured, ExemplarWithdrawn,
    CommunityModelLaunched, CommunityModelRecognised, CommunityModelReplicated, CommunityModelDiscontinued,
    LegalInstrumentEnteredIntoForce, LegalInstrumentWithdrawn,
)  # fmt: skip
