"""What this service does on request: load, let the domain decide, keep with the events; must not know HTTP."""

from collections.abc import Iterable, Mapping, Sequence

from services.patrols.commands import (
    CompletePatrol,
    CorrectOutreachSession,
    CorrectPatrol,
    DissolveTeam,
    EnrolMember,
    EstablishTeam,
    HoldOutreachSession,
    ReclassifyIncident,
    RecordPatrol,
    ReleaseMember,
    ReportIncident,
    ResolveIncident,
    RespondToIncident,
    Void,
)
from services.patrols.domain import Incident, Member, OutreachSession, Patrol, Team
from shared.contracts.base import Event
from shared.errors import InvalidInput
from shared.ids import new_id
from shared.placing import require_unit_at, unit_of_fact
from shared.repository import Aggregates, persistently
from shared.security import Principal
from shared.work import Work

# -- what a request says as an aggregate; the import of records begins from here as well


def established_team(command: EstablishTeam, *, id: str, caller: Principal) -> tuple[Team, Sequence[Event]]:
    """The team and its first event."""
    unit = unit_of_fact(command.unit, at=command.established_at, caller=caller)
    return Team.establish(
        id=id,
        unit=unit,
        residential_groups=command.residential_groups,
        established_at=command.established_at,
    )


def recorded_patrol(
    command: RecordPatrol, *, id: str, teams: Mapping[str, Team], caller: Principal
) -> tuple[Patrol, Sequence[Event]]:
    """Shape: teams maps what the command calls a team to the team."""
    unit = unit_of_fact(command.unit, at=command.started_at, caller=caller, residential_group=command.residential_group)
    return Patrol.record(
        id=id,
        unit=unit,
        kind=command.kind,
        teams=tuple(team.id for team in _serving_teams(command, teams)),
        team_count=_team_count(command),
        participants=command.participants,
        residential_group=command.residential_group,
        started_at=command.started_at,
        completed_at=command.completed_at,
        planned_end_at=command.planned_end_at,
    )


def reported_incident(command: ReportIncident, *, id: str, caller: Principal) -> tuple[Incident, Sequence[Event]]:
    """The incident after as much of its course as was told, and an event for each step of it."""
    unit = unit_of_fact(
        command.unit, at=command.occurred_at, caller=caller, residential_group=command.residential_group
    )
    incident, events = Incident.report(
        id=id,
        unit=unit,
        kind=command.kind,
        category=command.category,
        residential_group=command.residential_group,
        occurred_at=command.occurred_at,
        force_helped=command.force_helped,
    )
    if command.responded_at is not None:
        incident, responded = incident.respond(at=command.responded_at)
        events += responded
    if command.resolved_at is not None:
        incident, resolved = incident.resolve(at=command.resolved_at)
        events += resolved
    return incident, events


def held_outreach_session(
    command: HoldOutreachSession, *, id: str, caller: Principal
) -> tuple[OutreachSession, Sequence[Event]]:
    """The session and its first event."""
    unit = unit_of_fact(command.unit, at=command.held_at, caller=caller)
    return OutreachSession.hold(
        id=id, unit=unit, held_at=command.held_at, attendance=command.attendance, partners=command.partners
    )


# -- teams and members


async def establish_team(command: EstablishTeam, *, teams: Aggregates[Team], work: Work) -> Team:
    """A new team with empty seats."""
    team, events = established_team(command, id=new_id(), caller=work.caller)
    return await teams.add(team, events, work=work)


async def enrol_member(
    team_id: str, command: EnrolMember, *, teams: Aggregates[Team], members: Aggregates[Member], work: Work
) -> Member:
    """A new member; the team's seat is taken in the same transaction, so that no seat is taken twice."""

    async def attempt() -> Member:
        before = await teams.find(team_id, work.caller)
        team, member, events = before.enrol(
            member_id=new_id(), full_name=command.full_name, role=command.role, enrolled_at=command.enrolled_at
        )
        await work.commit(member, events, members.inserting([member]), teams.replacing(before, team))
        return member

    return await persistently(attempt)


async def release_member(
    member_id: str, command: ReleaseMember, *, teams: Aggregates[Team], members: Aggregates[Member], work: Work
) -> Member:
    """The member who left; the seat is free again."""

    async def attempt() -> Member:
        before = await members.find(member_id, work.caller)
        team_before = await teams.find(before.team, work.caller)
        team, member, events = team_before.release(before, at=command.left_at)
        await work.commit(member, events, members.replacing(before, member), teams.replacing(team_before, team))
        return member

    return await persistently(attempt)


async def dissolve_team(
    team_id: str, command: DissolveTeam, *, teams: Aggregates[Team], members: Aggregates[Member], work: Work
) -> Team:
    """The dissolved team; its members left with it."""

    async def attempt() -> Team:
        before = await teams.find(team_id, work.caller)
        seated = await members.find_known((seat.member for seat in before.seats), work.caller)
        team, left, events = before.dissolve(seated.values(), at=command.dissolved_at)
        farewells = [members.replacing(seated[member.id], member) for member in left]
        await work.commit(team, events, teams.replacing(before, team), *farewells)
        return team

    return await persistently(attempt)


# -- patrols


async def record_patrol(
    command: RecordPatrol, *, patrols: Aggregates[Patrol], teams: Aggregates[Team], work: Work
) -> Patrol:
    """A new patrol, under way or over."""
    known = await teams.find_known(command.teams, work.caller)
    patrol, events = recorded_patrol(command, id=new_id(), teams=known, caller=work.caller)
    return await patrols.add(patrol, events, work=work)


async def complete_patrol(
    patrol_id: str, command: CompletePatrol, *, patrols: Aggregates[Patrol], work: Work
) -> Patrol:
    """The patrol, back."""
    return await patrols.change(
        patrol_id,
        lambda patrol: patrol.complete(at=command.completed_at, participants=command.participants),
        work=work,
    )


async def correct_patrol(patrol_id: str, command: CorrectPatrol, *, patrols: Aggregates[Patrol], work: Work) -> Patrol:
    """The patrol with facts put right."""
    now = work.clock.now()

    def correct(patrol: Patrol) -> tuple[Patrol, Sequence[Event]]:
        require_unit_at(patrol.unit, at=command.started_at, field="started_at")
        return patrol.correct(at=now, **command.facts())

    return await patrols.change(patrol_id, correct, work=work)


async def void_patrol(patrol_id: str, command: Void, *, patrols: Aggregates[Patrol], work: Work) -> Patrol:
    """The patrol, counted nowhere any more."""
    now = work.clock.now()
    return await patrols.change(patrol_id, lambda patrol: patrol.void(at=now, reason=command.reason), work=work)


# -- incidents


async def report_incident(command: ReportIncident, *, incidents: Aggregates[Incident], work: Work) -> Incident:
    """A new incident."""
    incident, events = reported_incident(command, id=new_id(), caller=work.caller)
    return await incidents.add(incident, events, work=work)


async def reclassify_incident(
    incident_id: str, command: ReclassifyIncident, *, incidents: Aggregates[Incident], work: Work
) -> Incident:
    """The incident as what it turned out to be."""
    now = work.clock.now()

    def reclassify(incident: Incident) -> tuple[Incident, Sequence[Event]]:
        require_unit_at(incident.unit, at=command.occurred_at, field="occurred_at")
        return incident.reclassify(at=now, **command.facts())

    return await incidents.change(incident_id, reclassify, work=work)


async def respond_to_incident(
    incident_id: str, command: RespondToIncident, *, incidents: Aggregates[Incident], work: Work
) -> Incident:
    """The incident, being dealt with."""
    return await incidents.change(incident_id, lambda incident: incident.respond(at=command.responded_at), work=work)


async def resolve_incident(
    incident_id: str, command: ResolveIncident, *, incidents: Aggregates[Incident], work: Work
) -> Incident:
    """The incident, over."""
    return await incidents.change(
        incident_id,
        lambda incident: incident.resolve(at=command.resolved_at, force_helped=command.force_helped),
        work=work,
    )


async def void_incident(incident_id: str, command: Void, *, incidents: Aggregates[Incident], work: Work) -> Incident:
    """The incident, counted nowhere any more."""
    now = work.clock.now()
    return await incidents.change(incident_id, lambda incident: incident.void(at=now, reason=command.reason), work=work)


# -- outreach


async def hold_outreach_session(
    command: HoldOutreachSession, *, sessions: Aggregates[OutreachSession], work: Work
) -> OutreachSession:
    """A new session."""
    session, events = held_outreach_session(command, id=new_id(), caller=work.caller)
    return await sessions.add(session, events, work=work)


async def correct_outreach_session(
    session_id: str, command: CorrectOutreachSession, *, sessions: Aggregates[OutreachSession], work: Work
) -> OutreachSession:
    """The session with facts put right."""
    now = work.clock.now()

    def correct(session: OutreachSession) -> tuple[OutreachSession, Sequence[Event]]:
        require_unit_at(session.unit, at=command.held_at, field="held_at")
        return session.correct(at=now, **command.facts())

    return await sessions.change(session_id, correct, work=work)


async def void_outreach_session(
    session_id: str, command: Void, *, sessions: Aggregates[OutreachSession], work: Work
) -> OutreachSession:
    """The session, counted nowhere any more."""
    now = work.clock.now()
    return await sessions.change(session_id, lambda session: session.void(at=now, reason=command.reason), work=work)


def _serving_teams(command: RecordPatrol, teams: Mapping[str, Team]) -> Iterable[Team]:
    for reference in dict.fromkeys(command.teams):
        team = teams.get(reference)
        if team is None:
            raise InvalidInput.of("teams", f"there is no team {reference}")
        team.require_service_at(command.started_at)
        yield team


def _team_count(command: RecordPatrol) -> int:
    named = len(set(command.teams))
    count = command.team_count or named
    if count == 0:
        raise InvalidInput.of("teams", "name the teams, or tell their number as team_count")
    if count < named:
        raise InvalidInput.of("team_count", "must not be lower than the number of teams named")
    return count
