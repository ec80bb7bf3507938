"""Tips and advisory documents from books and former systems; owns the form of the records and what they become."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, TypeAdapter

from services.tips.commands import RecordAdvisoryDocument, RecordTip
from services.tips.custody.seals import Seals
from services.tips.custody.vault import SealedReport
from services.tips.domain import Tip
from services.tips.handlers import recorded_advisory_document, recorded_tip
from services.tips.repository import Repositories
from shared.clock import Clock
from shared.imports import Arrival, Record, TakeIn, Taken, import_id
from shared.repository import Aggregates
from shared.security import Principal
from shared.work import Write

SERVICE: Final = "tips"


class TipRecord(RecordTip, Record):
    """One tip with its life so far."""

    SEALED: ClassVar = frozenset({"reporter", "text"})

    type: Literal["tip"]


class AdvisoryDocumentRecord(RecordAdvisoryDocument, Record):
    """One advisory document; `rests_on` names tips by their id or by their key in an import."""

    type: Literal["advisory_document"]


AnyRecord = Annotated[TipRecord | AdvisoryDocumentRecord, Field(discriminator="type")]


class RecordIntake:
    """Takes in the records of one batch."""

    records: Final[TypeAdapter[Any]] = TypeAdapter(AnyRecord)

    def __init__(self, repositories: Repositories, *, seals: Seals, clock: Clock, anonymous_step_s: int) -> None:
        self._vault = repositories.vault
        self._seals = seals
        self._clock = clock
        self._tips = repositories.tips
        self._anonymous_step_s = anonymous_step_s
        self.collections: Mapping[str, Aggregates[Any]] = {
            "tip": repositories.tips,
            "advisory_document": repositories.advisory_documents,
        }

    async def begin(self, arrivals: Sequence[Arrival], caller: Principal) -> TakeIn:
        """The judge of these records; documents find the tips of the same batch, which come before them."""
        wanted = {
            tip_id
            for arrival in arrivals
            if isinstance(arrival.record, AdvisoryDocumentRecord)
            for reference in arrival.record.rests_on
            for tip_id in _ids(reference)
        }
        known = set(await self._tips.find_known(wanted, caller)) if wanted else set()

        now = self._clock.now()

        def take_in(arrival: Arrival) -> Taken:
            record = arrival.record
            if isinstance(record, TipRecord):
                tip, events = recorded_tip(
                    record, id=arrival.id, now=now, caller=caller, anonymous_step_s=self._anonymous_step_s
                )
                known.add(tip.id)
                return Taken(tip, events, kept=self._sealed(tip, record))
            tips = {reference: tip_id for reference in record.rests_on for tip_id in _ids(reference) if tip_id in known}
            document, events = recorded_advisory_document(record, id=arrival.id, tips=tips, caller=caller)
            return Taken(document, events)

        return take_in

    def _sealed(self, tip: Tip, record: TipRecord) -> tuple[tuple[Callable[..., Write], SealedReport], ...]:
        # Books mostly tell no text: what has nothing to seal costs neither a key nor a write.
        if not record.text and record.reporter is None:
            return ()
        reporter = record.reporter.reporter() if record.reporter is not None else None
        return ((self._vault.keeping, self._seals.report(tip.id, tip.unit, record.text, reporter)),)


def _ids(reference: str) -> tuple[str, str]:
    return reference, import_id(SERVICE, "tip", reference)
