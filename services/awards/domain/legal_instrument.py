"""The life of a legal instrument: in force, withdrawn; must not do I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, Self

from shared.aggregate import Aggregate
from shared.contracts.awards import (
    LegalInstrumentChange,
    LegalInstrumentEnteredIntoForce,
    LegalInstrumentEvent,
    LegalInstrumentFacts,
    LegalInstrumentWithdrawn,
)
from shared.errors import InvalidInput


class LegalInstrumentStatus(StrEnum):
    """Whether an instrument stands."""

    IN_FORCE = "in_force"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalInstrument(Aggregate):
    """One law, decree, resolution or directive. Its dates make a named window of the statistics."""

    NOUN: ClassVar = "legal instrument"
    TRANSITIONS: ClassVar[Mapping[LegalInstrumentStatus, frozenset[LegalInstrumentStatus]]] = {
        LegalInstrumentStatus.IN_FORCE: frozenset({LegalInstrumentStatus.WITHDRAWN}),
        LegalInstrumentStatus.WITHDRAWN: frozenset(),
    }
    CHANGE: ClassVar = LegalInstrumentChange

    status: LegalInstrumentStatus
    number: str
    title: str
    title_en: str | None
    in_force_from: date
    in_force_to: date | None
    entered_at: datetime
    withdrawal_reason: str | None = None

    @classmethod
    def bring_into_force(
        cls,
        *,
        id: str,
        unit: str,
        number: str,
        title: str,
        title_en: str | None,
        in_force_from: date,
        in_force_to: date | None,
        entered_at: datetime,
    ) -> tuple[Self, tuple[LegalInstrumentEvent, ...]]:
        """An instrument in force. `entered_at` is the local beginning of its first day, `in_force_to` its last day."""
        if in_force_to is not None and in_force_to < in_force_from:
            raise InvalidInput.of("in_force_to", "must not lie before in_force_from")
        instrument = cls(
            id=id,
            unit=unit,
            status=LegalInstrumentStatus.IN_FORCE,
            number=number,
            title=title,
            title_en=title_en,
            in_force_from=in_force_from,
            in_force_to=in_force_to,
            entered_at=entered_at,
        )
        return instrument, (instrument._tell(LegalInstrumentEnteredIntoForce, was=None, at=entered_at),)

    def withdraw(self, *, at: datetime, reason: str) -> tuple[Self, tuple[LegalInstrumentEvent, ...]]:
        """Take back what was entered in error. Raises: TransitionNotAllowed once withdrawn."""
        withdrawn = self._become(LegalInstrumentStatus.WITHDRAWN, withdrawal_reason=reason)
        return withdrawn, (withdrawn._tell(LegalInstrumentWithdrawn, was=self, at=at),)

    @property
    def occurred_at(self) -> datetime:
        return self.entered_at

    def facts(self) -> LegalInstrumentFacts | None:
        """What figures need of it; nothing once it is withdrawn."""
        if self.status is LegalInstrumentStatus.WITHDRAWN:
            return None
        return LegalInstrumentFacts(
            number=self.number,
            title=self.title,
            title_en=self.title_en,
            in_force_from=self.in_force_from,
            in_force_to=self.in_force_to,
        )
