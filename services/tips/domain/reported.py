"""What is kept of a tip, what figures need of it, and how its events are made; owns no step of its life."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, ClassVar, NotRequired, Self, TypedDict, TypeVar

from services.tips.domain.clocks import Clock, ClockName, rule_of
from services.tips.domain.states import CRIME_REPORT, SECURITY_INFORMATION, TRANSITIONS, TipStatus
from shared.aggregate import Aggregate, in_order
from shared.clock import floored
from shared.contracts.base import Event
from shared.contracts.tips import (
    TipCategory,
    TipChange,
    TipChannel,
    TipFacts,
    TipSource,
    TipStream,
    TipValue,
)
from shared.errors import TransitionNotAllowed
from shared.ids import anonymous_id

E = TypeVar("E", bound=Event)


class Authority(StrEnum):
    """Whom the commune police hand a tip over to, where it is not another commune."""

    INVESTIGATING_BODY = "investigating_body"
    CITY_POLICE = "city_police"
    INSPECTORATE = "inspectorate"
    OTHER = "other"


class TipFix(TypedDict, total=False):
    """What of a tip can turn out to be otherwise; what is left out stays as it is."""

    stream: TipStream
    channel: TipChannel
    category: TipCategory
    residential_group: str | None
    received_at: datetime
    urgent: bool


class Report(TypedDict):
    """What is known of a tip as it came in; neither its text nor who tells it is in here."""

    stream: TipStream
    source: TipSource
    channel: TipChannel
    category: TipCategory
    residential_group: str | None
    happened_at: datetime | None
    urgent: NotRequired[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedTip(Aggregate):
    """One report to the police, as it stands.

    Units: `time_step_s` is how coarsely the times of this tip are kept and told; 0 means exactly.
    """

    NOUN: ClassVar = "tip"
    TRANSITIONS: ClassVar = {
        status: CRIME_REPORT.get(status, frozenset()) | SECURITY_INFORMATION.get(status, frozenset())
        for status in TipStatus
    }
    CHANGE: ClassVar = TipChange

    status: TipStatus
    stream: TipStream
    source: TipSource
    channel: TipChannel
    category: TipCategory
    residential_group: str | None
    happened_at: datetime | None
    urgent: bool = False
    received_at: datetime
    registered_at: datetime | None = None
    verification_started_at: datetime | None = None
    verified_at: datetime | None = None
    refuted_at: datetime | None = None
    found_inconclusive_at: datetime | None = None
    transferred_at: datetime | None = None
    resolved_at: datetime | None = None
    suspended_at: datetime | None = None
    closed_at: datetime | None = None
    value: TipValue = TipValue.UNASSESSED
    value_assessed_at: datetime | None = None
    # Kept, not worked out anew: what was told as `is` must come back as the very same `was`, whatever the rules are by
    # then.
    decision_due_at: datetime | None = None
    extensions: int = 0
    resumed_at: datetime | None = None
    clocks: tuple[Clock, ...] = ()
    assigned_to: str | None = None
    authority: Authority | None = None
    merged_into: str | None = None
    repeated: int = 0
    voided_at: datetime | None = None
    held: bool = False
    erased_at: datetime | None = None
    time_step_s: int

    @property
    def occurred_at(self) -> datetime:
        return self.received_at

    @property
    def counts(self) -> bool:
        """Whether it is part of any figure: neither voided nor merged into another."""
        return self.status is not TipStatus.VOIDED and self.merged_into is None

    def facts(self) -> TipFacts | None:
        """What figures need of it; nothing while it does not count."""
        if not self.counts:
            return None
        return TipFacts(
            stream=self.stream,
            source=self.source,
            channel=self.channel,
            category=self.category,
            residential_group=self.residential_group,
            received_at=self.received_at,
            registered_at=self.registered_at,
            verification_started_at=self.verification_started_at,
            verified_at=self.verified_at,
            refuted_at=self.refuted_at,
            found_inconclusive_at=self.found_inconclusive_at,
            transferred_at=self.transferred_at,
            resolved_at=self.resolved_at,
            suspended_at=self.suspended_at,
            closed_at=self.closed_at,
            value=self.value,
            value_assessed_at=self.value_assessed_at,
            decision_due_at=self.decision_due_at,
        )

    def tell(
        self,
        event: Callable[..., E],
        *,
        was: "ReportedTip | None",
        at: datetime,
        change: type[TipChange] = TipChange,
        **told: Any,
    ) -> E:
        """The event of the step from `was` (None: from nothing) to this version; `told` is what it says beside."""
        data = change(was=was.facts() if was else None, is_=self.facts(), **told)
        return self._discreet(event)(time=self._coarse(at), subject=self.id, partitionkey=self.unit, data=data)

    def _become(self, status: Any, **changes: Any) -> Self:
        self._require_apart()
        if status not in TRANSITIONS[self.stream].get(self.status, frozenset()):
            raise TransitionNotAllowed(
                f"A {_words(self.stream)} that is {_words(self.status)} cannot become {_words(status)}."
            )
        return Aggregate._become(self, status, **changes)

    def _alter(self, **changes: Any) -> Self:
        self._require_apart()
        return Aggregate._alter(self, **changes)

    def _require_apart(self) -> None:
        if self.merged_into is not None:
            raise TransitionNotAllowed("A tip that is merged into another cannot be changed; unmerge it first.")

    def _check_order(self) -> None:
        in_order(
            received_at=self.received_at,
            registered_at=self.registered_at,
            verification_started_at=self.verification_started_at,
            verified_at=self.verified_at,
            refuted_at=self.refuted_at,
            found_inconclusive_at=self.found_inconclusive_at,
            transferred_at=self.transferred_at,
            resolved_at=self.resolved_at,
            closed_at=self.closed_at,
        )
        in_order(verification_started_at=self.verification_started_at, suspended_at=self.suspended_at)
        in_order(received_at=self.received_at, value_assessed_at=self.value_assessed_at)

    def _discreet(self, event: Callable[..., E]) -> "partial[E]":
        # An id made from the time would tell what the times do not.
        return partial(event, id=anonymous_id(), recorded_step_s=self.time_step_s)

    def _coarse(self, value: Any) -> Any:
        return floored(value, self.time_step_s) if isinstance(value, datetime) else value


def decision_due_at(
    stream: TipStream, received_at: datetime, *, extensions: int = 0, resumed_at: datetime | None = None
) -> datetime | None:
    """By when the law wants it decided; None for security information and before the law was in force."""
    if stream is not TipStream.CRIME_REPORT:
        return None
    if resumed_at is not None:
        return resumed_due_at(resumed_at)
    rule = rule_of(ClockName.DECISION, received_at)
    return rule.due_at(received_at, extensions=extensions) if rule else None


def resumed_due_at(resumed_at: datetime) -> datetime | None:
    """By when the law wants it decided once work has begun again, by the rule of that day."""
    rule = rule_of(ClockName.DECISION, resumed_at)
    return rule.due_after_pause(resumed_at) if rule else None


def _words(code: str) -> str:
    return code.replace("_", " ")
