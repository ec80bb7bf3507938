"""Made-up lives of aggregates of every kind, drawn from the contracts themselves; seeded, and does no I/O.

An event type or a fact that is added to a contract is drawn from the same day on. What services would never publish may
come too: facts in any combination, since figures must be right whatever an owner tells.
"""

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from random import Random
from typing import Any, Final, Union, get_args, get_origin

from annotated_types import Ge
from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from shared.contracts.base import Event, Facts

Moment = Callable[[Random], datetime]

BACK_RATIO: Final = 0.5  # of aggregates that were set aside and are drawn again
GONE_RATIO: Final = 0.2
MOVED_RATIO: Final = 0.1


@dataclass(slots=True)
class Lives:
    """The events of one kind of aggregate in some units, each with its facts before and after.

    `moment` says when something happens, `groups` which residential groups there are.
    """

    rng: Random
    types: Sequence[type[Event]]
    units: Sequence[str]
    groups: Sequence[str | None]
    moment: Moment
    name: str
    subjects: int = 8
    _latest: dict[tuple[str, str], Facts | None] = field(default_factory=dict)
    _turns: list[type[Event]] = field(default_factory=list)

    def next(self) -> list[Event]:
        """One event, or two that belong together: an aggregate begins, changes, goes, comes back, or moves on."""
        subject = f"{self.name}-{self.rng.randrange(self.subjects)}"
        unit = self._where(subject)
        was = self._latest.get((unit, subject))
        if was is not None and self.rng.random() < MOVED_RATIO:
            there = self.rng.choice(self.units)
            return [self._event(subject, unit, was, None), self._event(subject, there, None, was)]
        if was is not None and self.rng.random() < GONE_RATIO:
            return [self._event(subject, unit, was, None)]
        return [self._event(subject, unit, was, self._facts())]

    def _where(self, subject: str) -> str:
        """The unit in which the aggregate lives; of one that does not, any."""
        living = [unit for (unit, each), facts in self._latest.items() if each == subject and facts is not None]
        return living[0] if living else self.rng.choice(self.units)

    def _event(self, subject: str, unit: str, was: Facts | None, is_: Facts | None) -> Event:
        self._latest[unit, subject] = is_
        if not self._turns:  # each type in turn, so that none is left out
            self._turns = self.rng.sample(list(self.types), len(self.types))
        type_: Any = self._turns.pop()
        change: type[BaseModel] = _part(type_, "data")
        beside = {name: info for name, info in change.model_fields.items() if name not in ("was", "is_")}
        data = change.model_validate({"was": was, "is": is_, **self._all_of(beside)})
        event: Event = type_(time=self.moment(self.rng), subject=subject, partitionkey=unit, data=data)
        return event

    def _facts(self) -> Facts:
        facts: type[Facts] = _member(_part(self.types[0], "data").model_fields["is_"].annotation)
        return facts(**self._all_of(facts.model_fields))

    def _all_of(self, fields: Mapping[str, FieldInfo]) -> dict[str, Any]:
        drawn = {}
        for name, info in fields.items():
            least = next((each.ge for each in info.metadata if isinstance(each, Ge)), 0)
            drawn[name] = self._drawn(name, info.annotation, least)
        return drawn

    def _drawn(self, name: str, kind: Any, least: Any = 0) -> Any:
        options = get_args(kind)
        if get_origin(kind) in (Union, types.UnionType):
            if type(None) in options and self.rng.random() < 0.5:
                return None
            return self._drawn(name, _member(kind), least)
        if get_origin(kind) is tuple:
            return tuple(self._drawn(name, options[0]) for _ in range(self.rng.randrange(3)))
        if "residential_group" in name:
            return self.rng.choice([group for group in self.groups if group is not None])
        if kind is AwareDatetime:
            return self.moment(self.rng)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return self.rng.choice(list(kind))
        drawn: dict[Any, Callable[[], Any]] = {
            bool: lambda: self.rng.random() < 0.5,
            int: lambda: least + self.rng.randrange(9),
            str: lambda: self.rng.choice(["noise", "theft", "fire"]),
            date: lambda: self.moment(self.rng).date(),
        }
        return drawn[kind]()


def by_kind(events: Sequence[type[Event]]) -> dict[str, list[type[Event]]]:
    """Event types by the kind of aggregate that they are about."""
    found: dict[str, list[type[Event]]] = {}
    for each in events:
        found.setdefault(each.event_type().partition(".")[0], []).append(each)
    return found


def _part(model: type[BaseModel], name: str) -> Any:
    return _member(model.model_fields[name].annotation)


def _member(annotation: Any) -> Any:
    """What is there unless it is left out."""
    options = [each for each in get_args(annotation) if each is not type(None)]
    return options[0] if options else annotation
