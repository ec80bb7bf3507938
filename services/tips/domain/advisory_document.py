"""The life of an advisory document: issued, withdrawn; must not do I/O."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self

from shared.aggregate import Aggregate, in_order
from shared.contracts.tips import (
    Addressee,
    AdvisoryDocumentChange,
    AdvisoryDocumentEvent,
    AdvisoryDocumentFacts,
    AdvisoryDocumentIssued,
    AdvisoryDocumentWithdrawn,
)


class AdvisoryDocumentStatus(StrEnum):
    """Whether a document stands."""

    ISSUED = "issued"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoryDocument(Aggregate):
    """A paper in which the police advise an authority, and the tips it rests on."""

    NOUN: ClassVar = "advisory document"
    TRANSITIONS: ClassVar[Mapping[AdvisoryDocumentStatus, frozenset[AdvisoryDocumentStatus]]] = {
        AdvisoryDocumentStatus.ISSUED: frozenset({AdvisoryDocumentStatus.WITHDRAWN}),
        AdvisoryDocumentStatus.WITHDRAWN: frozenset(),
    }
    CHANGE: ClassVar = AdvisoryDocumentChange

    status: AdvisoryDocumentStatus
    addressee: Addressee
    issued_at: datetime
    withdrawn_at: datetime | None = None
    rests_on: tuple[str, ...]

    @classmethod
    def issue(
        cls, *, id: str, unit: str, addressee: Addressee, issued_at: datetime, rests_on: tuple[str, ...]
    ) -> tuple[Self, tuple[AdvisoryDocumentEvent, ...]]:
        """A document that went out."""
        document = cls(
            id=id,
            unit=unit,
            status=AdvisoryDocumentStatus.ISSUED,
            addressee=addressee,
            issued_at=issued_at,
            rests_on=rests_on,
        )
        return document, (document._told(AdvisoryDocumentIssued, was=None, at=issued_at),)

    def withdraw(self, *, at: datetime) -> tuple[Self, tuple[AdvisoryDocumentEvent, ...]]:
        """Take it back. Raises: TransitionNotAllowed once withdrawn."""
        in_order(issued_at=self.issued_at, at=at)
        withdrawn = self._become(AdvisoryDocumentStatus.WITHDRAWN, withdrawn_at=at)
        return withdrawn, (withdrawn._told(AdvisoryDocumentWithdrawn, was=self, at=at),)

    @property
    def occurred_at(self) -> datetime:
        return self.issued_at

    def facts(self) -> AdvisoryDocumentFacts | None:
        """What figures need of it; nothing once it is withdrawn."""
        if self.status is AdvisoryDocumentStatus.WITHDRAWN:
            return None
        return AdvisoryDocumentFacts(addressee=self.addressee, issued_at=self.issued_at)

    def _told(
        self, event: Callable[..., AdvisoryDocumentEvent], *, was: "AdvisoryDocument | None", at: datetime
    ) -> AdvisoryDocumentEvent:
        change = AdvisoryDocumentChange(was=was.facts() if was else None, is_=self.facts(), rests_on=self.rests_on)
        return event(time=at, subject=self.id, partitionkey=self.unit, data=change)
