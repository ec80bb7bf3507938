"""What callers can ask of this service, as request bodies; owns the form of input, no rule beyond one request."""

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from shared.contracts.incidents import IncidentKind
from shared.contracts.patrols import MemberRole, OutreachPartner, PatrolKind
from shared.fixes import Fix
from shared.web import PastTime, PlannedTime, Request

Unit = Annotated[str, StringConstraints(pattern=r"^(\d{2}|\d{5})$")]
# A code and not free text: it travels in events, where nobody may be named.
ResidentialGroup = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,39}$")]
Reference = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")]
FullName = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
Category = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Participants = Annotated[int, Field(ge=0, le=1_000)]
Attendance = Annotated[int, Field(ge=0, le=1_000_000)]
TeamCount = Annotated[int, Field(ge=1, le=200)]
Partners = Annotated[tuple[OutreachPartner, ...], Field(max_length=len(OutreachPartner))]


class EstablishTeam(Request):
    """A team that took up its work."""

    unit: Unit
    residential_groups: tuple[ResidentialGroup, ...] = Field(default=(), max_length=50)
    established_at: PastTime


class DissolveTeam(Request):
    """The end of a team; its members leave with it."""

    dissolved_at: PastTime


class EnrolMember(Request):
    """A person who takes a seat in a team."""

    full_name: FullName = Field(description="Personal data: it stays in this service.")
    role: MemberRole
    enrolled_at: PastTime


class ReleaseMember(Request):
    """A person who leaves."""

    left_at: PastTime


class RecordPatrol(Request):
    """A patrol that set out; with `completed_at` one that is over."""

    unit: Unit
    kind: PatrolKind
    teams: tuple[Reference, ...] = Field(default=(), max_length=50, description="The teams, by id.")
    team_count: TeamCount | None = Field(
        default=None, description="How many teams took part, where the log does not name them all."
    )
    participants: Participants
    residential_group: ResidentialGroup | None = None
    started_at: PastTime
    completed_at: PastTime | None = None
    planned_end_at: PlannedTime | None = Field(
        default=None, description="When it is to be back: from then on its log is expected, and it is overdue without."
    )


class CompletePatrol(Request):
    """A patrol that came back."""

    completed_at: PastTime
    participants: Participants | None = Field(default=None, description="If more or fewer walked than were told.")


class ReportIncident(Request):
    """An incident that a team met, with as much of its course as is known."""

    unit: Unit
    kind: IncidentKind
    category: Category
    residential_group: ResidentialGroup | None = None
    occurred_at: PastTime
    responded_at: PastTime | None = None
    resolved_at: PastTime | None = None
    force_helped: bool = False


class RespondToIncident(Request):
    """The force went to deal with it."""

    responded_at: PastTime


class ResolveIncident(Request):
    """It is over."""

    resolved_at: PastTime
    force_helped: bool | None = None


class HoldOutreachSession(Request):
    """A session in which residents were informed."""

    unit: Unit
    held_at: PastTime
    attendance: Attendance
    partners: Partners = ()


class Void(Request):
    """The withdrawal of what was entered in error."""

    reason: Reason


class CorrectPatrol(Fix):
    """What was wrong about a patrol."""

    MAY_BE_EMPTIED: ClassVar = frozenset({"residential_group", "planned_end_at"})

    kind: PatrolKind | None = None
    participants: Participants | None = None
    residential_group: ResidentialGroup | None = None
    started_at: PastTime | None = None
    completed_at: PastTime | None = None
    planned_end_at: PlannedTime | None = None


class ReclassifyIncident(Fix):
    """What an incident turned out to be."""

    MAY_BE_EMPTIED: ClassVar = frozenset({"residential_group"})

    kind: IncidentKind | None = None
    category: Category | None = None
    residential_group: ResidentialGroup | None = None
    occurred_at: PastTime | None = None
    force_helped: bool | None = None


class CorrectOutreachSession(Fix):
    """What was wrong about a session."""

    held_at: PastTime | None = None
    attendance: Attendance | None = None
    partners: Partners | None = None
