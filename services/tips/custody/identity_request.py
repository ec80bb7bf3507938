"""The life of a request to open who gave a tip: requested, approved by a second person, refused; must not do I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final, Self

from shared.aggregate import Aggregate
from shared.contracts.base import Facts
from shared.contracts.tips import TipStream
from shared.errors import Forbidden, TransitionNotAllowed


class IdentityRequestStatus(StrEnum):
    """What was decided."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"


TRANSITIONS: Final[Mapping[IdentityRequestStatus, frozenset[IdentityRequestStatus]]] = {
    IdentityRequestStatus.REQUESTED: frozenset({IdentityRequestStatus.APPROVED, IdentityRequestStatus.REFUSED}),
    IdentityRequestStatus.APPROVED: frozenset(),
    IdentityRequestStatus.REFUSED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRequest(Aggregate):
    """Somebody's wish to know who gave one tip. It opens nothing by itself, and its reason is sealed apart from it."""

    NOUN: ClassVar = "identity request"
    TRANSITIONS: ClassVar = TRANSITIONS

    status: IdentityRequestStatus = IdentityRequestStatus.REQUESTED
    tip: str
    stream: TipStream
    number: int
    """Which of the tip's reasons is that of this request."""
    requested_by: str
    requested_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    opens_until: datetime | None = None

    def approve(self, *, by: str, at: datetime, for_: timedelta) -> Self:
        """Let the identity be opened for some time. Raises: Forbidden for whoever asked; TransitionNotAllowed."""
        return replace(self._decide(IdentityRequestStatus.APPROVED, by=by, at=at), opens_until=at + for_)

    def refuse(self, *, by: str, at: datetime) -> Self:
        """Let it not be opened. Raises: Forbidden for whoever asked; TransitionNotAllowed."""
        return self._decide(IdentityRequestStatus.REFUSED, by=by, at=at)

    def follow(self, unit: str) -> Self:
        """The request within the unit that its tip lies in by now, whose people decide and watch from then on."""
        return replace(self, unit=unit, version=self.version + 1)

    def require_open(self, *, at: datetime) -> None:
        """Raises: TransitionNotAllowed unless it is approved and its time is not over."""
        if self.opens_until is None:
            raise TransitionNotAllowed(f"The identity request is {self.status}: it opens nothing.")
        if at >= self.opens_until:
            raise TransitionNotAllowed("The time in which the identity could be opened is over: ask anew.")

    @property
    def occurred_at(self) -> datetime:
        return self.requested_at

    def facts(self) -> Facts | None:
        """No figure counts requests."""
        return None

    def _decide(self, status: IdentityRequestStatus, *, by: str, at: datetime) -> Self:
        if by == self.requested_by:
            raise Forbidden("Whoever asked cannot decide: it takes a second person.")
        return self._become(status, decided_by=by, decided_at=at)
