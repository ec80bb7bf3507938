"""What callers get to see of alerts, rules and subscriptions; owns the form of answers, no rule."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.stats.alerts.alert import AlertStatus
from services.stats.alerts.rules import Rule
from shared.contracts.alerts import AlertKind, ClearedReason, Severity
from shared.views import View


class AlertView(View):
    """An alert."""

    status: AlertStatus
    rule: str
    kind: AlertKind
    severity: Severity
    metric: str | None
    topic: str | None
    start: datetime
    end: datetime
    figure: float | None = Field(description="The figure of the interval; hours of a silence.")
    expected: float | None = Field(description="What the 28 days before, or the limit, say.")
    probability: float | None = Field(description="Of seeing at least this by chance alone.")
    text_vi: str
    text_en: str
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    cleared_at: datetime | None
    cleared_reason: ClearedReason | None = Field(
        description="The figure is calm, nothing is left to divide by or to rank, or no rule watches."
    )
    escalation: int


class DeliveryView(BaseModel):
    """How one message about an alert fares."""

    id: str
    subscription: str
    type: str
    state: str
    attempts: int
    due_at: datetime
    reason: str | None = None


class WholeAlert(BaseModel):
    """An alert, and the messages about it."""

    alert: AlertView
    deliveries: list[DeliveryView]


class RuleView(BaseModel):
    """A rule by its id."""

    id: str
    rule: Rule


class WithheldView(BaseModel):
    rule: str
    unit: str | None
    reason: str


class LookView(BaseModel):
    """What the last look at everything could tell."""

    at: datetime | None
    watched: int = Field(description="Pairs of rule and unit that were judged.")
    withheld: list[WithheldView] = Field(description="What nothing could be said about, and why.")


class SubscriptionView(BaseModel):
    """A recipient of alerts."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    channel: str
    units: tuple[str, ...]
    severity: Severity
    level: int
    url: str | None
    to: tuple[str, ...]
    created_at: datetime


class NewSubscription(SubscriptionView):
    """A new recipient, with the secret that signs what it is sent; it is told only here."""

    secret: str | None


def look_view(document: dict[str, Any] | None) -> LookView:
    """Shape: the document of the last look; None before the first."""
    if document is None:
        return LookView(at=None, watched=0, withheld=[])
    return LookView.model_validate(
        {"at": document["at"], "watched": document["watched"], "withheld": document["withheld"]}
    )
