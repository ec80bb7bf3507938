"""What this service does on request: load, let the domain decide, keep with the events; must not know HTTP."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from services.tips.commands import (
    AssessTip,
    CorrectTip,
    IssueAdvisoryDocument,
    RecordAdvisoryDocument,
    RecordTip,
    RelocateTip,
    SubmitTip,
    VoidTip,
)
from services.tips.domain import AdvisoryDocument, Tip
from services.tips.receipts import Receipt, ReceiptHasher, read_receipt
from services.tips.sealing import Sealed, Sealer
from shared.contracts.base import Event
from shared.contracts.tips import TipSource
from shared.errors import InvalidInput
from shared.ids import anonymous_id, new_id
from shared.places import local_date, places
from shared.placing import require_unit_at, unit_of_fact
from shared.repository import Aggregates
from shared.security import Principal
from shared.work import Work, Write

Step = Callable[..., tuple[Tip, Sequence[Event]]]
"""A step of a tip's life, such as `Tip.verify`; takes the tip and `at`."""

CITIZENS: Final = frozenset({TipSource.CITIZEN_ANONYMOUS, TipSource.CITIZEN_NAMED})


class Vault(Protocol):
    """What is kept of a reporter, apart from the tip: who it is, under seal, and the digest of the receipt."""

    def keeping_reporter(self, tip: Tip, sealed: Sealed) -> Write: ...

    def keeping_receipt(self, tip: Tip, digest: str) -> Write: ...

    async def find_by_receipt(self, digest: str) -> Tip | None: ...


@dataclass(frozen=True, slots=True)
class Intake:
    """How reports are taken in."""

    sealer: Sealer
    receipts: ReceiptHasher
    anonymous_step_s: int


# -- what a request or a record of a book says as an aggregate


def submitted_tip(
    command: SubmitTip, *, id: str, now: datetime, caller: Principal | None, anonymous_step_s: int
) -> tuple[Tip, Sequence[Event]]:
    """The tip and its first event. Raises: InvalidInput for what only callers with a token may say."""
    if caller is None:
        _require_of_citizen(command)
    at = _told_or_now(command.received_at, now)
    return Tip.submit(
        id=id,
        unit=_unit_reported(command, at=at, caller=caller),
        received_at=at,
        anonymous_step_s=anonymous_step_s,
        **command.report(),
    )


def recorded_tip(
    command: RecordTip, *, id: str, caller: Principal, anonymous_step_s: int
) -> tuple[Tip, Sequence[Event]]:
    """The tip after as much of its life as was told, and an event for each step of it, in order of time."""
    events: Sequence[Event]
    tip, events = Tip.submit(
        id=id,
        unit=unit_of_fact(
            command.unit, at=command.received_at, caller=caller, residential_group=command.residential_group
        ),
        received_at=command.received_at,
        anonymous_step_s=anonymous_step_s,
        **command.report(),
    )
    for at, step in _life(command):
        tip, told = step(tip, at=at)
        events = (*events, *told)
    return tip, events


def recorded_advisory_document(
    command: RecordAdvisoryDocument, *, id: str, tips: Mapping[str, str], caller: Principal
) -> tuple[AdvisoryDocument, Sequence[Event]]:
    """The document, and its withdrawal if it was taken back.

    Shape: `tips` maps what the command calls a tip to the id of the tip.
    """
    document, events = AdvisoryDocument.issue(
        id=id,
        unit=unit_of_fact(command.unit, at=command.issued_at, caller=caller),
        addressee=command.addressee,
        issued_at=command.issued_at,
        rests_on=_found(command.rests_on, tips),
    )
    if command.withdrawn_at is not None:
        document, withdrawn = document.withdraw(at=command.withdrawn_at)
        events += withdrawn
    return document, events


# -- tips


async def submit_tip(
    command: SubmitTip,
    *,
    caller: Principal | None,
    receipt: Receipt,
    intake: Intake,
    vault: Vault,
    tips: Aggregates[Tip],
    work: Work,
) -> Tip:
    """A new tip; who gave it is sealed before anything is written."""
    tip, events = submitted_tip(
        command, id=anonymous_id(), now=work.clock.now(), caller=caller, anonymous_step_s=intake.anonymous_step_s
    )
    writes = [tips.inserting([tip]), vault.keeping_receipt(tip, intake.receipts.digest(receipt))]
    if command.reporter is not None:
        sealed = intake.sealer.seal(command.reporter.reporter(), tip=tip.id)
        writes.append(vault.keeping_reporter(tip, sealed))
    await work.commit(tip, events, *writes)
    return tip


async def ask_status(written: str, *, intake: Intake, vault: Vault) -> Tip | None:
    """The tip of a receipt, if there is one. Raises: InvalidInput for a mistyped receipt."""
    return await vault.find_by_receipt(intake.receipts.digest(read_receipt(written)))


async def take_step(
    tip_id: str,
    step: Step,
    at: datetime | None,
    *,
    tips: Aggregates[Tip],
    work: Work,
) -> Tip:
    """The tip one step on."""
    moment = _told_or_now(at, work.clock.now())
    return await tips.change(tip_id, lambda tip: step(tip, at=moment), work=work)


async def assess_tip(tip_id: str, command: AssessTip, *, tips: Aggregates[Tip], work: Work) -> Tip:
    """The tip with its value judged."""
    moment = _told_or_now(command.value_assessed_at, work.clock.now())
    return await tips.change(tip_id, lambda tip: tip.assess(command.value, at=moment), work=work)


async def correct_tip(tip_id: str, command: CorrectTip, *, tips: Aggregates[Tip], work: Work) -> Tip:
    """The tip with facts put right."""
    now = work.clock.now()

    def correct(tip: Tip) -> tuple[Tip, Sequence[Event]]:
        if command.received_at is not None:
            require_unit_at(tip.unit, at=command.received_at, field="received_at")
        return tip.correct(at=now, **command.facts())

    return await tips.change(tip_id, correct, work=work)


async def relocate_tip(tip_id: str, command: RelocateTip, *, tips: Aggregates[Tip], work: Work) -> Tip:
    """The tip in the unit where it belongs, which may be out of the caller's reach."""
    now = work.clock.now()

    def relocate(tip: Tip) -> tuple[Tip, Sequence[Event]]:
        on = local_date(tip.received_at)
        unit = places().validate_for(command.unit, on, residential_group=command.residential_group)
        return tip.relocate(unit, residential_group=command.residential_group, at=now)

    return await tips.change(tip_id, relocate, work=work)


async def void_tip(tip_id: str, command: VoidTip, *, tips: Aggregates[Tip], work: Work) -> Tip:
    """The tip, counted nowhere any more."""
    now = work.clock.now()
    return await tips.change(tip_id, lambda tip: tip.void(at=now, reason=command.reason), work=work)


# -- advisory documents


async def issue_advisory_document(
    command: IssueAdvisoryDocument,
    *,
    documents: Aggregates[AdvisoryDocument],
    tips: Aggregates[Tip],
    work: Work,
) -> AdvisoryDocument:
    """A new document. Raises: InvalidInput if it rests on tips that the caller cannot see."""
    at = _told_or_now(command.issued_at, work.clock.now())
    unit = unit_of_fact(command.unit, at=at, caller=work.caller)
    known = await tips.find_known(command.rests_on, work.caller)
    document, events = AdvisoryDocument.issue(
        id=new_id(),
        unit=unit,
        addressee=command.addressee,
        issued_at=at,
        rests_on=_found(command.rests_on, {tip_id: tip_id for tip_id in known}),
    )
    return await documents.add(document, events, work=work)


async def withdraw_advisory_document(
    document_id: str, at: datetime | None, *, documents: Aggregates[AdvisoryDocument], work: Work
) -> AdvisoryDocument:
    """The document, taken back."""
    moment = _told_or_now(at, work.clock.now())
    return await documents.change(document_id, lambda document: document.withdraw(at=moment), work=work)


def _told_or_now(told: datetime | None, now: datetime) -> datetime:
    # The clock of a device may run a little ahead; nothing is dated later than now, or the next step would precede it.
    return now if told is None else min(told, now)


def _found(references: Sequence[str], tips: Mapping[str, str]) -> tuple[str, ...]:
    for reference in references:
        if reference not in tips:
            raise InvalidInput.of("rests_on", f"there is no tip {reference}")
    return tuple(dict.fromkeys(tips[reference] for reference in references))


def _require_of_citizen(command: SubmitTip) -> None:
    if command.stated_source not in CITIZENS:
        raise InvalidInput.of("source", "must be citizen_anonymous or citizen_named without a token")
    if command.received_at is not None:
        raise InvalidInput.of("received_at", "is taken with a token only")


def _unit_reported(command: SubmitTip, *, at: datetime, caller: Principal | None) -> str:
    if caller is None:  # whoever reports may report about any place
        return places().validate_for(command.unit, local_date(at), residential_group=command.residential_group)
    return unit_of_fact(command.unit, at=at, caller=caller, residential_group=command.residential_group)


def _life(command: RecordTip) -> Iterator[tuple[datetime, Step]]:
    """The steps that a record tells in the order of the register, with the judgement of value where it came in time."""
    started, assessed = command.verification_started_at, command.value_assessed_at
    registered = command.registered_at or (command.received_at if started else None)
    steps: list[tuple[datetime | None, Step]] = [
        (registered, Tip.register),
        (started, Tip.start_verification),
        (command.verified_at, Tip.verify),
        (command.refuted_at, Tip.refute),
    ]

    def assess(tip: Tip, *, at: datetime) -> tuple[Tip, Sequence[Event]]:
        return tip.assess(command.value, at=at)

    for at, step in steps:
        if at is None:
            continue
        if assessed is not None and assessed < at:
            yield assessed, assess
            assessed = None
        yield at, step
    if assessed is not None:
        yield assessed, assess
