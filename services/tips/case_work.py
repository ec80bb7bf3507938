"""What officers do with a tip on request: load, let the domain decide and set the clocks, keep; must not know HTTP."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from services.tips.case_commands import AssessTip, CorrectTip, HoldTip, RelocateTip, TransferTip, VoidTip
from services.tips.cases import Cases
from services.tips.custody.note import Note, Occasion
from services.tips.custody.noting import Noting
from services.tips.domain import Tip
from services.tips.domain.timekeeping import Step, timed
from services.tips.handlers import told_or_now
from shared.clock import floored
from shared.contracts.base import Event
from shared.errors import InvalidInput, TransitionNotAllowed
from shared.places import local_date, places
from shared.placing import require_unit_at
from shared.repository import persistently
from shared.work import Work

StepAt = Callable[..., tuple[Tip, Sequence[Event]]]
"""A step of a tip's life, such as `Tip.verify`; takes the tip and `at`."""


async def take_step(tip_id: str, step: StepAt, at: datetime | None, *, tips: Cases, work: Work) -> Tip:
    """The tip one step on."""
    moment = told_or_now(at, work.clock.now())
    return await _change(tip_id, lambda tip: step(tip, at=moment), tips=tips, work=work)


async def take_noted_step(
    tip_id: str,
    step: StepAt,
    at: datetime | None,
    text: str,
    occasion: Occasion,
    *,
    noting: Noting,
    tips: Cases,
    work: Work,
) -> Tip:
    """The tip one step on, and what the officer notes on it under seal. Raises: Shredded."""
    now = work.clock.now()
    moment = told_or_now(at, now)

    async def take(before: Tip) -> Tip:
        after, events = timed(lambda tip: step(tip, at=moment), now)(before)
        note = _note(after, text, occasion, at=moment, work=work)
        await work.commit(after, events, tips.replacing(before, after), *await noting.writes(after, note))
        return after

    return await _with(tip_id, take, tips=tips, work=work)


async def assess_tip(tip_id: str, command: AssessTip, *, tips: Cases, work: Work) -> Tip:
    """The tip with its value judged."""
    moment = told_or_now(command.value_assessed_at, work.clock.now())
    return await _change(tip_id, lambda tip: tip.assess(command.value, at=moment), tips=tips, work=work)


async def assign_tip(tip_id: str, officer: str | None, *, tips: Cases, work: Work) -> Tip:
    """The tip in the hands of an officer; of the caller, unless another is named."""
    now, given_to = work.clock.now(), officer or work.caller.subject
    return await _change(tip_id, lambda tip: tip.assign(given_to, at=now), tips=tips, work=work)


async def correct_tip(tip_id: str, command: CorrectTip, *, tips: Cases, work: Work) -> Tip:
    """The tip with facts put right."""
    now = work.clock.now()

    def correct(tip: Tip) -> tuple[Tip, Sequence[Event]]:
        if command.received_at is not None:
            require_unit_at(tip.unit, at=command.received_at, field="received_at")
        return tip.correct(at=now, **command.facts())

    return await _change(tip_id, correct, tips=tips, work=work)


async def relocate_tip(tip_id: str, command: RelocateTip, *, tips: Cases, work: Work) -> Tip:
    """The tip in the unit where it belongs, which may be out of the caller's reach."""
    now = work.clock.now()

    def relocate(tip: Tip) -> tuple[Tip, Sequence[Event]]:
        unit = _unit_then(command.unit, tip, residential_group=command.residential_group)
        return tip.relocate(unit, residential_group=command.residential_group, at=now)

    return await _change(tip_id, relocate, tips=tips, work=work)


async def transfer_tip(tip_id: str, command: TransferTip, *, tips: Cases, work: Work) -> Tip:
    """The tip in other hands: an authority's, or those of another commune, which may be out of the caller's reach."""
    moment = told_or_now(command.transferred_at, work.clock.now())

    def transfer(tip: Tip) -> tuple[Tip, Sequence[Event]]:
        if command.authority is not None:
            return tip.transfer(command.authority, at=moment)
        return tip.transfer_to(_unit_then(command.unit or "", tip), at=moment)

    return await _change(tip_id, transfer, tips=tips, work=work)


async def void_tip(tip_id: str, command: VoidTip, *, noting: Noting, tips: Cases, work: Work) -> Tip:
    """The tip, counted nowhere any more, and why, under seal.

    Raises: TransitionNotAllowed while it stands for others; InvalidInput without a reason; Shredded for a reason that
            cannot be kept.
    """
    now = work.clock.now()

    async def void(before: Tip) -> Tip:
        if await tips.stands_for_others(before):
            raise TransitionNotAllowed("Other tips are merged into this one; unmerge them first.")
        after, events = timed(lambda tip: tip.void(at=now), now)(before)
        if command.reason is None and after.erased_at is None:
            raise InvalidInput.of("reason", "is required")
        why = _note(after, command.reason, Occasion.VOIDING, at=now, work=work) if command.reason else None
        sealed = await noting.writes(after, why) if why else ()
        await work.commit(after, events, tips.replacing(before, after), *sealed)
        return after

    return await _with(tip_id, void, tips=tips, work=work)


async def hold_tip(tip_id: str, command: HoldTip, *, noting: Noting, tips: Cases, work: Work) -> Tip:
    """The tip, kept whatever the rules of retention say, and why, under seal."""
    now = work.clock.now()

    async def hold(before: Tip) -> Tip:
        after, events = timed(lambda tip: tip.hold(), now)(before)
        why = _note(after, command.reason, Occasion.HOLD, at=now, work=work)
        await work.commit(after, events, tips.replacing(before, after), *await noting.writes(after, why))
        return after

    return await _with(tip_id, hold, tips=tips, work=work)


async def release_tip(tip_id: str, *, tips: Cases, work: Work) -> Tip:
    """The tip, kept for as long as the rules of retention say."""
    return await _change(tip_id, lambda tip: tip.release(), tips=tips, work=work)


async def merge_tip(tip_id: str, into: str, *, tips: Cases, work: Work) -> Tip:
    """The tip, standing in another's shadow. Raises: InvalidInput if that one cannot stand for it."""
    now = work.clock.now()

    async def merge(before: Tip) -> Tip:
        other = (await tips.find_known([into], work.caller)).get(into)
        if other is None:
            raise InvalidInput.of("into", f"there is no tip {into}")
        after, events = timed(lambda tip: tip.merge(other, at=now), now)(before)
        # The other's version grows as well, or two tips could be merged into each other at the same time.
        stands = tips.replacing(other, other.repeat(1))
        await work.commit(after, events, tips.replacing(before, after), stands)
        return after

    return await _with(tip_id, merge, tips=tips, work=work)


async def unmerge_tip(tip_id: str, *, tips: Cases, work: Work) -> Tip:
    """The tip on its own again, with its clocks as they stand by now."""
    now = work.clock.now()

    async def unmerge(before: Tip) -> Tip:
        above = await tips.standing_for(before)
        after, events = timed(lambda tip: tip.unmerge(at=now), now)(before)
        parted = [tips.replacing(other, other.repeat(-1)) for other in above[:1]]
        await work.commit(after, events, tips.replacing(before, after), *parted)
        return after

    return await _with(tip_id, unmerge, tips=tips, work=work)


def _note(after: Tip, text: str, occasion: Occasion, *, at: datetime, work: Work) -> Note:
    # As coarse as the tip's times: whoever reads the note learns no more of them than from the tip.
    return Note(after.status, floored(at, after.time_step_s), work.caller.subject, text, occasion)


async def _change(tip_id: str, step: Step, *, tips: Cases, work: Work) -> Tip:
    return await tips.change(tip_id, timed(step, work.clock.now()), work=work)


async def _with(tip_id: str, change: Callable[[Tip], Awaitable[Tip]], *, tips: Cases, work: Work) -> Tip:
    async def attempt() -> Tip:
        return await change(await tips.find(tip_id, work.caller))

    return await persistently(attempt)


def _unit_then(code: str, tip: Tip, *, residential_group: str | None = None) -> str:
    return places().validate_for(code, local_date(tip.received_at), residential_group=residential_group)
