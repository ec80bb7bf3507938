"""The life of a team and of its members, and who may sit on it; must not do I/O."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final, Self

from shared.aggregate import Aggregate, in_order
from shared.contracts.patrols import (
    MemberChange,
    MemberEnrolled,
    MemberEvent,
    MemberFacts,
    MemberLeft,
    MemberRole,
    TeamChange,
    TeamDissolved,
    TeamEstablished,
    TeamEvent,
    TeamFacts,
)
from shared.errors import InvalidInput, TransitionNotAllowed

# One leader, one deputy and up to three members: three to five people (Law on grassroots security forces).
SEATS: Final[Mapping[MemberRole, int]] = {MemberRole.LEADER: 1, MemberRole.DEPUTY: 1, MemberRole.MEMBER: 3}


class TeamStatus(StrEnum):
    """Whether a team works."""

    ACTIVE = "active"
    DISSOLVED = "dissolved"


class MemberStatus(StrEnum):
    """Whether a person still sits on the team."""

    ACTIVE = "active"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Seat:
    """Who holds which role in a team."""

    member: str
    role: MemberRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Aggregate):
    """One person's membership of one team. The name is personal data: no event, log line or key may hold it."""

    NOUN: ClassVar = "member"
    TRANSITIONS: ClassVar[Mapping[MemberStatus, frozenset[MemberStatus]]] = {
        MemberStatus.ACTIVE: frozenset({MemberStatus.LEFT}),
        MemberStatus.LEFT: frozenset(),
    }
    CHANGE: ClassVar = MemberChange

    status: MemberStatus
    team: str
    full_name: str
    role: MemberRole
    enrolled_at: datetime
    left_at: datetime | None = None

    def leave(self, *, at: datetime) -> tuple[Self, tuple[MemberEvent, ...]]:
        """The person is no longer with the force. Raises: TransitionNotAllowed once left."""
        in_order(enrolled_at=self.enrolled_at, left_at=at)
        gone = self._become(MemberStatus.LEFT, left_at=at)
        return gone, (gone._tell(MemberLeft, was=self, at=at),)

    @property
    def occurred_at(self) -> datetime:
        return self.enrolled_at

    def facts(self) -> MemberFacts:
        """What figures need of a membership: never who it is."""
        return MemberFacts(team=self.team, role=self.role, enrolled_at=self.enrolled_at, left_at=self.left_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Team(Aggregate):
    """A team of residents that keeps order in its residential groups."""

    NOUN: ClassVar = "team"
    TRANSITIONS: ClassVar[Mapping[TeamStatus, frozenset[TeamStatus]]] = {
        TeamStatus.ACTIVE: frozenset({TeamStatus.DISSOLVED}),
        TeamStatus.DISSOLVED: frozenset(),
    }
    CHANGE: ClassVar = TeamChange

    status: TeamStatus
    residential_groups: tuple[str, ...]
    established_at: datetime
    dissolved_at: datetime | None = None
    seats: tuple[Seat, ...] = ()

    @classmethod
    def establish(
        cls, *, id: str, unit: str, residential_groups: tuple[str, ...], established_at: datetime
    ) -> tuple[Self, tuple[TeamEvent, ...]]:
        """A team that took up its work, its seats still empty."""
        team = cls(
            id=id,
            unit=unit,
            status=TeamStatus.ACTIVE,
            residential_groups=residential_groups,
            established_at=established_at,
        )
        return team, (team._tell(TeamEstablished, was=None, at=established_at),)

    def enrol(
        self, *, member_id: str, full_name: str, role: MemberRole, enrolled_at: datetime
    ) -> tuple[Self, Member, tuple[MemberEvent, ...]]:
        """The team with one more seat taken, and who took it. Raises: TransitionNotAllowed if no such seat is free."""
        if enrolled_at < self.established_at:
            raise InvalidInput.of("enrolled_at", "must not lie before the team was established")
        if Counter(seat.role for seat in self.seats)[role] == SEATS[role]:
            raise TransitionNotAllowed(f"The team has no free seat for a {role}: it takes {SEATS[role]}.")
        member = Member(
            id=member_id,
            unit=self.unit,
            status=MemberStatus.ACTIVE,
            team=self.id,
            full_name=full_name,
            role=role,
            enrolled_at=enrolled_at,
        )
        team = self._alter(seats=(*self.seats, Seat(member_id, role)))
        return team, member, (member._tell(MemberEnrolled, was=None, at=enrolled_at),)

    def release(self, member: Member, *, at: datetime) -> tuple[Self, Member, tuple[MemberEvent, ...]]:
        """The team with the member's seat free again. Raises: TransitionNotAllowed once left."""
        gone, events = member.leave(at=at)
        return self._alter(seats=tuple(seat for seat in self.seats if seat.member != member.id)), gone, events

    def dissolve(
        self, members: Iterable[Member], *, at: datetime
    ) -> tuple[Self, tuple[Member, ...], tuple[TeamEvent | MemberEvent, ...]]:
        """The end of the team, with which its members leave. Raises: TransitionNotAllowed once dissolved."""
        in_order(established_at=self.established_at, dissolved_at=at)
        dissolved = self._become(TeamStatus.DISSOLVED, dissolved_at=at, seats=())
        left = [member.leave(at=at) for member in members]
        farewells = tuple(event for _, events in left for event in events)
        told = dissolved._tell(TeamDissolved, was=self, at=at)
        return dissolved, tuple(member for member, _ in left), (*farewells, told)

    def require_service_at(self, at: datetime) -> None:
        """Raises: InvalidInput if the team was dissolved before that time."""
        if self.dissolved_at is not None and at >= self.dissolved_at:
            raise InvalidInput.of("teams", f"team {self.id} was dissolved before")

    @property
    def occurred_at(self) -> datetime:
        return self.established_at

    def facts(self) -> TeamFacts:
        """What figures need of a team."""
        return TeamFacts(
            established_at=self.established_at,
            dissolved_at=self.dissolved_at,
            residential_groups=self.residential_groups,
        )
