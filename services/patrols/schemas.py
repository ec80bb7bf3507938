"""What callers get to see of this service's aggregates; owns the form of answers, no rule."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from services.patrols.domain import IncidentStatus, MemberStatus, OutreachStatus, PatrolStatus, TeamStatus
from shared.contracts.incidents import IncidentKind
from shared.contracts.patrols import MemberRole, OutreachPartner, PatrolKind
from shared.views import View


class SeatView(BaseModel):
    """Who holds which role, by id."""

    model_config = ConfigDict(from_attributes=True)

    member: str
    role: MemberRole


class TeamView(View):
    """A team."""

    status: TeamStatus
    residential_groups: tuple[str, ...]
    established_at: datetime
    dissolved_at: datetime | None
    seats: tuple[SeatView, ...]


class MemberView(View):
    """A member, with the name."""

    status: MemberStatus
    team: str
    full_name: str
    role: MemberRole
    enrolled_at: datetime
    left_at: datetime | None


class PatrolView(View):
    """A patrol."""

    status: PatrolStatus
    kind: PatrolKind
    teams: tuple[str, ...]
    team_count: int
    participants: int
    residential_group: str | None
    started_at: datetime
    completed_at: datetime | None
    planned_end_at: datetime | None
    void_reason: str | None


class IncidentView(View):
    """An incident."""

    status: IncidentStatus
    kind: IncidentKind
    category: str
    residential_group: str | None
    occurred_at: datetime
    responded_at: datetime | None
    resolved_at: datetime | None
    force_helped: bool
    void_reason: str | None


class OutreachSessionView(View):
    """An outreach session."""

    status: OutreachStatus
    held_at: datetime
    attendance: int
    partners: tuple[OutreachPartner, ...]
    void_reason: str | None
