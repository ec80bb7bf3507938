"""An alert from raised to cleared; must not do I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final, Self, TypeVar

from services.stats.alerts.findings import Observation
from shared.aggregate import Aggregate
from shared.contracts.alerts import (
    AlertAcknowledged,
    AlertCleared,
    AlertEscalated,
    AlertEvent,
    AlertFacts,
    AlertKind,
    AlertRaised,
    ClearedReason,
    Severity,
)

MAX_ESCALATION: Final = 2

E = TypeVar("E", bound=AlertEvent)


class AlertStatus(StrEnum):
    """Whether anybody looks after an alert, and whether it is over."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert(Aggregate):
    """One thing that a rule found in one unit. At most one alert of a rule is open in a unit."""

    NOUN: ClassVar = "alert"
    TRANSITIONS: ClassVar[Mapping[AlertStatus, frozenset[AlertStatus]]] = {
        AlertStatus.RAISED: frozenset({AlertStatus.ACKNOWLEDGED, AlertStatus.CLEARED}),
        AlertStatus.ACKNOWLEDGED: frozenset({AlertStatus.CLEARED}),
        AlertStatus.CLEARED: frozenset(),
    }

    status: AlertStatus = AlertStatus.RAISED
    rule: str
    kind: AlertKind
    severity: Severity
    metric: str | None
    topic: str | None
    start: datetime
    end: datetime
    figure: float | None
    expected: float | None
    probability: float | None
    text_vi: str
    text_en: str
    raised_at: datetime
    told_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    cleared_at: datetime | None = None
    cleared_reason: ClearedReason | None = None
    escalation: int = 0

    @classmethod
    def raised(cls, seen: Observation, *, id: str, at: datetime) -> tuple[Self, AlertRaised]:
        """The alert about something that a rule found."""
        alert = cls(
            id=id,
            unit=seen.unit,
            rule=seen.rule,
            kind=seen.kind,
            severity=seen.severity,
            metric=seen.metric,
            topic=seen.topic,
            start=seen.start,
            end=seen.end,
            figure=seen.figure,
            expected=seen.expected,
            probability=seen.probability,
            text_vi=seen.text_vi,
            text_en=seen.text_en,
            raised_at=at,
            told_at=at,
        )
        return alert, alert._told(AlertRaised, at)

    @property
    def occurred_at(self) -> datetime:
        return self.raised_at

    @property
    def key(self) -> str:
        """What there is at most one open alert of."""
        return f"{self.rule}/{self.unit}"

    def acknowledge(self, *, at: datetime, by: str) -> tuple[Alert, AlertAcknowledged]:
        """Somebody looks after it. Raises: TransitionNotAllowed."""
        alert = self._become(AlertStatus.ACKNOWLEDGED, acknowledged_at=at, acknowledged_by=by)
        return alert, alert._told(AlertAcknowledged, at)

    def clear(self, *, at: datetime, reason: ClearedReason) -> tuple[Alert, AlertCleared]:
        """It is over. Raises: TransitionNotAllowed."""
        alert = self._become(AlertStatus.CLEARED, cleared_at=at, cleared_reason=reason)
        return alert, alert._told(AlertCleared, at)

    def is_overdue(self, *, at: datetime, patience: timedelta) -> bool:
        """Whether the next recipients should be told."""
        waits = self.status is AlertStatus.RAISED and self.escalation < MAX_ESCALATION
        return waits and at - self.told_at >= patience

    def escalate(self, *, at: datetime) -> tuple[Alert, AlertEscalated]:
        """Nobody acknowledged it in time. Raises: TransitionNotAllowed once it is cleared."""
        alert = self._alter(escalation=self.escalation + 1, told_at=at)
        return alert, alert._told(AlertEscalated, at)

    def told(self) -> AlertFacts:
        """What others are told of it: not who looks after it."""
        return AlertFacts(
            rule=self.rule,
            kind=self.kind,
            severity=self.severity,
            unit=self.unit,
            metric=self.metric,
            topic=self.topic,
            start=self.start,
            end=self.end,
            figure=self.figure,
            expected=self.expected,
            probability=self.probability,
            text_vi=self.text_vi,
            text_en=self.text_en,
            raised_at=self.raised_at,
            acknowledged_at=self.acknowledged_at,
            cleared_at=self.cleared_at,
            cleared_reason=self.cleared_reason,
            escalation=self.escalation,
        )

    def _told(self, event: type[E], at: datetime) -> E:
        return event(time=at, subject=self.id, partitionkey=self.unit, data=self.told())  # type: ignore[call-arg]
