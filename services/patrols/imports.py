"""Records of teams, members, patrols, incidents and sessions in bulk; owns how they refer to one another."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, TypeAdapter

from services.patrols.commands import (
    EnrolMember,
    EstablishTeam,
    HoldOutreachSession,
    RecordPatrol,
    Reference,
    ReportIncident,
    Unit,
)
from services.patrols.domain import Team
from services.patrols.handlers import (
    established_team,
    held_outreach_session,
    recorded_patrol,
    reported_incident,
)
from services.patrols.repository import Repositories
from shared.errors import InvalidInput
from shared.imports import Arrival, Record, TakeIn, Taken, import_id
from shared.placing import unit_of_fact
from shared.repository import Aggregates
from shared.security import Principal

SERVICE: Final = "patrols"


class TeamRecord(EstablishTeam, Record):
    """A team."""

    type: Literal["team"]


class MemberRecord(EnrolMember, Record):
    """A member. `team` is the team's id, or the key of its record in this or an earlier import."""

    type: Literal["member"]
    unit: Unit
    team: Reference


class PatrolRecord(RecordPatrol, Record):
    """A patrol. `teams` are ids, or keys of records in this or an earlier import."""

    type: Literal["patrol"]


class IncidentRecord(ReportIncident, Record):
    """An incident with as much of its course as is known."""

    type: Literal["incident"]


class OutreachSessionRecord(HoldOutreachSession, Record):
    """An outreach session."""

    type: Literal["outreach_session"]


AnyRecord = TeamRecord | MemberRecord | PatrolRecord | IncidentRecord | OutreachSessionRecord


class PatrolsIntake:
    """What the records of this service become."""

    records: Final[TypeAdapter[AnyRecord]] = TypeAdapter(Annotated[AnyRecord, Discriminator("type")])

    def __init__(self, repositories: Repositories) -> None:
        self._teams = repositories.teams
        self.collections: Final[Mapping[str, Aggregates[Any]]] = {
            "team": repositories.teams,
            "member": repositories.members,
            "patrol": repositories.patrols,
            "incident": repositories.incidents,
            "outreach_session": repositories.outreach_sessions,
        }

    async def begin(self, arrivals: Sequence[Arrival], caller: Principal) -> TakeIn:
        """The judge of one batch, who has looked up every team that it names."""
        named = {reference for arrival in arrivals for reference in _references(arrival.record)}
        wanted = {id for reference in named for id in _possible_ids(reference)}
        found = await self._teams.find_known(wanted, caller) if wanted else {}
        return _Judge(found, caller)


class _Judge:
    """Turns records into aggregates. The teams grow as their records and their members' come by."""

    def __init__(self, teams: dict[str, Team], caller: Principal) -> None:
        self._teams = teams
        self._caller = caller
        self._take: Mapping[type, Callable[[Any, str], Taken]] = {
            TeamRecord: self._team,
            MemberRecord: self._member,
            PatrolRecord: self._patrol,
            IncidentRecord: self._incident,
            OutreachSessionRecord: self._outreach_session,
        }

    def __call__(self, arrival: Arrival) -> Taken:
        return self._take[type(arrival.record)](arrival.record, arrival.id)

    def _team(self, record: TeamRecord, id: str) -> Taken:
        team, events = established_team(record, id=id, caller=self._caller)
        self._teams[team.id] = team
        return Taken(team, events)

    def _member(self, record: MemberRecord, id: str) -> Taken:
        unit = unit_of_fact(record.unit, at=record.enrolled_at, caller=self._caller)
        before = self._named(record.team)
        if before is None:
            raise InvalidInput.of("team", f"there is no team {record.team}")
        if before.unit != unit:
            raise InvalidInput.of("unit", f"the team belongs to {before.unit}")
        team, member, events = before.enrol(
            member_id=id, full_name=record.full_name, role=record.role, enrolled_at=record.enrolled_at
        )
        self._teams[team.id] = team
        return Taken(member, events, updates=((before, team),))

    def _patrol(self, record: PatrolRecord, id: str) -> Taken:
        named = {reference: self._named(reference) for reference in record.teams}
        known = {reference: team for reference, team in named.items() if team is not None}
        return Taken(*recorded_patrol(record, id=id, teams=known, caller=self._caller))

    def _incident(self, record: IncidentRecord, id: str) -> Taken:
        return Taken(*reported_incident(record, id=id, caller=self._caller))

    def _outreach_session(self, record: OutreachSessionRecord, id: str) -> Taken:
        return Taken(*held_outreach_session(record, id=id, caller=self._caller))

    def _named(self, reference: str) -> Team | None:
        return next((self._teams[id] for id in _possible_ids(reference) if id in self._teams), None)


def _references(record: AnyRecord) -> Iterable[str]:
    if isinstance(record, PatrolRecord):
        return record.teams
    return (record.team,) if isinstance(record, MemberRecord) else ()


def _possible_ids(reference: str) -> tuple[str, str]:
    """A team is called by the key of its record or by its id."""
    return import_id(SERVICE, "team", reference), reference
