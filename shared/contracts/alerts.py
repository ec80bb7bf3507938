"""Events of alerts: each tells the whole alert as it stands after the step. Counted by nobody."""

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.contracts.base import Event
from shared.contracts.outbox import Unit


class AlertKind(StrEnum):
    THRESHOLD = "threshold"
    SPIKE = "spike"
    SILENCE = "silence"
    HEARTBEAT = "heartbeat"


class Severity(StrEnum):
    WARNING = "warning"
    CRITICAL = "critical"


class ClearedReason(StrEnum):
    """Why an alert is over: the figure is calm, it cannot be made any more, or no rule watches it."""

    CALM = "calm"
    NO_EVENTS = "no_events"
    NOT_WATCHED = "not_watched"


class AlertFacts(BaseModel):
    """One alert: what was seen, what was expected, and in words what it means."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    rule: str
    kind: AlertKind
    severity: Severity
    unit: Unit
    metric: str | None = Field(default=None, description="The figure; null for the heartbeat of a topic.")
    topic: str | None = None
    start: AwareDatetime = Field(description="Beginning of the interval that was looked at.")
    end: AwareDatetime
    figure: float | None = Field(default=None, description="The figure of the interval; hours of a silence.")
    expected: float | None = Field(default=None, description="What the baseline, or the threshold, says.")
    probability: float | None = Field(default=None, description="Of seeing at least this by chance alone.")
    text_vi: str
    text_en: str
    raised_at: AwareDatetime
    acknowledged_at: AwareDatetime | None = None
    cleared_at: AwareDatetime | None = None
    cleared_reason: ClearedReason | None = Field(
        default=None,
        description="Why it is over: the figure is calm, nothing is left to divide by or to rank, or no rule watches.",
    )
    escalation: int = Field(default=0, ge=0, description="How often nobody answered in time.")


class AlertEvent(Event):
    source: ClassVar[str] = "/services/stats"

    data: AlertFacts


class AlertRaised(AlertEvent):
    """A rule found something that somebody should look at."""

    type: Literal["alert.raised.v1"] = "alert.raised.v1"


class AlertAcknowledged(AlertEvent):
    """Somebody looks after it."""

    type: Literal["alert.acknowledged.v1"] = "alert.acknowledged.v1"


class AlertEscalated(AlertEvent):
    """Nobody acknowledged it in time: the next recipients are told."""

    type: Literal["alert.escalated.v1"] = "alert.escalated.v1"


class AlertCleared(AlertEvent):
    """What the rule found is over."""

    type: Literal["alert.cleared.v1"] = "alert.cleared.v1"


EVENTS: tuple[type[Event], ...] = (AlertRaised, AlertAcknowledged, AlertEscalated, AlertCleared)
