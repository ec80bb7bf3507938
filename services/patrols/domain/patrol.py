"""The life of a patrol: under way, completed, voided; must not do I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final, Self, TypedDict, Unpack

from shared.aggregate import Aggregate, in_order
from shared.contracts.patrols import (
    PatrolChange,
    PatrolCompleted,
    PatrolCorrected,
    PatrolEvent,
    PatrolFacts,
    PatrolKind,
    PatrolStarted,
    PatrolVoided,
)
from shared.errors import InvalidInput


class PatrolStatus(StrEnum):
    """Where a patrol stands."""

    UNDER_WAY = "under_way"
    COMPLETED = "completed"
    VOIDED = "voided"


TRANSITIONS: Final[Mapping[PatrolStatus, frozenset[PatrolStatus]]] = {
    PatrolStatus.UNDER_WAY: frozenset({PatrolStatus.COMPLETED, PatrolStatus.VOIDED}),
    PatrolStatus.COMPLETED: frozenset({PatrolStatus.VOIDED}),
    PatrolStatus.VOIDED: frozenset(),
}


class PatrolFix(TypedDict, total=False):
    """What of a patrol can be put right; what is left out stays as it is."""

    kind: PatrolKind
    participants: int
    residential_group: str | None
    started_at: datetime
    completed_at: datetime
    planned_end_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patrol(Aggregate):
    """One patrol of one or several teams. It counts once it is completed."""

    NOUN: ClassVar = "patrol"
    TRANSITIONS: ClassVar = TRANSITIONS
    CHANGE: ClassVar = PatrolChange

    status: PatrolStatus
    kind: PatrolKind
    teams: tuple[str, ...]
    team_count: int
    participants: int
    residential_group: str | None
    started_at: datetime
    completed_at: datetime | None = None
    planned_end_at: datetime | None = None
    void_reason: str | None = None

    @classmethod
    def record(
        cls,
        *,
        id: str,
        unit: str,
        kind: PatrolKind,
        teams: tuple[str, ...],
        team_count: int,
        participants: int,
        residential_group: str | None,
        started_at: datetime,
        completed_at: datetime | None,
        planned_end_at: datetime | None = None,
    ) -> tuple[Self, tuple[PatrolEvent, ...]]:
        """A patrol that set out, or one that is over if it tells when it came back."""
        in_order(started_at=started_at, completed_at=completed_at)
        in_order(started_at=started_at, planned_end_at=planned_end_at)
        patrol = cls(
            id=id,
            unit=unit,
            status=PatrolStatus.UNDER_WAY if completed_at is None else PatrolStatus.COMPLETED,
            kind=kind,
            teams=teams,
            team_count=team_count,
            participants=participants,
            residential_group=residential_group,
            started_at=started_at,
            completed_at=completed_at,
            planned_end_at=planned_end_at,
        )
        event = PatrolStarted if completed_at is None else PatrolCompleted
        return patrol, (patrol._tell(event, was=None, at=completed_at or started_at),)

    def complete(self, *, at: datetime, participants: int | None) -> tuple[Self, tuple[PatrolEvent, ...]]:
        """Back from the patrol. Raises: TransitionNotAllowed unless it is under way."""
        done = self._become(PatrolStatus.COMPLETED, completed_at=at)
        if participants is not None:
            done = replace(done, participants=participants)
        in_order(started_at=done.started_at, completed_at=at)
        return done, (done._tell(PatrolCompleted, was=self, at=at),)

    def correct(self, *, at: datetime, **fix: Unpack[PatrolFix]) -> tuple[Self, tuple[PatrolEvent, ...]]:
        """Put wrongly entered facts right. Raises: TransitionNotAllowed once voided."""
        if "completed_at" in fix and self.completed_at is None:
            raise InvalidInput.of("completed_at", "is told by completing the patrol")
        right = self._alter(**fix)
        in_order(started_at=right.started_at, completed_at=right.completed_at)
        in_order(started_at=right.started_at, planned_end_at=right.planned_end_at)
        return right, (right._tell(PatrolCorrected, was=self, at=at),)

    def void(self, *, at: datetime, reason: str) -> tuple[Self, tuple[PatrolEvent, ...]]:
        """Take back a patrol that was entered in error. Raises: TransitionNotAllowed once voided."""
        voided = self._become(PatrolStatus.VOIDED, void_reason=reason)
        return voided, (voided._tell(PatrolVoided, was=self, at=at),)

    @property
    def occurred_at(self) -> datetime:
        return self.started_at

    def facts(self) -> PatrolFacts | None:
        """What figures need of it; nothing once it is voided."""
        if self.status is PatrolStatus.VOIDED:
            return None
        return PatrolFacts(
            kind=self.kind,
            teams=self.team_count,
            participants=self.participants,
            residential_group=self.residential_group,
            started_at=self.started_at,
            completed_at=self.completed_at,
            planned_end_at=self.planned_end_at,
        )
