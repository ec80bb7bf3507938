"""The life of an incident: reported, responding, resolved, voided; must not do I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final, Self, TypedDict, Unpack

from shared.aggregate import Aggregate, in_order
from shared.contracts.incidents import (
    IncidentChange,
    IncidentEvent,
    IncidentFacts,
    IncidentKind,
    IncidentReclassified,
    IncidentReported,
    IncidentResolved,
    IncidentResponded,
    IncidentVoided,
)


class IncidentStatus(StrEnum):
    """How far an incident is dealt with."""

    REPORTED = "reported"
    RESPONDING = "responding"
    RESOLVED = "resolved"
    VOIDED = "voided"


TRANSITIONS: Final[Mapping[IncidentStatus, frozenset[IncidentStatus]]] = {
    # What is over when it is reported was resolved on the spot.
    IncidentStatus.REPORTED: frozenset({
        IncidentStatus.RESPONDING, IncidentStatus.RESOLVED, IncidentStatus.VOIDED,
    }),
    IncidentStatus.RESPONDING: frozenset({IncidentStatus.RESOLVED, IncidentStatus.VOIDED}),
    IncidentStatus.RESOLVED: frozenset({IncidentStatus.VOIDED}),
    IncidentStatus.VOIDED: frozenset(),
}  # fmt: skip


class IncidentFix(TypedDict, total=False):
    """What of an incident can turn out to be otherwise; what is left out stays as it is."""

    kind: IncidentKind
    category: str
    residential_group: str | None
    occurred_at: datetime
    force_helped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident(Aggregate):
    """One violation, fire, rescue or supported arrest."""

    NOUN: ClassVar = "incident"
    TRANSITIONS: ClassVar = TRANSITIONS
    CHANGE: ClassVar = IncidentChange

    status: IncidentStatus
    kind: IncidentKind
    category: str
    residential_group: str | None
    occurred_at: datetime
    responded_at: datetime | None = None
    resolved_at: datetime | None = None
    force_helped: bool
    void_reason: str | None = None

    @classmethod
    def report(
        cls,
        *,
        id: str,
        unit: str,
        kind: IncidentKind,
        category: str,
        residential_group: str | None,
        occurred_at: datetime,
        force_helped: bool,
    ) -> tuple[Self, tuple[IncidentEvent, ...]]:
        """An incident that a team met."""
        incident = cls(
            id=id,
            unit=unit,
            status=IncidentStatus.REPORTED,
            kind=kind,
            category=category,
            residential_group=residential_group,
            occurred_at=occurred_at,
            force_helped=force_helped,
        )
        return incident, (incident._tell(IncidentReported, was=None, at=occurred_at),)

    def reclassify(self, *, at: datetime, **fix: Unpack[IncidentFix]) -> tuple[Self, tuple[IncidentEvent, ...]]:
        """Put kind, category or another fact right. Raises: TransitionNotAllowed once voided."""
        right = self._alter(**fix)
        right._check_order()
        return right, (right._tell(IncidentReclassified, was=self, at=at),)

    def respond(self, *, at: datetime) -> tuple[Self, tuple[IncidentEvent, ...]]:
        """The force went to deal with it. Raises: TransitionNotAllowed unless it is only reported."""
        responding = self._become(IncidentStatus.RESPONDING, responded_at=at)
        responding._check_order()
        return responding, (responding._tell(IncidentResponded, was=self, at=at),)

    def resolve(self, *, at: datetime, force_helped: bool | None = None) -> tuple[Self, tuple[IncidentEvent, ...]]:
        """It is over. Raises: TransitionNotAllowed if it is resolved or voided."""
        resolved = self._become(IncidentStatus.RESOLVED, resolved_at=at)
        if force_helped is not None:
            resolved = replace(resolved, force_helped=force_helped)
        resolved._check_order()
        return resolved, (resolved._tell(IncidentResolved, was=self, at=at),)

    def void(self, *, at: datetime, reason: str) -> tuple[Self, tuple[IncidentEvent, ...]]:
        """Take back what was entered in error. Raises: TransitionNotAllowed once voided."""
        voided = self._become(IncidentStatus.VOIDED, void_reason=reason)
        return voided, (voided._tell(IncidentVoided, was=self, at=at),)

    def facts(self) -> IncidentFacts | None:
        """What figures need of it; nothing once it is voided."""
        if self.status is IncidentStatus.VOIDED:
            return None
        return IncidentFacts(
            kind=self.kind,
            category=self.category,
            residential_group=self.residential_group,
            occurred_at=self.occurred_at,
            responded_at=self.responded_at,
            resolved_at=self.resolved_at,
            force_helped=self.force_helped,
        )

    def _check_order(self) -> None:
        in_order(occurred_at=self.occurred_at, responded_at=self.responded_at, resolved_at=self.resolved_at)
