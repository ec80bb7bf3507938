"""Made-up work of commune police, as events with their facts before and after; seeded, and does no I/O."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from shared.contracts.awards import (
    AwardChange,
    AwardConferred,
    AwardFacts,
    AwardIssuer,
    AwardKind,
    AwardRecipient,
    AwardRevoked,
)
from shared.contracts.base import Event, Facts
from shared.contracts.incidents import (
    IncidentChange,
    IncidentFacts,
    IncidentKind,
    IncidentReclassified,
    IncidentReported,
    IncidentVoided,
)
from shared.contracts.patrols import (
    PatrolChange,
    PatrolCompleted,
    PatrolCorrected,
    PatrolFacts,
    PatrolKind,
    PatrolStarted,
    PatrolVoided,
)
from shared.contracts.tips import (
    TipCategory,
    TipChange,
    TipChannel,
    TipFacts,
    TipMerged,
    TipMergedChange,
    TipReceived,
    TipRelocated,
    TipSource,
    TipStream,
    TipUnmerged,
    TipValue,
    TipValueAssessed,
    TipVerificationStarted,
    TipVerified,
)
from shared.contracts.topics import FACT_TOPICS
from tests.support.made_up import Lives, by_kind

LATE_RATIO: Final = 0.3
LATEST_DAYS: Final = 60
NEW_RATIO: Final = 0.55
OTHERS_RATIO: Final = 0.1  # of events about kinds that have no story of their own here
OTHERS: Final = 50  # aggregates of each of these kinds
GROUPS: Final = ("group-1", "group-2", "group-3")
KEPT_ALIVE: Final = 400  # aggregates that may still change; older ones rest, as cases do


@dataclass(frozen=True, slots=True)
class Living:
    """An aggregate that may still change. `facts` is what counts of it now, `set_aside` what a merge took away."""

    kind: str
    unit: str
    subject: str
    facts: Any
    set_aside: Any = None


def moment(rng: Random, now: datetime) -> datetime:
    """When something happened: within the last hour, or, of three in ten, up to sixty days ago."""
    if rng.random() < LATE_RATIO:
        return now - timedelta(seconds=rng.uniform(86_400, LATEST_DAYS * 86_400))
    return now - timedelta(seconds=rng.uniform(0, 3_600))


@dataclass(frozen=True, slots=True)
class Chance:
    """What stories are drawn from: luck, the units they happen in, and when facts happen, seen from now."""

    rng: Random
    units: Sequence[str]
    moment: Callable[[Random, datetime], datetime] = moment

    def when(self, now: datetime) -> datetime:
        return self.moment(self.rng, now)


class Stories:
    """The work of some units: new aggregates, and what becomes of them."""

    def __init__(self, chance: Chance, *, name: str) -> None:
        self._chance = chance
        self._rng = chance.rng
        self._name = name
        self._count = 0
        self._living: list[Living] = []
        self._now = datetime.min
        self._others = [
            Lives(self._rng, types, chance.units, GROUPS, lambda _: chance.when(self._now), f"{kind}-{name}", OTHERS)
            for topic in FACT_TOPICS
            for kind, types in by_kind(topic.events).items()
            if kind not in _BEGINNINGS
        ]

    def next(self, now: datetime) -> list[Event]:
        """What happens next: one event, or two that belong together."""
        if self._rng.random() < OTHERS_RATIO:
            self._now = now
            return self._rng.choice(self._others).next()
        if not self._living or self._rng.random() < NEW_RATIO:
            return [self._begin(now)]
        at = self._rng.randrange(len(self._living))
        living = self._living[at]
        events, then = _CHANGES[living.kind](self._chance, living, now)
        if then is None:
            self._living[at] = self._living[-1]
            self._living.pop()
        else:
            self._living[at] = then
        return events

    def _begin(self, now: datetime) -> Event:
        self._count += 1
        kind = self._rng.choices(("patrol", "tip", "incident", "award"), (60, 25, 12, 3))[0]
        unit, subject = self._rng.choice(self._chance.units), f"{kind}-{self._name}-{self._count}"
        event, facts = _BEGINNINGS[kind](self._rng, unit, subject, self._chance.when(now))
        if len(self._living) >= KEPT_ALIVE:
            self._living.pop(self._rng.randrange(KEPT_ALIVE))
        self._living.append(Living(kind, unit, subject, facts))
        return event


# -- How each kind begins: its first event and the facts that it leaves

Beginning = Callable[[Random, str, str, datetime], tuple[Event, Facts]]


def _patrol(rng: Random, unit: str, subject: str, at: datetime) -> tuple[Event, Facts]:
    started = rng.random() < 0.3
    facts = PatrolFacts(
        kind=rng.choice(list(PatrolKind)),
        teams=1,
        participants=rng.randint(2, 9),
        started_at=at - timedelta(minutes=rng.randint(1, 200)),
        completed_at=None if started else at,
    )
    event = PatrolStarted if started else PatrolCompleted
    return event(time=at, subject=subject, partitionkey=unit, data=PatrolChange(was=None, is_=facts)), facts


def _tip(rng: Random, unit: str, subject: str, at: datetime) -> tuple[Event, Facts]:
    facts = TipFacts(
        stream=rng.choice(list(TipStream)),
        source=TipSource.FORCE_MEMBER,
        channel=TipChannel.FORCE,
        category=rng.choice(list(TipCategory)),
        received_at=at,
    )
    return TipReceived(time=at, subject=subject, partitionkey=unit, data=TipChange(was=None, is_=facts)), facts


def _incident(rng: Random, unit: str, subject: str, at: datetime) -> tuple[Event, Facts]:
    facts = IncidentFacts(
        kind=rng.choice(list(IncidentKind)), category="noise", occurred_at=at, responded_at=at, resolved_at=at,
        force_helped=rng.random() < 0.5,
    )  # fmt: skip
    change = IncidentChange(was=None, is_=facts)
    return IncidentReported(time=at, subject=subject, partitionkey=unit, data=change), facts


def _award(rng: Random, unit: str, subject: str, at: datetime) -> tuple[Event, Facts]:
    facts = AwardFacts(
        kind=rng.choice(list(AwardKind)),
        issuer=rng.choice(list(AwardIssuer)),
        recipient=rng.choice(list(AwardRecipient)),
        conferred_at=at,
    )
    return AwardConferred(time=at, subject=subject, partitionkey=unit, data=AwardChange(was=None, is_=facts)), facts


_BEGINNINGS: Final[dict[str, Beginning]] = {"patrol": _patrol, "tip": _tip, "incident": _incident, "award": _award}

# -- What may become of each kind: events, and what lives on

Fate = tuple[list[Event], Living | None]
Becoming = Callable[[Chance, Living, datetime], Fate]


def _change_patrol(chance: Chance, living: Living, now: datetime) -> Fate:
    rng, was, common = chance.rng, living.facts, _common(living, now)
    if was.completed_at is None:
        at = was.started_at + timedelta(minutes=rng.randint(1, 300))
        facts = was.model_copy(update={"completed_at": at})
        return [PatrolCompleted(**common, data=PatrolChange(was=was, is_=facts))], replace(living, facts=facts)
    if rng.random() < 0.1:
        return [PatrolVoided(**common, data=PatrolChange(was=was, is_=None))], None
    facts = was.model_copy(update={"participants": rng.randint(2, 9), "completed_at": chance.when(now)})
    return [PatrolCorrected(**common, data=PatrolChange(was=was, is_=facts))], replace(living, facts=facts)


def _change_tip(chance: Chance, living: Living, now: datetime) -> Fate:
    was, common = living.facts, _common(living, now)
    if was is None:
        merged = TipMergedChange(was=None, is_=living.set_aside, merged_into="tip-other")
        return [TipUnmerged(**common, data=merged)], replace(living, facts=living.set_aside, set_aside=None)
    dice = chance.rng.random()
    if dice < 0.2:
        merged = TipMergedChange(was=was, is_=None, merged_into="tip-other")
        return [TipMerged(**common, data=merged)], replace(living, facts=None, set_aside=was)
    if dice < 0.4 and len(chance.units) > 1:
        return _relocate_tip(chance, living, now)
    event, facts = _advance_tip(chance.rng, was, now)
    return [event(**common, data=TipChange(was=was, is_=facts))], replace(living, facts=facts)


def _relocate_tip(chance: Chance, living: Living, now: datetime) -> Fate:
    there = replace(living, unit=chance.rng.choice([unit for unit in chance.units if unit != living.unit]))
    left = TipRelocated(**_common(living, now), data=TipChange(was=living.facts, is_=None))
    came = TipRelocated(**_common(there, now), causationid=left.id, data=TipChange(was=None, is_=living.facts))
    return [left, came], there


def _advance_tip(rng: Random, was: TipFacts, now: datetime) -> tuple[type[Event], TipFacts]:
    if was.verification_started_at is None:
        return TipVerificationStarted, was.model_copy(update={"verification_started_at": now})
    if was.verified_at is None:
        return TipVerified, was.model_copy(update={"verified_at": now})
    return TipValueAssessed, was.model_copy(update={"value": rng.choice(list(TipValue)), "value_assessed_at": now})


def _change_incident(chance: Chance, living: Living, now: datetime) -> Fate:
    rng, was, common = chance.rng, living.facts, _common(living, now)
    if rng.random() < 0.3:
        return [IncidentVoided(**common, data=IncidentChange(was=was, is_=None))], None
    facts = was.model_copy(update={"kind": rng.choice(list(IncidentKind)), "occurred_at": chance.when(now)})
    return [IncidentReclassified(**common, data=IncidentChange(was=was, is_=facts))], replace(living, facts=facts)


def _revoke_award(_: Chance, living: Living, now: datetime) -> Fate:
    return [AwardRevoked(**_common(living, now), data=AwardChange(was=living.facts, is_=None))], None


_CHANGES: Final[dict[str, Becoming]] = {
    "patrol": _change_patrol, "tip": _change_tip, "incident": _change_incident, "award": _revoke_award,
}  # fmt: skip


def _common(living: Living, now: datetime) -> dict[str, Any]:
    return {"time": now, "subject": living.subject, "partitionkey": living.unit}
