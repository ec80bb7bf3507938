"""Events of the patrols service on incidents.v1: violations, fires, rescues and supported arrests."""

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Change, Event, Facts


class IncidentKind(StrEnum):
    VIOLATION = "violation"
    FIRE = "fire"
    RESCUE = "rescue"
    ARREST_SUPPORT = "arrest_support"


class IncidentFacts(Facts):
    """One incident that a team met."""

    kind: IncidentKind
    category: str = Field(pattern=r"^[a-z][a-z0-9_]{1,39}$", description="A category of its kind, for example noise.")
    residential_group: str | None = None
    occurred_at: AwareDatetime
    responded_at: AwareDatetime | None = None
    resolved_at: AwareDatetime | None = None
    force_helped: bool = Field(default=False, description="Whether the grassroots force helped to resolve it.")


class IncidentChange(Change[IncidentFacts]):
    """An incident before and after."""


class IncidentEvent(Event):
    source: ClassVar[str] = "/services/patrols"
    data: IncidentChange


class IncidentReported(IncidentEvent):
    """A team met an incident."""

    type: Literal["incident.reported.v1"] = "incident.reported.v1"


class IncidentReclassified(IncidentEvent):
    """The incident turned out to be of another kind or category, or a fact of it was put right."""

    type: Literal["incident.reclassified.v1"] = "incident.reclassified.v1"


class IncidentResponded(IncidentEvent):
    """The force went to deal with the incident."""

    type: Literal["incident.responded.v1"] = "incident.responded.v1"


class IncidentResolved(IncidentEvent):
    """The incident is over."""

    type: Literal["incident.resolved.v1"] = "incident.resolved.v1"


class IncidentVoided(IncidentEvent):
    """The incident was entered in error and counts nowhere any more."""

    type: Literal["incident.voided.v1"] = "incident.voided.v1"


EVENTS: tuple[type[Event], ...] = (
    IncidentReported, IncidentReclassified, IncidentResponded, IncidentResolved, IncidentVoided,
)  # fmt: skip
