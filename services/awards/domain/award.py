"""The life of an award: proposed, conferred, revoked; must not do I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final, Self, TypedDict, Unpack

from shared.aggregate import Aggregate, in_order
from shared.contracts.awards import (
    AwardChange,
    AwardConferred,
    AwardCorrected,
    AwardEvent,
    AwardFacts,
    AwardIssuer,
    AwardKind,
    AwardProposed,
    AwardRecipient,
    AwardRevoked,
)
from shared.errors import InvalidInput


class AwardStatus(StrEnum):
    """How far an honour has come."""

    PROPOSED = "proposed"
    CONFERRED = "conferred"
    REVOKED = "revoked"


TRANSITIONS: Final[Mapping[AwardStatus, frozenset[AwardStatus]]] = {
    AwardStatus.PROPOSED: frozenset({AwardStatus.CONFERRED, AwardStatus.REVOKED}),
    AwardStatus.CONFERRED: frozenset({AwardStatus.REVOKED}),
    AwardStatus.REVOKED: frozenset(),
}


class AwardFix(TypedDict, total=False):
    """What of an award can be put right; what is left out stays as it is."""

    kind: AwardKind
    issuer: AwardIssuer
    recipient: AwardRecipient
    recipient_name: str | None
    reason: str | None
    for_year: int | None
    proposed_at: datetime
    conferred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Award(Aggregate):
    """One honour. It counts once it is conferred. The recipient's name may be personal data and stays here."""

    NOUN: ClassVar = "award"
    TRANSITIONS: ClassVar = TRANSITIONS
    CHANGE: ClassVar = AwardChange

    status: AwardStatus
    kind: AwardKind
    issuer: AwardIssuer
    recipient: AwardRecipient
    recipient_name: str | None
    reason: str | None
    for_year: int | None
    proposed_at: datetime | None = None
    conferred_at: datetime | None = None
    revocation_reason: str | None = None

    @classmethod
    def propose(
        cls,
        *,
        id: str,
        unit: str,
        kind: AwardKind,
        issuer: AwardIssuer,
        recipient: AwardRecipient,
        recipient_name: str | None,
        reason: str | None,
        for_year: int | None,
        proposed_at: datetime | None,
        conferred_at: datetime | None,
    ) -> tuple[Self, tuple[AwardEvent, ...]]:
        """Somebody put forward for an honour, or honoured if it tells when."""
        told_at = conferred_at or proposed_at
        if told_at is None:
            raise InvalidInput.of("proposed_at", "tell when it was proposed or conferred")
        in_order(proposed_at=proposed_at, conferred_at=conferred_at)
        award = cls(
            id=id,
            unit=unit,
            status=AwardStatus.PROPOSED if conferred_at is None else AwardStatus.CONFERRED,
            kind=kind,
            issuer=issuer,
            recipient=recipient,
            recipient_name=recipient_name,
            reason=reason,
            for_year=for_year,
            proposed_at=proposed_at,
            conferred_at=conferred_at,
        )
        event = AwardProposed if conferred_at is None else AwardConferred
        return award, (award._tell(event, was=None, at=told_at),)

    def confer(self, *, at: datetime) -> tuple[Self, tuple[AwardEvent, ...]]:
        """Hand it over. Raises: TransitionNotAllowed unless it is proposed."""
        conferred = self._become(AwardStatus.CONFERRED, conferred_at=at)
        in_order(proposed_at=self.proposed_at, conferred_at=at)
        return conferred, (conferred._tell(AwardConferred, was=self, at=at),)

    def correct(self, *, at: datetime, **fix: Unpack[AwardFix]) -> tuple[Self, tuple[AwardEvent, ...]]:
        """Put wrongly entered facts right. Raises: TransitionNotAllowed once revoked."""
        if "conferred_at" in fix and self.conferred_at is None:
            raise InvalidInput.of("conferred_at", "is told by conferring the award")
        right = self._alter(**fix)
        in_order(proposed_at=right.proposed_at, conferred_at=right.conferred_at)
        return right, (right._tell(AwardCorrected, was=self, at=at),)

    def revoke(self, *, at: datetime, reason: str) -> tuple[Self, tuple[AwardEvent, ...]]:
        """Take it back. Raises: TransitionNotAllowed once revoked."""
        revoked = self._become(AwardStatus.REVOKED, revocation_reason=reason)
        return revoked, (revoked._tell(AwardRevoked, was=self, at=at),)

    @property
    def occurred_at(self) -> datetime:
        at = self.conferred_at or self.proposed_at
        assert at is not None  # `propose` takes none without either
        return at

    def facts(self) -> AwardFacts | None:
        """What figures need of it: never who is honoured; nothing once it is revoked."""
        if self.status is AwardStatus.REVOKED:
            return None
        return AwardFacts(
            kind=self.kind,
            issuer=self.issuer,
            recipient=self.recipient,
            for_year=self.for_year,
            proposed_at=self.proposed_at,
            conferred_at=self.conferred_at,
        )
