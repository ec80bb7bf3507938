"""What aggregates have in common: identity, unit, version and a table of states; must not know any store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any, ClassVar, Self, TypeVar

from shared.contracts.base import Change, Event, Facts
from shared.errors import InvalidInput, TransitionNotAllowed

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """A thing with a life of its own. It never changes: each step gives its next version and the events of the step.

    Shape: TRANSITIONS maps a status to those that may follow; a status without followers is final.
    """

    NOUN: ClassVar[str]
    TRANSITIONS: ClassVar[Mapping[Any, frozenset[Any]]]
    CHANGE: ClassVar[type[Change[Any]]]

    id: str
    unit: str
    version: int = 1
    status: StrEnum

    @property
    def occurred_at(self) -> datetime:
        """The time by which lists are ordered."""
        raise NotImplementedError

    def facts(self) -> Facts | None:
        """What figures need of it, as it stands; None once it counts nowhere."""
        raise NotImplementedError

    def _become(self, status: StrEnum, **changes: Any) -> Self:
        """The next version in another status. Raises: TransitionNotAllowed unless the table has this step."""
        if status not in self.TRANSITIONS[self.status]:
            raise TransitionNotAllowed(f"A {self.NOUN} that is {_words(self.status)} cannot become {_words(status)}.")
        return replace(self, status=status, version=self.version + 1, **changes)

    def _alter(self, **changes: Any) -> Self:
        """The next version in the same status. Raises: TransitionNotAllowed in a final status."""
        if not self.TRANSITIONS[self.status]:
            raise TransitionNotAllowed(f"A {self.NOUN} that is {_words(self.status)} cannot be changed any more.")
        return replace(self, version=self.version + 1, **changes)

    def _tell(self, event: Callable[..., E], *, was: "Aggregate | None", at: datetime) -> E:
        """The event of the step from `was` (None: from nothing) to this version."""
        change = self.CHANGE(was=was.facts() if was else None, is_=self.facts())
        return event(time=at, subject=self.id, partitionkey=self.unit, data=change)


def in_order(**times: datetime | None) -> None:
    """Raises: InvalidInput for the first time that lies before the one named ahead of it; missing ones are passed."""
    told = [(name, at) for name, at in times.items() if at is not None]
    for (earlier_name, earlier), (name, at) in pairwise(told):
        if at < earlier:
            raise InvalidInput.of(name, f"must not lie before {earlier_name}")


def _words(status: StrEnum) -> str:
    return status.value.replace("_", " ")
