"""What this service does on request: load, let the domain decide, keep with the events; must not know HTTP."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from services.tips.abuse.budget import Budget
from services.tips.abuse.collapsing import KeptTips, keep_tip
from services.tips.abuse.repeats import Repeats
from services.tips.commands import (
    IssueAdvisoryDocument,
    RecordAdvisoryDocument,
    RecordTip,
    SubmitTip,
)
from services.tips.custody.seals import Seals
from services.tips.custody.vault import SealedReport
from services.tips.domain import AdvisoryDocument, Authority, Tip
from services.tips.domain.timekeeping import follow
from services.tips.receipts import Receipt, ReceiptHasher, read_receipt
from shared.contracts.base import Event
from shared.contracts.tips import TipSource, TipStream
from shared.errors import Forbidden, InvalidInput
from shared.ids import anonymous_id, new_id
from shared.places import local_date, places
from shared.placing import unit_of_fact
from shared.repository import Aggregates
from shared.security import Principal
from shared.work import Work, Write

Step = Callable[..., tuple[Tip, Sequence[Event]]]
"""A step of a tip's life, such as `Tip.verify`; takes the tip and `at`."""

CITIZENS: Final = frozenset({TipSource.CITIZEN_ANONYMOUS, TipSource.CITIZEN_NAMED})


class Vault(Protocol):
    """What is kept apart from the tip, under seal: what it tells and who gave it."""

    def keeping(self, *reports: SealedReport) -> Write: ...


class Tips(KeptTips, Protocol):
    """Where tips are kept, and of receipts neither a receipt nor anything to guess it from."""

    def keeping_receipt(self, tip: Tip, digest: str, reading_key: bytes) -> Write: ...

    async def find_by_receipt(self, digest: str) -> Tip | None: ...

    async def standing_for(self, tip: Tip) -> list[Tip]: ...


@dataclass(frozen=True, slots=True)
class Intake:
    """How reports are taken in."""

    seals: Seals
    receipts: ReceiptHasher
    anonymous_step_s: int
    budget: Budget
    message_budget: Budget
    ticket_key: bytes = field(repr=False)
    message_ticket_key: bytes = field(repr=False)
    repeat_key: bytes = field(repr=False)
    repeat_window_s: int


# -- what a request or a record of a book says as an aggregate


def submitted_tip(
    command: SubmitTip, *, id: str, now: datetime, caller: Principal | None, anonymous_step_s: int
) -> tuple[Tip, Sequence[Event]]:
    """The tip and its first events.

    Raises: InvalidInput for what only callers with a token may say; Forbidden for a stream that is not the caller's.
    """
    if caller is None:
        _require_of_citizen(command)
    else:
        _require_stream(command.stream, caller)
    at = told_or_now(command.received_at, now)
    tip, events = Tip.submit(
        id=id,
        unit=_unit_reported(command, at=at, caller=caller),
        received_at=at,
        anonymous_step_s=anonymous_step_s,
        **command.report(),
    )
    return follow(tip, events, now=now)


def recorded_tip(
    command: RecordTip, *, id: str, now: datetime, caller: Principal, anonymous_step_s: int
) -> tuple[Tip, Sequence[Event]]:
    """The tip after as much of its life as was told, and an event for each step of it, in order of time.

    Of its clocks only those tell anything that the book leaves running. Raises: Forbidden for a stream that is not the
    caller's.
    """
    _require_stream(command.stream, caller)
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
    return follow(tip, events, now=now)


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
    tips: Tips,
    repeats: Repeats,
    admission: Write | None,
    work: Work,
) -> Tip:
    """A new tip; what it tells and who gave it are sealed before anything is written.

    `admission` is written with it: what let it in and must not let in another.
    """
    now = work.clock.now()
    tip, events = submitted_tip(
        command, id=anonymous_id(), now=now, caller=caller, anonymous_step_s=intake.anonymous_step_s
    )
    reporter = command.reporter.reporter() if command.reporter is not None else None
    sealed = intake.seals.report(tip.id, tip.unit, command.text, reporter)
    reading_key = intake.receipts.reading_key(receipt).public_key().public_bytes_raw()
    kept = tips.keeping_receipt(tip, intake.receipts.digest(receipt), reading_key)
    writes = [kept, vault.keeping(sealed), *([admission] if admission else [])]
    # Whoever has a token or a name stands for what they say; two of them are two witnesses.
    same = repeats.digest(now, command.text, *_beside_its_text(tip)) if caller is None and reporter is None else None
    return await keep_tip(tip, events, writes, same=same, repeats=repeats, tips=tips, work=work)


async def ask_status(written: str, *, intake: Intake, tips: Tips) -> Tip | None:
    """The tip of a receipt, or the one that stands for it. Raises: InvalidInput for a mistyped receipt."""
    tip = await tips.find_by_receipt(intake.receipts.digest(read_receipt(written)))
    above = await tips.standing_for(tip) if tip is not None else []
    return above[-1] if above else tip


# -- advisory documents


async def issue_advisory_document(
    command: IssueAdvisoryDocument,
    *,
    documents: Aggregates[AdvisoryDocument],
    tips: Aggregates[Tip],
    work: Work,
) -> AdvisoryDocument:
    """A new document. Raises: InvalidInput if it rests on tips that the caller cannot see."""
    at = told_or_now(command.issued_at, work.clock.now())
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
    moment = told_or_now(at, work.clock.now())
    return await documents.change(document_id, lambda document: document.withdraw(at=moment), work=work)


def told_or_now(told: datetime | None, now: datetime) -> datetime:
    """When something happened, as far as a caller may say so."""
    # The clock of a device may run a little ahead; nothing is dated later than now, or the next step would precede it.
    return now if told is None else min(told, now)


def _beside_its_text(tip: Tip) -> tuple[str, ...]:
    happened = tip.happened_at.isoformat() if tip.happened_at else ""
    return tip.unit, tip.stream, tip.category, tip.residential_group or "", happened


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
    if command.urgent:
        raise InvalidInput.of("urgent", "is taken with a token only")


def _require_stream(stream: TipStream, caller: Principal) -> None:
    if not caller.handles(stream):
        raise Forbidden(f"Your token is not for the stream {stream}.")


def _unit_reported(command: SubmitTip, *, at: datetime, caller: Principal | None) -> str:
    if caller is None:  # whoever reports may report about any place
        return places().validate_for(command.unit, local_date(at), residential_group=command.residential_group)
    return unit_of_fact(command.unit, at=at, caller=caller, residential_group=command.residential_group)


def _life(command: RecordTip) -> Iterator[tuple[datetime, Step]]:
    """The steps that a record tells in the order of the register, with the judgement of value where it came in time."""
    started, assessed = command.verification_started_at, command.value_assessed_at
    registered = command.registered_at or (command.received_at if started else None)

    def transfer(tip: Tip, *, at: datetime) -> tuple[Tip, Sequence[Event]]:
        return tip.transfer(command.authority or Authority.OTHER, at=at)

    steps: list[tuple[datetime | None, Step]] = [
        (registered, Tip.register),
        (started, Tip.start_verification),
        *((at, Tip.extend) for at in sorted(command.extended_at)),
        (command.suspended_at, Tip.suspend),
        (command.resumed_at, Tip.resume),
        (command.verified_at, Tip.verify),
        (command.refuted_at, Tip.refute),
        (command.found_inconclusive_at, Tip.find_inconclusive),
        (command.transferred_at, transfer),
        (command.resolved_at, Tip.resolve),
        (command.closed_at, Tip.close),
        (command.reopened_at, Tip.reopen),
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
