"""The life of an outreach session: held, voided; must not do I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final, Self, TypedDict, Unpack

from shared.aggregate import Aggregate
from shared.contracts.patrols import (
    OutreachPartner,
    OutreachSessionChange,
    OutreachSessionCorrected,
    OutreachSessionEvent,
    OutreachSessionFacts,
    OutreachSessionHeld,
    OutreachSessionVoided,
)


class OutreachStatus(StrEnum):
    """Whether a session stands."""

    HELD = "held"
    VOIDED = "voided"


TRANSITIONS: Final[Mapping[OutreachStatus, frozenset[OutreachStatus]]] = {
    OutreachStatus.HELD: frozenset({OutreachStatus.VOIDED}),
    OutreachStatus.VOIDED: frozenset(),
}


class OutreachFix(TypedDict, total=False):
    """What of a session can be put right; what is left out stays as it is."""

    held_at: datetime
    attendance: int
    partners: tuple[OutreachPartner, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutreachSession(Aggregate):
    """One session in which residents were informed."""

    NOUN: ClassVar = "outreach session"
    TRANSITIONS: ClassVar = TRANSITIONS
    CHANGE: ClassVar = OutreachSessionChange

    status: OutreachStatus
    held_at: datetime
    attendance: int
    partners: tuple[OutreachPartner, ...]
    void_reason: str | None = None

    @classmethod
    def hold(
        cls, *, id: str, unit: str, held_at: datetime, attendance: int, partners: tuple[OutreachPartner, ...]
    ) -> tuple[Self, tuple[OutreachSessionEvent, ...]]:
        """A session that took place."""
        session = cls(
            id=id, unit=unit, status=OutreachStatus.HELD, held_at=held_at, attendance=attendance, partners=partners
        )
        return session, (session._tell(OutreachSessionHeld, was=None, at=held_at),)

    def correct(self, *, at: datetime, **fix: Unpack[OutreachFix]) -> tuple[Self, tuple[OutreachSessionEvent, ...]]:
        """Put wrongly entered facts right. Raises: TransitionNotAllowed once voided."""
        right = self._alter(**fix)
        return right, (right._tell(OutreachSessionCorrected, was=self, at=at),)

    def void(self, *, at: datetime, reason: str) -> tuple[Self, tuple[OutreachSessionEvent, ...]]:
        """Take back what was entered in error. Raises: TransitionNotAllowed once voided."""
        voided = self._become(OutreachStatus.VOIDED, void_reason=reason)
        return voided, (voided._tell(OutreachSessionVoided, was=self, at=at),)

    @property
    def occurred_at(self) -> datetime:
        return self.held_at

    def facts(self) -> OutreachSessionFacts | None:
        """What figures need of it; nothing once it is voided."""
        if self.status is OutreachStatus.VOIDED:
            return None
        return OutreachSessionFacts(held_at=self.held_at, attendance=self.attendance, partners=self.partners)
