"""The way of a batch: read, leave out what is known, judge, commit unit by unit; must not know HTTP."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from shared.errors import ConcurrentChange, DomainError
from shared.imports.intake import Arrival, Intake, UnitBatch
from shared.imports.records import (
    ImportReport,
    Outcome,
    RecordOutcome,
    content_digest,
    import_id,
    raw_records,
    unreadable,
)
from shared.outbox.entries import Outbox, latest
from shared.repository import ATTEMPTS
from shared.security import Principal
from shared.work import together

BREATH: Final = 50  # records between two looks of the event loop at other requests: 1 to 3 ms

Outcomes = dict[int, RecordOutcome]
T = TypeVar("T")


class Imports:
    """Takes in batches for one service."""

    def __init__(self, outbox: Outbox, *, service: str, intake: Intake) -> None:
        self._outbox = outbox
        self._service = service
        self._intake = intake
        self._rank = {kind: rank for rank, kind in enumerate(intake.collections)}

    async def receive(self, body: bytes, caller: Principal) -> ImportReport:
        """What became of each record. Raises: InvalidInput for a body that is no batch; ConcurrentChange."""
        outcomes: Outcomes = {}
        positions: list[str] = []
        arrivals = await self._read(body, outcomes)
        firsts: dict[str, Arrival] = {}
        for arrival in arrivals:
            firsts.setdefault(arrival.id, arrival)
        pending = sorted(firsts.values(), key=lambda arrival: self._rank[arrival.record.type])
        for _ in range(ATTEMPTS):
            if pending:
                pending = await self._attempt(pending, caller, outcomes, positions)
        if pending:
            raise ConcurrentChange("Others write the same records at the same time; send the batch again.")
        for arrival in arrivals:
            if arrival.index not in outcomes:
                outcomes[arrival.index] = _repeated(arrival, firsts[arrival.id], outcomes)
        told = [outcomes[index] for index in sorted(outcomes)]
        return ImportReport(outcomes=told, counts=Counter(each.outcome for each in told), positions=positions)

    async def _read(self, body: bytes, outcomes: Outcomes) -> list[Arrival]:
        arrivals = []
        async for index, raw in _with_breath(raw_records(body)):
            try:
                record = self._intake.records.validate_json(raw)
            except ValidationError as error:
                outcomes[index] = unreadable(raw, error)
            else:
                id = import_id(self._service, record.type, record.key)
                arrivals.append(Arrival(index, id, content_digest(record), record))
        return arrivals

    async def _attempt(
        self, pending: Sequence[Arrival], caller: Principal, outcomes: Outcomes, positions: list[str]
    ) -> list[Arrival]:
        """Commit unit by unit; what is given back lost a race and has to be judged anew."""
        fresh, elsewhere = await self._unknown(pending, caller, outcomes)
        batches = await self._judged(fresh, caller, outcomes)
        # Whoever may not see what has the key is answered as if nothing had, unless the record could be taken in.
        for batch in (await self._judged(elsewhere, caller, outcomes)).values():
            for arrival in batch.arrivals:
                outcomes[arrival.index] = _told(arrival, Outcome.CONFLICT)
        lost: list[Arrival] = []
        for _, batch in sorted(batches.items()):
            try:
                positions += await self._commit(batch)
            except ConcurrentChange:
                lost += batch.arrivals
                continue
            for arrival in batch.arrivals:
                outcomes[arrival.index] = _told(arrival, Outcome.CREATED)
        return lost

    async def _unknown(
        self, pending: Sequence[Arrival], caller: Principal, outcomes: Outcomes
    ) -> tuple[list[Arrival], list[Arrival]]:
        """Those with a key that is free, and those whose key stands for something out of the caller's reach."""
        ids: dict[str, list[str]] = {}
        for arrival in pending:
            ids.setdefault(arrival.record.type, []).append(arrival.id)
        known: dict[str, bytes | None] = {}
        for kind, of_kind in ids.items():
            known |= await self._intake.collections[kind].digests(of_kind, caller)
        elsewhere = []
        for arrival in pending:
            if arrival.id not in known:
                continue
            digest = known[arrival.id]
            if digest is None:
                elsewhere.append(arrival)
                continue
            same = digest == arrival.digest
            outcomes[arrival.index] = _told(arrival, Outcome.ALREADY_KNOWN if same else Outcome.CONFLICT)
        return [arrival for arrival in pending if arrival.id not in known], elsewhere

    async def _judged(self, fresh: Sequence[Arrival], caller: Principal, outcomes: Outcomes) -> dict[str, UnitBatch]:
        batches: dict[str, UnitBatch] = {}
        if not fresh:
            return batches
        take_in = await self._intake.begin(fresh, caller)
        async for _, arrival in _with_breath(fresh):
            try:
                taken = take_in(arrival)
            except DomainError as error:
                outcomes[arrival.index] = _refused(arrival, error)
            else:
                batches.setdefault(taken.aggregate.unit, UnitBatch()).take(arrival, taken)
        return batches

    async def _commit(self, batch: UnitBatch) -> list[str]:
        write = together(batch.all_writes(self._intake.collections))
        # Without a correlation id: it would be a tenth of each of half a million events of one history.
        positions = await self._outbox.commit(batch.events, write)
        return [str(position) for position in latest(positions)]


async def _with_breath(items: Iterable[T]) -> AsyncIterator[tuple[int, T]]:
    """The items with their numbers; other requests get their turn between."""
    for index, item in enumerate(items):
        if index % BREATH == 0:
            await asyncio.sleep(0)
        yield index, item


def _told(arrival: Arrival, outcome: Outcome) -> RecordOutcome:
    known = None if outcome is Outcome.CONFLICT else arrival.id
    return RecordOutcome(key=arrival.record.key, type=arrival.record.type, outcome=outcome, id=known)


def _refused(arrival: Arrival, error: DomainError) -> RecordOutcome:
    told: Mapping[str, Any] = error.extra
    return RecordOutcome(
        key=arrival.record.key,
        type=arrival.record.type,
        outcome=Outcome.REJECTED,
        errors=told.get("errors") or [{"field": "record", "reason": error.detail}],
        candidates=told.get("candidates"),
    )


def _repeated(arrival: Arrival, first: Arrival, outcomes: Outcomes) -> RecordOutcome:
    """The outcome of a record whose key came earlier in the same batch."""
    if arrival.digest != first.digest:
        return _told(arrival, Outcome.CONFLICT)
    outcome = outcomes[first.index]
    return _told(arrival, Outcome.ALREADY_KNOWN) if outcome.outcome is Outcome.CREATED else outcome
