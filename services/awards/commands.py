"""What callers can ask of this service, as request bodies; owns the form of input, no rule beyond one request."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from shared.contracts.awards import AwardIssuer, AwardKind, AwardRecipient, ModelNature, Organisation
from shared.fixes import Fix
from shared.web import PastTime, Request

EARLIEST_YEAR = 1945

Unit = Annotated[str, StringConstraints(pattern=r"^(\d{2}|\d{5})$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Number = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
Reference = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")]
Year = Annotated[int, Field(ge=EARLIEST_YEAR, le=2200)]
Day = Annotated[date, Field(ge=date(EARLIEST_YEAR, 1, 1), le=date(2200, 12, 31))]


class ProposeAward(Request):
    """Somebody put forward for an honour; with `conferred_at` one who has it already."""

    unit: Unit
    kind: AwardKind
    issuer: AwardIssuer
    recipient: AwardRecipient
    recipient_name: Name | None = Field(default=None, description="May be personal data: it stays in this service.")
    reason: Reason | None = None
    for_year: Year | None = None
    proposed_at: PastTime | None = None
    conferred_at: PastTime | None = None


class ConferAward(Request):
    """An honour handed over."""

    conferred_at: PastTime


class CorrectAward(Fix):
    """What was wrong about an award."""

    MAY_BE_EMPTIED: ClassVar = frozenset({"recipient_name", "reason", "for_year"})

    kind: AwardKind | None = None
    issuer: AwardIssuer | None = None
    recipient: AwardRecipient | None = None
    recipient_name: Name | None = None
    reason: Reason | None = None
    for_year: Year | None = None
    proposed_at: PastTime | None = None
    conferred_at: PastTime | None = None


class Withdraw(Request):
    """The withdrawal of what was entered in error, or is taken back."""

    reason: Reason


class LaunchCampaign(Request):
    """An emulation campaign that began. `to_date` is its last day."""

    unit: Unit
    title: Title
    title_en: Title | None = None
    launched_at: PastTime
    from_date: Day
    to_date: Day | None = None
    previous: Reference | None = Field(default=None, description="The edition before, by id.")


class HonourExemplar(Request):
    """A person or group held up as an example."""

    unit: Unit
    organisation: Organisation
    full_name: Name | None = Field(default=None, description="Personal data: it stays in this service.")
    honoured_at: PastTime


class LaunchCommunityModel(Request):
    """A model set up in one unit."""

    unit: Unit
    nature: ModelNature = ModelNature.MODEL
    title: Title | None = None
    launched_at: PastTime


class RecogniseCommunityModel(Request):
    """The ministry's recognition."""

    recognised_at: PastTime


class ReplicateCommunityModel(Request):
    """Taken up nationwide."""

    replicated_at: PastTime


class DiscontinueCommunityModel(Request):
    """Kept up no longer."""

    discontinued_at: PastTime


class BringLegalInstrumentIntoForce(Request):
    """A law, decree, resolution or directive in force. `in_force_to` is its last day."""

    unit: Unit
    number: Number
    title: Title
    title_en: Title | None = None
    in_force_from: Day
    in_force_to: Day | None = None
