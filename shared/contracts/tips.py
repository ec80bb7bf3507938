"""Events of the tips service: tips with their counted facts, and advisory documents."""

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Change, Event, Facts


class TipStream(StrEnum):
    """Two streams of different source and law; their figures are never added up."""

    SECURITY_INFORMATION = "security_information"
    CRIME_REPORT = "crime_report"


class TipSource(StrEnum):
    CITIZEN_ANONYMOUS = "citizen_anonymous"
    CITIZEN_NAMED = "citizen_named"
    FORCE_MEMBER = "force_member"
    ORGANISATION = "organisation"
    MEDIA = "media"


class TipChannel(StrEnum):
    WEB = "web"
    PHONE = "phone"
    IN_PERSON = "in_person"
    LETTER = "letter"
    HOTLINE = "hotline"
    FORCE = "force"


class TipCategory(StrEnum):
    PUBLIC_ORDER = "public_order"
    THEFT = "theft"
    FRAUD = "fraud"
    DRUGS = "drugs"
    GAMBLING = "gambling"
    VIOLENCE = "violence"
    FIRE_SAFETY = "fire_safety"
    TRAFFIC = "traffic"
    RESIDENCE = "residence"
    CYBER = "cyber"
    OTHER = "other"


class TipValue(StrEnum):
    UNASSESSED = "unassessed"
    VALUABLE = "valuable"
    NOT_VALUABLE = "not_valuable"


class Addressee(StrEnum):
    PARTY_COMMITTEE = "party_committee"
    PEOPLES_COUNCIL = "peoples_council"
    PEOPLES_COMMITTEE = "peoples_committee"
    CITY_POLICE = "city_police"


class TipFacts(Facts):
    """What is counted of one tip. Times of anonymous tips are floored before they get here."""

    stream: TipStream
    source: TipSource
    channel: TipChannel
    category: TipCategory
    residential_group: str | None = None
    received_at: AwareDatetime
    registered_at: AwareDatetime | None = None
    verification_started_at: AwareDatetime | None = None
    verified_at: AwareDatetime | None = None
    refuted_at: AwareDatetime | None = None
    found_inconclusive_at: AwareDatetime | None = None
    value: TipValue = TipValue.UNASSESSED
    value_assessed_at: AwareDatetime | None = None
    transferred_at: AwareDatetime | None = None
    resolved_at: AwareDatetime | None = None
    suspended_at: AwareDatetime | None = None
    closed_at: AwareDatetime | None = None
    decision_due_at: AwareDatetime | None = Field(
        default=None,
        description="Of a crime report: the end of the time that the law gives for the decision, the first "
        "instant that is too late. Absent where no rule is known, and from producers that do not know deadlines.",
    )


class TipChange(Change[TipFacts]):
    """A tip before and after; `is` is null once it is void, merged into another, or has left the unit."""


class TipMergedChange(TipChange):
    merged_into: str = Field(description="The tip that now stands for this one.")


class TipDeadlineChange(TipChange):
    clock: str = Field(description="Which statutory or service clock, for example art_147_decision.")
    due_at: AwareDatetime


class AdvisoryDocumentFacts(Facts):
    addressee: Addressee
    issued_at: AwareDatetime


class AdvisoryDocumentChange(Change[AdvisoryDocumentFacts]):
    rests_on: tuple[str, ...] = Field(default=(), description="The tips that the document rests on.")


class TipEvent(Event):
    source: ClassVar[str] = "/services/tips"
    data: TipChange


class TipReceived(TipEvent):
    """A tip reached the police of one commune."""

    type: Literal["tip.received.v1"] = "tip.received.v1"


class TipRegistered(TipEvent):
    """The commune police entered the tip in its register."""

    type: Literal["tip.registered.v1"] = "tip.registered.v1"


class TipAssigned(TipEvent):
    """An officer was given the tip to work on."""

    type: Literal["tip.assigned.v1"] = "tip.assigned.v1"


class TipVerificationStarted(TipEvent):
    """The check of the tip's content began."""

    type: Literal["tip.verification_started.v1"] = "tip.verification_started.v1"


class TipVerified(TipEvent):
    """The check confirmed the tip."""

    type: Literal["tip.verified.v1"] = "tip.verified.v1"


class TipRefuted(TipEvent):
    """The check showed that the tip does not hold."""

    type: Literal["tip.refuted.v1"] = "tip.refuted.v1"


class TipFoundInconclusive(TipEvent):
    """The check could neither confirm nor refute the tip."""

    type: Literal["tip.found_inconclusive.v1"] = "tip.found_inconclusive.v1"


class TipValueAssessed(TipEvent):
    """The tip's value was judged, or judged anew: `was` holds the previous value and its time."""

    type: Literal["tip.value_assessed.v1"] = "tip.value_assessed.v1"


class TipCorrected(TipEvent):
    """A wrongly entered fact of the tip was put right."""

    type: Literal["tip.corrected.v1"] = "tip.corrected.v1"


class TipVoided(TipEvent):
    """The tip was entered in error and counts nowhere any more."""

    type: Literal["tip.voided.v1"] = "tip.voided.v1"


class TipTransferred(TipEvent):
    """The tip was handed over to the body that is competent for it."""

    type: Literal["tip.transferred.v1"] = "tip.transferred.v1"


class TipResolved(TipEvent):
    """The commune police settled the matter itself."""

    type: Literal["tip.resolved.v1"] = "tip.resolved.v1"


class TipSuspended(TipEvent):
    """Work on the tip is suspended under the law."""

    type: Literal["tip.suspended.v1"] = "tip.suspended.v1"


class TipClosed(TipEvent):
    """The case is closed."""

    type: Literal["tip.closed.v1"] = "tip.closed.v1"


class TipReopened(TipEvent):
    """A closed case is worked on again."""

    type: Literal["tip.reopened.v1"] = "tip.reopened.v1"


class TipMerged(TipEvent):
    """The tip was found to report what another tip already reports; it counts no more of its own."""

    type: Literal["tip.merged.v1"] = "tip.merged.v1"
    data: TipMergedChange


class TipUnmerged(TipEvent):
    """A merge was taken back; the tip counts again."""

    type: Literal["tip.unmerged.v1"] = "tip.unmerged.v1"
    data: TipMergedChange


class TipRelocated(TipEvent):
    """The tip's commune was corrected: one event in the unit it left and one in the unit it came to."""

    type: Literal["tip.relocated.v1"] = "tip.relocated.v1"


class TipDeadlineEvent(TipEvent):
    data: TipDeadlineChange


class TipDeadlineStarted(TipDeadlineEvent):
    """A clock began to run."""

    type: Literal["tip.deadline_started.v1"] = "tip.deadline_started.v1"


class TipDeadlineExtended(TipDeadlineEvent):
    """A clock was given more time."""

    type: Literal["tip.deadline_extended.v1"] = "tip.deadline_extended.v1"


class TipDeadlineSuspended(TipDeadlineEvent):
    """A clock stands still."""

    type: Literal["tip.deadline_suspended.v1"] = "tip.deadline_suspended.v1"


class TipDeadlineResumed(TipDeadlineEvent):
    """A clock runs again."""

    type: Literal["tip.deadline_resumed.v1"] = "tip.deadline_resumed.v1"


class TipDeadlineWarned(TipDeadlineEvent):
    """A clock is about to run out."""

    type: Literal["tip.deadline_warned.v1"] = "tip.deadline_warned.v1"


class TipDeadlineMet(TipDeadlineEvent):
    """What the clock asks for was done in time."""

    type: Literal["tip.deadline_met.v1"] = "tip.deadline_met.v1"


class TipDeadlineMissed(TipDeadlineEvent):
    """A clock ran out."""

    type: Literal["tip.deadline_missed.v1"] = "tip.deadline_missed.v1"


class AdvisoryDocumentEvent(Event):
    source: ClassVar[str] = "/services/tips"
    data: AdvisoryDocumentChange


class AdvisoryDocumentIssued(AdvisoryDocumentEvent):
    """The police advised an authority in writing."""

    type: Literal["advisory_document.issued.v1"] = "advisory_document.issued.v1"


class AdvisoryDocumentWithdrawn(AdvisoryDocumentEvent):
    """An advisory document was taken back."""

    type: Literal["advisory_document.withdrawn.v1"] = "advisory_document.withdrawn.v1"


EVENTS: tuple[type[Event], ...] = (
    TipReceived, TipRegistered, TipAssigned, TipVerificationStarted, TipVerified, TipRefuted, TipFoundInconclusive,
    TipValueAssessed, TipCorrected, TipVoided, TipTransferred, TipResolved, TipSuspended, TipClosed, TipReopened,
    TipMerged, TipUnmerged, TipRelocated,
    TipDeadlineStarted, TipDeadlineExtended, TipDeadlineSuspended, TipDeadlineResumed, TipDeadlineWarned,
    TipDeadlineMet, TipDeadlineMissed, AdvisoryDocumentIssued, AdvisoryDocumentWithdrawn,
)  # fmt: skip
