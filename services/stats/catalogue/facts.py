"""What the fold reads of each kind of aggregate; tolerates fields and values that came later.

The structs repeat what figures need of the contracts' facts, because they decode ten times faster than the contracts'
own models; a test decodes every contract's example with both.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Generic, TypeAlias, TypeVar

import msgspec

from shared.contracts import awards, incidents, patrols, tips
from shared.contracts import base as contract
from shared.contracts.topics import AWARDS, INCIDENTS, PATROLS, TIPS, Topic

Instant: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
HowMany: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]


class Facts(msgspec.Struct, gc=False):
    """The counted facts of one aggregate."""


class Tip(Facts, tag_field="stream"):
    received_at: Instant
    residential_group: str | None = None
    verification_started_at: Instant | None = None
    verified_at: Instant | None = None
    refuted_at: Instant | None = None
    value: str = "unassessed"


class SecurityInformation(Tip, tag="security_information"):
    pass


class CrimeReport(Tip, tag="crime_report"):
    found_inconclusive_at: Instant | None = None
    transferred_at: Instant | None = None
    resolved_at: Instant | None = None
    suspended_at: Instant | None = None
    closed_at: Instant | None = None
    decision_due_at: Instant | None = None


class AdvisoryDocument(Facts):
    addressee: str
    issued_at: Instant


class Team(Facts):
    established_at: Instant
    dissolved_at: Instant | None = None
    residential_groups: tuple[str, ...] = ()


class Member(Facts):
    enrolled_at: Instant
    left_at: Instant | None = None


class Patrol(Facts):
    kind: str
    participants: HowMany
    residential_group: str | None = None
    started_at: Instant | None = None
    completed_at: Instant | None = None
    cancelled_at: Instant | None = None
    planned_start_at: Instant | None = None
    planned_end_at: Instant | None = None


class OutreachSession(Facts):
    held_at: Instant
    attendance: HowMany


class Incident(Facts):
    kind: str
    occurred_at: Instant
    residential_group: str | None = None
    responded_at: Instant | None = None
    resolved_at: Instant | None = None
    force_helped: bool = False


class Award(Facts):
    kind: str
    issuer: str
    recipient: str
    conferred_at: Instant | None = None


class Campaign(Facts):
    launched_at: Instant


class Exemplar(Facts):
    organisation: str
    honoured_at: Instant


class CommunityModel(Facts):
    launched_at: Instant
    nature: str = "model"
    recognised_at: Instant | None = None
    replicated_at: Instant | None = None
    discontinued_at: Instant | None = None


F = TypeVar("F", bound=Facts)


class Change(msgspec.Struct, Generic[F], gc=False, rename={"is_": "is"}):
    """An aggregate before and after; both sides are always there, if only as null."""

    was: F | None
    is_: F | None


def _nowhere(_: Facts) -> str | None:
    return None


@dataclass(frozen=True, eq=False)
class FactKind(Generic[F]):
    """One kind of aggregate.

    `prefix` begins its event types; `contract` is the public form of its facts; `day` is the instant whose local day
    decides which map the unit belongs to; `group` is the residential group, where the facts know it.
    """

    prefix: str
    topic: Topic
    facts: type[F]
    contract: type[contract.Facts]
    day: Callable[[F], datetime | None]
    group: Callable[[F], str | None] = _nowhere


# Two streams of tips and two types of facts: no metric can count both.
SECURITY_INFORMATION: Final = FactKind(
    "tip", TIPS, SecurityInformation, tips.TipFacts, lambda t: t.received_at, lambda t: t.residential_group
)
CRIME_REPORT: Final = FactKind(
    "tip", TIPS, CrimeReport, tips.TipFacts, lambda t: t.received_at, lambda t: t.residential_group
)
ADVISORY_DOCUMENT: Final = FactKind(
    "advisory_document", TIPS, AdvisoryDocument, tips.AdvisoryDocumentFacts, lambda d: d.issued_at
)
TEAM: Final = FactKind(
    "team",
    PATROLS,
    Team,
    patrols.TeamFacts,
    lambda t: t.established_at,
    lambda t: next(iter(t.residential_groups), None),
)
MEMBER: Final = FactKind("member", PATROLS, Member, patrols.MemberFacts, lambda m: m.enrolled_at)
PATROL: Final = FactKind(
    "patrol",
    PATROLS,
    Patrol,
    patrols.PatrolFacts,
    lambda p: p.started_at or p.completed_at or p.planned_start_at or p.planned_end_at,
    lambda p: p.residential_group,
)
OUTREACH_SESSION: Final = FactKind(
    "outreach_session", PATROLS, OutreachSession, patrols.OutreachSessionFacts, lambda s: s.held_at
)
INCIDENT: Final = FactKind(
    "incident", INCIDENTS, Incident, incidents.IncidentFacts, lambda i: i.occurred_at, lambda i: i.residential_group
)
AWARD: Final = FactKind("award", AWARDS, Award, awards.AwardFacts, lambda a: a.conferred_at)
CAMPAIGN: Final = FactKind("campaign", AWARDS, Campaign, awards.CampaignFacts, lambda c: c.launched_at)
EXEMPLAR: Final = FactKind("exemplar", AWARDS, Exemplar, awards.ExemplarFacts, lambda e: e.honoured_at)
COMMUNITY_MODEL: Final = FactKind(
    "community_model", AWARDS, CommunityModel, awards.CommunityModelFacts, lambda m: m.launched_at
)
