"""The steps of a tip's life, from report to closed case; must not do I/O. Its clocks are kept in `timekeeping`."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, Self, Unpack

from services.tips.domain.clocks import ClockName, ClockState, rule_of
from services.tips.domain.reported import Authority, Report, ReportedTip, TipFix, decision_due_at, resumed_due_at
from services.tips.domain.states import OPEN, TRANSITIONS, UNDECIDED, TipStatus
from shared.aggregate import in_order
from shared.clock import floored
from shared.contracts.tips import (
    TipAssigned,
    TipChange,
    TipClosed,
    TipCorrected,
    TipDeadlineChange,
    TipDeadlineExtended,
    TipDeadlineResumed,
    TipEvent,
    TipFoundInconclusive,
    TipMerged,
    TipMergedChange,
    TipReceived,
    TipRefuted,
    TipRegistered,
    TipRelocated,
    TipReopened,
    TipResolved,
    TipSource,
    TipStream,
    TipSuspended,
    TipTransferred,
    TipUnmerged,
    TipValue,
    TipValueAssessed,
    TipVerificationStarted,
    TipVerified,
    TipVoided,
)
from shared.errors import InvalidInput, TransitionNotAllowed
from shared.ids import anonymous_id

Events = tuple[TipEvent, ...]
_NO_FINDING: Final = {"verified_at": None, "refuted_at": None, "found_inconclusive_at": None}
_AT_WORK: Final = {**_NO_FINDING, "transferred_at": None, "resolved_at": None, "suspended_at": None, "closed_at": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip(ReportedTip):
    """One report to the police. Steps raise TransitionNotAllowed, and InvalidInput for a time out of order."""

    @classmethod
    def submit(
        cls, *, id: str, unit: str, received_at: datetime, anonymous_step_s: int, **report: Unpack[Report]
    ) -> tuple[Self, Events]:
        """A report that came in. If nobody stands behind it by name, all its times are floored from here on."""
        step_s = anonymous_step_s if report["source"] is TipSource.CITIZEN_ANONYMOUS else 0
        tip = cls(id=id, unit=unit, status=TipStatus.RECEIVED, received_at=received_at, time_step_s=step_s, **report)
        told_at = tip._coarse(received_at)
        tip = replace(tip, received_at=told_at, decision_due_at=decision_due_at(tip.stream, told_at))
        return tip, (tip.tell(TipReceived, was=None, at=received_at),)

    # -- the check

    def register(self, *, at: datetime) -> tuple[Self, Events]:
        """Enter it in the register."""
        return self._step(TipRegistered, TipStatus.REGISTERED, at, registered_at=at)

    def start_verification(self, *, at: datetime) -> tuple[Self, Events]:
        """Begin to check what it says."""
        self._require(self.status is TipStatus.REGISTERED, "Its check can begin once it is registered.")
        return self._step(TipVerificationStarted, TipStatus.VERIFYING, at, verification_started_at=at)

    def verify(self, *, at: datetime) -> tuple[Self, Events]:
        """Find that it holds, whatever was found before."""
        return self._step(TipVerified, TipStatus.VERIFIED, at, **{**_NO_FINDING, "verified_at": at})

    def refute(self, *, at: datetime) -> tuple[Self, Events]:
        """Find that it does not hold, whatever was found before."""
        return self._step(TipRefuted, TipStatus.REFUTED, at, **{**_NO_FINDING, "refuted_at": at})

    def find_inconclusive(self, *, at: datetime) -> tuple[Self, Events]:
        """Find that nobody can tell, whatever was found before."""
        found = {**_NO_FINDING, "found_inconclusive_at": at}
        return self._step(TipFoundInconclusive, TipStatus.INCONCLUSIVE, at, **found)

    def assess(self, value: TipValue, *, at: datetime) -> tuple[Self, Events]:
        """Judge its value, or take the judgement back. Raises: TransitionNotAllowed if it is judged so or voided."""
        if value is self.value:
            raise TransitionNotAllowed(f"The value of this tip is {value.replace('_', ' ')} already.")
        assessed_at = None if value is TipValue.UNASSESSED else self._coarse(at)
        judged = self._alter(value=value, value_assessed_at=assessed_at)
        in_order(received_at=self.received_at, value_assessed_at=assessed_at)
        return judged, (judged.tell(TipValueAssessed, was=self, at=at),)

    def assign(self, officer: str, *, at: datetime) -> tuple[Self, Events]:
        """Give it to an officer; the event does not say to whom. Raises: TransitionNotAllowed if nothing is left."""
        self._require(self.status in OPEN, "There is nothing left to do on this tip.")
        self._require(officer != self.assigned_to, "This officer has the tip already.")
        given = self._alter(assigned_to=officer)
        return given, (given.tell(TipAssigned, was=self, at=at),)

    # -- what becomes of it

    def transfer(self, authority: Authority, *, at: datetime) -> tuple[Self, Events]:
        """Hand it over to the authority that is competent for it."""
        after, events = self._step(TipTransferred, TipStatus.TRANSFERRED, at, transferred_at=at)
        return replace(after, authority=authority), events

    def transfer_to(self, unit: str, *, at: datetime) -> tuple[Self, Events]:
        """Hand it over to the police of another commune, where work goes on and where it counts from then on."""
        self._require(self.status in UNDECIDED, "It can be handed to another commune as long as nothing was found.")
        return self._move(TipTransferred, unit, residential_group=None, at=at)

    def resolve(self, *, at: datetime) -> tuple[Self, Events]:
        """Settle the matter within the commune."""
        return self._step(TipResolved, TipStatus.RESOLVED, at, resolved_at=at)

    def close(self, *, at: datetime) -> tuple[Self, Events]:
        """Put the case away."""
        return self._step(TipClosed, TipStatus.CLOSED, at, closed_at=at)

    def reopen(self, *, at: datetime) -> tuple[Self, Events]:
        """Work on it again: what was found and what became of it stands no longer."""
        ended_at = self.closed_at or self.resolved_at or self.transferred_at
        self._require(ended_at is not None, "Only what has left the unit's hands can be reopened.")
        in_order(ended_at=ended_at, reopened_at=self._coarse(at))
        again = self._work_again(at)
        return again, (again.tell(TipReopened, was=self, at=at),)

    # -- its statutory time

    def extend(self, *, at: datetime) -> tuple[Self, Events]:
        """Give the decision more time, as often as the law allows. The grant must lie before the time ran out."""
        rule = rule_of(ClockName.DECISION, self.received_at)
        if rule is None or self.decision_due_at is None:
            raise TransitionNotAllowed("No statutory time runs for this tip.")
        self._require(self.status in UNDECIDED, "Its time no longer runs.")
        self._require(self.resumed_at is None, "The law gives resumed work no more time.")
        self._require(self.extensions + 1 < len(rule.stages), "The law allows no further extension.")
        in_order(received_at=self.received_at, extended_at=self._coarse(at))
        self._require(at < self.decision_due_at, "Its time had run out by then.")
        count = self.extensions + 1
        longer = self._alter(extensions=count, decision_due_at=rule.due_at(self.received_at, extensions=count))
        return longer, (longer._tell_deadline(TipDeadlineExtended, was=self, at=at),)

    def suspend(self, *, at: datetime) -> tuple[Self, Events]:
        """Stop its statutory time, as art. 148 of the Criminal Procedure Code allows."""
        return self._step(TipSuspended, TipStatus.SUSPENDED, at, suspended_at=at)

    def resume(self, *, at: datetime) -> tuple[Self, Events]:
        """Work on a suspended report again, with the time that the law gives for that."""
        self._require(self.status is TipStatus.SUSPENDED, "Only a suspended report can be resumed.")
        in_order(suspended_at=self.suspended_at, resumed_at=self._coarse(at))
        self._require(resumed_due_at(at) is not None, "No law in force on that day lets work be resumed.")
        again = self._work_again(at)
        return again, (again._tell_deadline(TipDeadlineResumed, was=self, at=at),)

    # -- mistakes and doubles

    def correct(self, *, at: datetime, **fix: Unpack[TipFix]) -> tuple[Self, Events]:
        """Put wrongly entered facts right. Raises: TransitionNotAllowed once voided."""
        right = self._alter(**{name: self._coarse(value) for name, value in fix.items()})
        self._require(self.status in TRANSITIONS[right.stream], "Security information cannot be suspended.")
        if fix.keys() & {"stream", "received_at"}:
            due_at = decision_due_at(
                right.stream, right.received_at, extensions=right.extensions, resumed_at=right.resumed_at
            )
            right = replace(right, decision_due_at=due_at)
        right._check_order()
        return right, (right.tell(TipCorrected, was=self, at=at),)

    def void(self, *, at: datetime) -> tuple[Self, Events]:
        """Take back what was entered in error."""
        voided = self._become(TipStatus.VOIDED, voided_at=self._coarse(at))
        return voided, (voided.tell(TipVoided, was=self, at=at),)

    def relocate(self, unit: str, *, residential_group: str | None, at: datetime) -> tuple[Self, Events]:
        """Correct its unit. Raises: InvalidInput if it lies there already."""
        return self._move(TipRelocated, unit, residential_group=residential_group, at=at)

    def merge(self, other: "Tip", *, at: datetime) -> tuple[Self, Events]:
        """Take it for the same report as the other, which stands for both until the merge is taken back.

        The earlier report stands for the later one, so that no merge gives a report more time than the law does.
        """
        for wrong, reason in (
            (other.id == self.id, "is this very tip"),
            (other.stream is not self.stream, "belongs to the other stream"),
            (other.merged_into is not None, "is merged into another tip itself"),
            (other.status is TipStatus.VOIDED, "is voided"),
            (other.erased_at is not None, "is a tip of which nothing sealed is left"),
            (self.is_before(other), "came in later: merge that one into this"),
            (self._was_late and not other._was_late, "was not late as this one is, and would hide it"),
        ):
            if wrong:
                raise InvalidInput.of("into", reason)
        self._require(not self.held, "This tip is held: only what nobody has to keep can be merged into another.")
        merged = self._alter(merged_into=other.id)
        told = merged.tell(TipMerged, was=self, at=at, change=TipMergedChange, merged_into=other.id)
        return merged, (told,)

    def accompany(self, unit: str) -> Self:
        """Lie where the tip lies by now that stands for it: no figure has it, so no event tells."""
        return replace(self, unit=unit, residential_group=None, assigned_to=None, version=self.version + 1)

    def unmerge(self, *, at: datetime) -> tuple[Self, Events]:
        """Let it stand on its own again, as it stood before the merge."""
        if (former := self.merged_into) is None:
            raise TransitionNotAllowed("This tip is not merged into another.")
        apart = replace(self, merged_into=None, version=self.version + 1)
        return apart, (apart.tell(TipUnmerged, was=self, at=at, change=TipMergedChange, merged_into=former),)

    def repeat(self, times: int) -> Self:
        """Count the reports that it stands for beside itself: one more (1), or one less (-1); no figure counts them."""
        return replace(self, repeated=self.repeated + times, version=self.version + 1)

    # -- how long it is kept; figures are told nothing of it, because nothing of them changes

    def hold(self) -> tuple[Self, Events]:
        """Keep what is sealed of it whatever the rules say, for a court or an inspection."""
        self._require(self.erased_at is None, "What was sealed of this tip is destroyed already.")
        return replace(self, held=True, version=self.version + 1), ()

    def release(self) -> tuple[Self, Events]:
        """Let the rules decide again how long it is kept."""
        if not self.held:
            raise TransitionNotAllowed("This tip is not held.")
        return replace(self, held=False, version=self.version + 1), ()

    def erase(self, *, at: datetime) -> tuple[Self, Events]:
        """Note that what was sealed of it is destroyed; what is counted of it stays."""
        return replace(self, version=self.version + 1, erased_at=self._coarse(at), assigned_to=None), ()

    # -- how

    @property
    def _was_late(self) -> bool:
        """Whether the time for its decision ran out before it was decided."""
        late = (ClockState.MISSED, ClockState.LATE)
        return any(clock.name is ClockName.DECISION and clock.state in late for clock in self.clocks)

    def is_before(self, other: "Tip") -> bool:
        """Whether it came in before the other, as far as the coarser times of the two tell."""
        step_s = max(self.time_step_s, other.time_step_s)
        return floored(self.received_at, step_s) < floored(other.received_at, step_s)

    def _step(
        self, event: type[TipEvent], status: TipStatus, at: datetime, **times: datetime | None
    ) -> tuple[Self, Events]:
        after = self._become(status, **{name: self._coarse(time) for name, time in times.items()})
        after._check_order()
        return after, (after.tell(event, was=self, at=at),)

    def _move(
        self, event: type[TipEvent], unit: str, *, residential_group: str | None, at: datetime
    ) -> tuple[Self, Events]:
        """One event where it leaves and one where it comes to, of one cause; who had it there has it no more."""
        moved = replace(self._alter(residential_group=residential_group, assigned_to=None), unit=unit)
        if unit == self.unit:
            raise InvalidInput.of("unit", "is the unit in which the tip lies already")
        told = partial(event, time=self._coarse(at), subject=self.id, causationid=anonymous_id())
        left = self._discreet(told)(partitionkey=self.unit, data=TipChange(was=self.facts(), is_=None))
        came = self._discreet(told)(partitionkey=unit, data=TipChange(was=None, is_=moved.facts()))
        return moved, (left, came)

    def _work_again(self, at: datetime) -> Self:
        moment = self._coarse(at)
        resumed = {"resumed_at": moment, "decision_due_at": resumed_due_at(moment)}
        started_at = self.verification_started_at or moment
        return self._become(
            TipStatus.VERIFYING,
            **_AT_WORK,
            **(resumed if self.stream is TipStream.CRIME_REPORT else {}),
            authority=None,
            verification_started_at=started_at,
        )

    def _tell_deadline(self, event: type[TipEvent], *, was: ReportedTip, at: datetime) -> TipEvent:
        clock, due_at = ClockName.DECISION.value, self.decision_due_at
        return self.tell(event, was=was, at=at, change=TipDeadlineChange, clock=clock, due_at=due_at)

    def _require(self, holds: bool, otherwise: str) -> None:
        self._require_apart()
        if not holds:
            raise TransitionNotAllowed(otherwise)
