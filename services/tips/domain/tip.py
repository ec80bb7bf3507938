"""The life of a tip: received, registered, verifying, verified or refuted, voided; must not do I/O."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, ClassVar, Final, Self, TypedDict, TypeVar, Unpack

from services.tips.domain.deadlines import decision_due_at
from shared.aggregate import Aggregate, in_order
from shared.clock import floored
from shared.contracts.base import Event
from shared.contracts.tips import (
    TipCategory,
    TipChange,
    TipChannel,
    TipCorrected,
    TipEvent,
    TipFacts,
    TipReceived,
    TipRefuted,
    TipRegistered,
    TipRelocated,
    TipSource,
    TipStream,
    TipValue,
    TipValueAssessed,
    TipVerificationStarted,
    TipVerified,
    TipVoided,
)
from shared.errors import InvalidInput, TransitionNotAllowed
from shared.ids import anonymous_id

E = TypeVar("E", bound=Event)


class TipStatus(StrEnum):
    """How far a tip is dealt with; its value is judged independently."""

    RECEIVED = "received"
    REGISTERED = "registered"
    VERIFYING = "verifying"
    VERIFIED = "verified"
    REFUTED = "refuted"
    VOIDED = "voided"


TRANSITIONS: Final[Mapping[TipStatus, frozenset[TipStatus]]] = {
    TipStatus.RECEIVED: frozenset({TipStatus.REGISTERED, TipStatus.VOIDED}),
    TipStatus.REGISTERED: frozenset({TipStatus.VERIFYING, TipStatus.VOIDED}),
    TipStatus.VERIFYING: frozenset({TipStatus.VERIFIED, TipStatus.REFUTED, TipStatus.VOIDED}),
    # A finding may turn out wrong; the new one replaces it, in the figures too.
    TipStatus.VERIFIED: frozenset({TipStatus.REFUTED, TipStatus.VOIDED}),
    TipStatus.REFUTED: frozenset({TipStatus.VERIFIED, TipStatus.VOIDED}),
    TipStatus.VOIDED: frozenset(),
}


class TipFix(TypedDict, total=False):
    """What of a tip can turn out to be otherwise; what is left out stays as it is."""

    stream: TipStream
    channel: TipChannel
    category: TipCategory
    residential_group: str | None
    received_at: datetime


class Report(TypedDict):
    """What a tip tells, as it came in; who tells it is not in here."""

    stream: TipStream
    source: TipSource
    channel: TipChannel
    category: TipCategory
    residential_group: str | None
    text: str
    happened_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip(Aggregate):
    """One report to the police.

    Units: `time_step_s` is how coarsely the times of this tip are kept and told; 0 means exactly.
    """

    NOUN: ClassVar = "tip"
    TRANSITIONS: ClassVar = TRANSITIONS
    CHANGE: ClassVar = TipChange

    status: TipStatus
    stream: TipStream
    source: TipSource
    channel: TipChannel
    category: TipCategory
    residential_group: str | None
    text: str = field(repr=False)
    happened_at: datetime | None
    received_at: datetime
    registered_at: datetime | None = None
    verification_started_at: datetime | None = None
    verified_at: datetime | None = None
    refuted_at: datetime | None = None
    value: TipValue = TipValue.UNASSESSED
    value_assessed_at: datetime | None = None
    # Kept, not worked out anew: what was told as `is` must come back as the very same `was`, whatever the rules are by
    # then. Tips of earlier releases have none until they are corrected.
    decision_due_at: datetime | None = None
    void_reason: str | None = None
    time_step_s: int

    @classmethod
    def submit(
        cls, *, id: str, unit: str, received_at: datetime, anonymous_step_s: int, **report: Unpack[Report]
    ) -> tuple[Self, tuple[TipEvent, ...]]:
        """A report that came in. If nobody stands behind it by name, all its times are floored from here on."""
        step_s = anonymous_step_s if report["source"] is TipSource.CITIZEN_ANONYMOUS else 0
        told_at = floored(received_at, step_s)
        tip = cls(
            id=id,
            unit=unit,
            status=TipStatus.RECEIVED,
            received_at=told_at,
            decision_due_at=_due_at(report["stream"], told_at),
            time_step_s=step_s,
            **report,
        )
        return tip, (tip._tell(TipReceived, was=None, at=received_at),)

    def register(self, *, at: datetime) -> tuple[Self, tuple[TipEvent, ...]]:
        """Enter it in the register. Raises: TransitionNotAllowed; InvalidInput if it lies before what it follows."""
        return self._step(TipRegistered, TipStatus.REGISTERED, at, registered_at=at)

    def start_verification(self, *, at: datetime) -> tuple[Self, tuple[TipEvent, ...]]:
        """Begin to check what it says."""
        return self._step(TipVerificationStarted, TipStatus.VERIFYING, at, verification_started_at=at)

    def verify(self, *, at: datetime) -> tuple[Self, tuple[TipEvent, ...]]:
        """Find that it holds, whatever was found before."""
        return self._step(TipVerified, TipStatus.VERIFIED, at, verified_at=at, refuted_at=None)

    def refute(self, *, at: datetime) -> tuple[Self, tuple[TipEvent, ...]]:
        """Find that it does not hold, whatever was found before."""
        return self._step(TipRefuted, TipStatus.REFUTED, at, refuted_at=at, verified_at=None)

    def assess(self, value: TipValue, *, at: datetime) -> tuple[Self, tuple[TipEvent, ...]]:
        """Judge its value, or take the judgement back. Raises: TransitionNotAllowed if it is judged so or voided."""
        if value is self.value:
            raise TransitionNotAllowed(f"The value of this tip is {value.replace('_', ' ')} already.")
        assessed_at = None if value is TipValue.UNASSESSED else self._coarse(at)
        judged = self._alter(value=value, value_assessed_at=assessed_at)
        in_order(received_at=self.received_at, value_assessed_at=assessed_at)
        return judged, (judged._tell(TipValueAssessed, was=self, at=at),)

    def correct(self, *, at: datetime, **fix: Unpack[TipFix]) -> tuple[Self, tuple[TipEvent, ...]]:
        """Put wrongly entered facts right. Raises: TransitionNotAllowed once voided."""
        right = self._alter(**{name: self._coarse(value) for name, value in fix.items()})
        if fix.keys() & {"stream", "received_at"}:
            right = replace(right, decision_due_at=_due_at(right.stream, right.received_at))
        right._check_order()
        return right, (right._tell(TipCorrected, was=self, at=at),)

    def void(self, *, at: datetime, reason: str) -> tuple[Self, tuple[TipEvent, ...]]:
        """Take back what was entered in error. Raises: TransitionNotAllowed once voided."""
        voided = self._become(TipStatus.VOIDED, void_reason=reason)
        return voided, (voided._tell(TipVoided, was=self, at=at),)

    def relocate(self, unit: str, *, residential_group: str | None, at: datetime) -> tuple[Self, tuple[TipEvent, ...]]:
        """Correct its unit: one event where it leaves and one where it comes to, of one cause.

        Raises: InvalidInput if it lies there already; TransitionNotAllowed once voided.
        """
        moved = replace(self._alter(residential_group=residential_group), unit=unit)
        if unit == self.unit:
            raise InvalidInput.of("unit", "is the unit in which the tip lies already")
        relocated = partial(TipRelocated, time=self._coarse(at), subject=self.id, causationid=anonymous_id())
        left = self._discreet(relocated)(partitionkey=self.unit, data=TipChange(was=self.facts(), is_=None))
        came = self._discreet(relocated)(partitionkey=unit, data=TipChange(was=None, is_=moved.facts()))
        return moved, (left, came)

    @property
    def occurred_at(self) -> datetime:
        return self.received_at

    def facts(self) -> TipFacts | None:
        """What figures need of it; nothing once it is voided."""
        if self.status is TipStatus.VOIDED:
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
            value=self.value,
            value_assessed_at=self.value_assessed_at,
            decision_due_at=self.decision_due_at,
        )

    def _step(
        self, event: type[TipEvent], status: TipStatus, at: datetime, **times: datetime | None
    ) -> tuple[Self, tuple[TipEvent, ...]]:
        after = self._become(status, **{name: self._coarse(time) for name, time in times.items()})
        after._check_order()
        return after, (after._tell(event, was=self, at=at),)

    def _check_order(self) -> None:
        in_order(
            received_at=self.received_at,
            registered_at=self.registered_at,
            verification_started_at=self.verification_started_at,
            verified_at=self.verified_at,
            refuted_at=self.refuted_at,
        )
        in_order(received_at=self.received_at, value_assessed_at=self.value_assessed_at)

    def _tell(self, event: Callable[..., E], *, was: "Aggregate | None", at: datetime) -> E:
        return Aggregate._tell(self, self._discreet(event), was=was, at=self._coarse(at))

    def _discreet(self, event: Callable[..., E]) -> "partial[E]":
        # An id made from the time would tell what the times do not.
        return partial(event, id=anonymous_id(), recorded_step_s=self.time_step_s)

    def _coarse(self, value: Any) -> Any:
        return floored(value, self.time_step_s) if isinstance(value, datetime) else value


def _due_at(stream: TipStream, received_at: datetime) -> datetime | None:
    return decision_due_at(received_at) if stream is TipStream.CRIME_REPORT else None
