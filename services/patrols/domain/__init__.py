"""Rules of teams, patrols, incidents and outreach; must not do I/O, read a clock or make an id."""

from services.patrols.domain.incident import Incident, IncidentFix, IncidentStatus
from services.patrols.domain.outreach import OutreachFix, OutreachSession, OutreachStatus
from services.patrols.domain.patrol import Patrol, PatrolFix, PatrolStatus
from services.patrols.domain.team import Member, MemberStatus, Seat, Team, TeamStatus

__all__ = [
    "Incident",
    "IncidentFix",
    "IncidentStatus",
    "Member",
    "MemberStatus",
    "OutreachFix",
    "OutreachSession",
    "OutreachStatus",
    "Patrol",
    "PatrolFix",
    "PatrolStatus",
    "Seat",
    "Team",
    "TeamStatus",
]
