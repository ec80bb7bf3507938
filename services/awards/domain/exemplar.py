"""The life of an exemplar: honoured, withdrawn; must not do I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self

from shared.aggregate import Aggregate
from shared.contracts.awards import (
    ExemplarChange,
    ExemplarEvent,
    ExemplarFacts,
    ExemplarHonoured,
    ExemplarWithdrawn,
    Organisation,
)


class ExemplarStatus(StrEnum):
    """Whether an exemplar stands."""

    HONOURED = "honoured"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemplar(Aggregate):
    """One person or group held up as an example. Who it is stays here."""

    NOUN: ClassVar = "exemplar"
    TRANSITIONS: ClassVar[Mapping[ExemplarStatus, frozenset[ExemplarStatus]]] = {
        ExemplarStatus.HONOURED: frozenset({ExemplarStatus.WITHDRAWN}),
        ExemplarStatus.WITHDRAWN: frozenset(),
    }
    CHANGE: ClassVar = ExemplarChange

    status: ExemplarStatus
    organisation: Organisation
    full_name: str | None
    honoured_at: datetime
    withdrawal_reason: str | None = None

    @classmethod
    def honour(
        cls, *, id: str, unit: str, organisation: Organisation, full_name: str | None, honoured_at: datetime
    ) -> tuple[Self, tuple[ExemplarEvent, ...]]:
        """An exemplar presented to the public."""
        exemplar = cls(
            id=id,
            unit=unit,
            status=ExemplarStatus.HONOURED,
            organisation=organisation,
            full_name=full_name,
            honoured_at=honoured_at,
        )
        return exemplar, (exemplar._tell(ExemplarHonoured, was=None, at=honoured_at),)

    def withdraw(self, *, at: datetime, reason: str) -> tuple[Self, tuple[ExemplarEvent, ...]]:
        """Take back what was entered in error. Raises: TransitionNotAllowed once withdrawn."""
        withdrawn = self._become(ExemplarStatus.WITHDRAWN, withdrawal_reason=reason)
        return withdrawn, (withdrawn._tell(ExemplarWithdrawn, was=self, at=at),)

    @property
    def occurred_at(self) -> datetime:
        return self.honoured_at

    def facts(self) -> ExemplarFacts | None:
        """What figures need of it: never who it is; nothing once it is withdrawn."""
        if self.status is ExemplarStatus.WITHDRAWN:
            return None
        return ExemplarFacts(organisation=self.organisation, honoured_at=self.honoured_at)
