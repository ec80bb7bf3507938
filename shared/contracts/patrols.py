"""Events of the patrols service on patrols.v1: teams, members, patrols and outreach sessions."""

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Change, Event, Facts


class PatrolKind(StrEnum):
    SECURITY = "security"
    TRAFFIC = "traffic"


class MemberRole(StrEnum):
    LEADER = "leader"
    DEPUTY = "deputy"
    MEMBER = "member"


class OutreachPartner(StrEnum):
    VETERANS = "veterans"
    WOMEN = "women"
    FARMERS = "farmers"
    YOUTH = "youth"
    FATHERLAND_FRONT = "fatherland_front"


class TeamFacts(Facts):
    """One grassroots security team."""

    established_at: AwareDatetime
    dissolved_at: AwareDatetime | None = None
    residential_groups: tuple[str, ...] = ()


class TeamChange(Change[TeamFacts]):
    """A team before and after."""


class MemberFacts(Facts):
    """One member of a team; who it is stays in the service."""

    team: str
    role: MemberRole
    enrolled_at: AwareDatetime
    left_at: AwareDatetime | None = None


class MemberChange(Change[MemberFacts]):
    """A membership before and after."""


class PatrolFacts(Facts):
    """One patrol."""

    kind: PatrolKind
    teams: int = Field(ge=1)
    participants: int = Field(ge=0, description="How many people walked; each is one participant turn.")
    residential_group: str | None = None
    planned_start_at: AwareDatetime | None = None
    planned_end_at: AwareDatetime | None = Field(
        default=None, description="When the patrol was to be back; its log is expected from then on."
    )
    started_at: AwareDatetime | None = None
    completed_at: AwareDatetime | None = None
    cancelled_at: AwareDatetime | None = None


class PatrolChange(Change[PatrolFacts]):
    """A patrol before and after."""


class OutreachSessionFacts(Facts):
    """One session in which residents were informed."""

    held_at: AwareDatetime
    attendance: int = Field(ge=0)
    partners: tuple[OutreachPartner, ...] = ()


class OutreachSessionChange(Change[OutreachSessionFacts]):
    """An outreach session before and after."""


class PatrolsEvent(Event):
    source: ClassVar[str] = "/services/patrols"


class TeamEvent(PatrolsEvent):
    data: TeamChange


class TeamEstablished(TeamEvent):
    """A team took up its work."""

    type: Literal["team.established.v1"] = "team.established.v1"


class TeamAreaChanged(TeamEvent):
    """A team is responsible for other residential groups than before."""

    type: Literal["team.area_changed.v1"] = "team.area_changed.v1"


class TeamDissolved(TeamEvent):
    """A team ended its work."""

    type: Literal["team.dissolved.v1"] = "team.dissolved.v1"


class MemberEvent(PatrolsEvent):
    data: MemberChange


class MemberEnrolled(MemberEvent):
    """A person joined a team."""

    type: Literal["member.enrolled.v1"] = "member.enrolled.v1"


class MemberRoleChanged(MemberEvent):
    """A member became leader, deputy or member."""

    type: Literal["member.role_changed.v1"] = "member.role_changed.v1"


class MemberTransferred(MemberEvent):
    """A member moved to another team; in another commune this is one event in each."""

    type: Literal["member.transferred.v1"] = "member.transferred.v1"


class MemberLeft(MemberEvent):
    """A member left the force."""

    type: Literal["member.left.v1"] = "member.left.v1"


class PatrolEvent(PatrolsEvent):
    data: PatrolChange


class PatrolPlanned(PatrolEvent):
    """A patrol was scheduled."""

    type: Literal["patrol.planned.v1"] = "patrol.planned.v1"


class PatrolStarted(PatrolEvent):
    """A patrol set out."""

    type: Literal["patrol.started.v1"] = "patrol.started.v1"


class PatrolCheckedIn(PatrolEvent):
    """A patrol under way reported itself."""

    type: Literal["patrol.checked_in.v1"] = "patrol.checked_in.v1"


class PatrolCompleted(PatrolEvent):
    """A patrol came back; only now it counts."""

    type: Literal["patrol.completed.v1"] = "patrol.completed.v1"


class PatrolCancelled(PatrolEvent):
    """A planned patrol did not take place."""

    type: Literal["patrol.cancelled.v1"] = "patrol.cancelled.v1"


class PatrolCorrected(PatrolEvent):
    """A wrongly entered fact of a patrol was put right."""

    type: Literal["patrol.corrected.v1"] = "patrol.corrected.v1"


class PatrolVoided(PatrolEvent):
    """The patrol was entered in error and counts nowhere any more."""

    type: Literal["patrol.voided.v1"] = "patrol.voided.v1"


class OutreachSessionEvent(PatrolsEvent):
    data: OutreachSessionChange


class OutreachSessionHeld(OutreachSessionEvent):
    """Residents were informed in one session."""

    type: Literal["outreach_session.held.v1"] = "outreach_session.held.v1"


class OutreachSessionCorrected(OutreachSessionEvent):
    """A wrongly entered fact of a session was put right."""

    type: Literal["outreach_session.corrected.v1"] = "outreach_session.corrected.v1"


class OutreachSessionVoided(OutreachSessionEvent):
    """The session was entered in error and counts nowhere any more."""

    type: Literal["outreach_session.voided.v1"] = "outreach_session.voided.v1"


EVENTS: tuple[type[Event], ...] = (
    TeamEstablished, TeamAreaChanged, TeamDissolved,
    MemberEnrolled, MemberRoleChanged, MemberTransferred, MemberLeft,
    PatrolPlanned, PatrolStarted, PatrolCheckedIn, PatrolCompleted, PatrolCancelled, PatrolCorrected, PatrolVoided,
    OutreachSessionHeld, OutreachSessionCorrected, OutreachSessionVoided,
)  # fmt: skip
