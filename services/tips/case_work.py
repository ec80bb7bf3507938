"""What officers do with a tip on request: load, let the domain decide and set the clocks, keep; must not know HTTP."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
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
from shared.work import Work, Write


@dataclass(frozen=True, slots=True)
class Remark:
    """What an officer notes beside a step, and who seals it."""

    text: str = field(repr=False)
    occasion: Occasion
    noting: Noting

    async def writes(self, after: Tip, *, at: datetime, work: Work) -> tuple[Write, ...]:
        """What keeps it, with the tip as it stands after the step. Raises: Shredded; TransitionNotAllowed."""
        # As coarse as the tip's times: whoever reads the note learns no more of them than from the tip.
        noted_at = floored(at, after.time_step_s)
        note = Note(after.status, noted_at, work.caller.subject, self.text, self.occasion)
        return await self.noting.writes(after, note)


StepAt = Callable[..., tuple[Tip, Sequence[Event]]]
"""A step of a tip's life, such as `Tip.verify`; takes the tip and `at`."""


async def take_step(
    tip_id: str, step: StepAt, at: datetime | None, *, remark: Remark | None = None, tips: Cases, work: Work
) -> Tip:
    """The tip one step on. Raises: Shredded, TransitionNotAllowed for a remark that cannot be kept."""
    moment = told_or_now(at, work.clock.now())
    return await _change(tip_id, lambda tip: step(tip, at=moment), at=moment, remark=remark, tips=tips, work=work)


async def assess_tip(tip_id: str, command: AssessTip, *, remark: Remark | None, tips: Cases, work: Work) -> Tip:
    """The tip with its value judged."""

    def assess(tip: Tip, *, at: datetime) -> tuple[Tip, Sequence[Event]]:
        return tip.assess(command.value, at=at)

    return await take_step(tip_id, assess, command.value_assessed_at, remark=remark, tips=tips, work=work)


async def assign_tip(tip_id: str, officer: str | None, *, remark: Remark | None, tips: Cases, work: Work) -> Tip:
    """The tip in the hands of an officer; of the caller, unless another is named."""
    given_to = officer or work.caller.subject

    def assign(tip: Tip, *, at: datetime) -> tuple[Tip, Sequence[Event]]:
        return tip.assign(given_to, at=at)

    return await take_step(tip_id, assign, None, remark=remark, tips=tips, work=work)


async def correct_tip(tip_id: str, command: CorrectTip, *, tips: Cases, work: Work) -> Tip:
    """The tip with facts put right."""

    def correct(tip: Tip, *, at: datetime) -> tuple[Tip, Sequence[Event]]:
        if command.received_at is not None:
            require_unit_at(tip.unit, at=command.received_at, field="received_at")
        return tip.correct(at=at, **command.facts())

    return await take_step(tip_id, correct, None, tips=tips, work=work)


async def relocate_tip(tip_id: str, command: RelocateTip, *, tips: Cases, work: Work) -> Tip:
    """The tip in the unit where it belongs, which may be out of the caller's reach."""

    def relocate(tip: Tip, *, at: datetime) -> tuple[Tip, Sequence[Event]]:
        unit = _unit_then(command.unit, tip, residential_group=command.residential_group)
        return tip.relocate(unit, residential_group=command.residential_group, at=at)

    return await take_step(tip_id, relocate, None, tips=tips, work=work)


async def transfer_tip(tip_id: str, command: TransferTip, *, remark: Remark | None, tips: Cases, work: Work) -> Tip:
    """The tip in other hands: an authority's, or those of another commune, which may be out of the caller's reach.

    A remark is sealed to whoever has the tip then.
    """

    def transfer(tip: Tip, *, at: datetime) -> tuple[Tip, Sequence[Event]]:
        if command.authority is not None:
            return tip.transfer(command.authority, at=at)
        return tip.transfer_to(_unit_then(command.unit or "", tip), at=at)

    return await take_step(tip_id, transfer, command.transferred_at, remark=remark, tips=tips, work=work)


async def void_tip(tip_id: str, command: VoidTip, *, noting: Noting, tips: Cases, work: Work) -> Tip:
    """The tip, counted nowhere any more, and why, under seal.

    Raises: TransitionNotAllowed while it stands for others; InvalidInput without a reason; Shredded for a reason that
            cannot be kept.
    """
    now = work.clock.now()

    async def void(before: Tip) -> Tip:
        if await tips.stands_for_others(before):
            raise TransitionNotAllowed("Other tips are merged into this one; unmerge them first.")
        if command.reason is None and before.erased_at is None:
            raise InvalidInput.of("reason", "is required")
        why = Remark(command.reason, Occasion.VOIDING, noting) if command.reason else None
        return await _taken(before, lambda tip: tip.void(at=now), at=now, remark=why, tips=tips, work=work)

    return await _with(tip_id, void, tips=tips, work=work)


async def hold_tip(tip_id: str, command: HoldTip, *, noting: Noting, tips: Cases, work: Work) -> Tip:
    """The tip, kept whatever the rules of retention say, and why, under seal."""
    why = Remark(command.reason, Occasion.HOLD, noting)
    return await _change(tip_id, Tip.hold, at=work.clock.now(), remark=why, tips=tips, work=work)


async def release_tip(tip_id: str, *, tips: Cases, work: Work) -> Tip:
    """The tip, kept for as long as the rules of retention say."""
    return await _change(tip_id, Tip.release, at=work.clock.now(), tips=tips, work=work)


async def merge_tip(tip_id: str, into: str, *, tips: Cases, work: Work) -> Tip:
    """The tip, standing in another's shadow. Raises: InvalidInput if that one cannot stand for it."""
    now = work.clock.now()

    async def merge(before: Tip) -> Tip:
        other = (await tips.find_known([into], work.caller)).get(into)
        if other is None:
            raise InvalidInput.of("into", f"there is no tip {into}")
        # The other's version grows as well, or two tips could be merged into each other at the same time.
        stands = tips.replacing(other, other.repeat(1))
        return await _taken(before, lambda tip: tip.merge(other, at=now), stands, at=now, tips=tips, work=work)

    return await _with(tip_id, merge, tips=tips, work=work)


async def unmerge_tip(tip_id: str, *, tips: Cases, work: Work) -> Tip:
    """The tip on its own again, with its clocks as they stand by now."""
    now = work.clock.now()

    async def unmerge(before: Tip) -> Tip:
        above = await tips.standing_for(before)
        parted = [tips.replacing(other, other.repeat(-1)) for other in above[:1]]
        return await _taken(before, lambda tip: tip.unmerge(at=now), *parted, at=now, tips=tips, work=work)

    return await _with(tip_id, unmerge, tips=tips, work=work)


async def _change(
    tip_id: str, step: Step, *, at: datetime, remark: Remark | None = None, tips: Cases, work: Work
) -> Tip:
    """The tip after the step, kept with its events, its clocks and the remark on it."""

    async def change(before: Tip) -> Tip:
        return await _taken(before, step, at=at, remark=remark, tips=tips, work=work)

    return await _with(tip_id, change, tips=tips, work=work)


async def _taken(
    before: Tip, step: Step, *beside: Write, at: datetime, remark: Remark | None = None, tips: Cases, work: Work
) -> Tip:
    after, events = timed(step, work.clock.now())(before)
    noted = await remark.writes(after, at=at, work=work) if remark is not None else ()
    await work.commit(after, events, tips.replacing(before, after), *beside, *noted)
    return after


async def _with(tip_id: str, change: Callable[[Tip], Awaitable[Tip]], *, tips: Cases, work: Work) -> Tip:
    async def attempt() -> Tip:
        return await change(await tips.find(tip_id, work.caller))

    return await persistently(attempt)


def _unit_then(code: str, tip: Tip, *, residential_group: str | None = None) -> str:
    return places().validate_for(code, local_date(tip.received_at), residential_group=residential_group)
