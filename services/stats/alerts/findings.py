"""What a look at the figures finds: per rule and unit whether something is up, or why nobody can tell. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from shared.contracts.alerts import AlertKind, Severity


class Finding(Enum):
    """Between the two there is a band in which an alert neither begins nor ends: it would flicker otherwise."""

    FIRING = auto()
    HOLDING = auto()
    QUIET = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What one rule sees in one unit. `expected` is the baseline's word, or the limit."""

    finding: Finding
    rule: str
    kind: AlertKind
    severity: Severity
    unit: str
    start: datetime
    end: datetime
    metric: str | None = None
    topic: str | None = None
    figure: float | None = None
    expected: float | None = None
    probability: float | None = None
    text_vi: str = ""
    text_en: str = ""

    @property
    def key(self) -> str:
        return f"{self.rule}/{self.unit}"


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why a rule says nothing about a unit, or (without one) about any."""

    rule: str
    unit: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Steps:
    """What has to be done: alerts to raise, and keys of open ones that are over."""

    to_raise: tuple[Observation, ...]
    to_clear: tuple[str, ...]


def steps(observations: Iterable[Observation], open_keys: Mapping[str, object], *, scope: frozenset[str]) -> Steps:
    """Raise what fires and is not open; clear what is quiet, and what lies in the scope of no rule any more."""
    seen = list(observations)
    return Steps(
        tuple(each for each in seen if each.finding is Finding.FIRING and each.key not in open_keys),
        (
            *(each.key for each in seen if each.finding is Finding.QUIET and each.key in open_keys),
            *(key for key in open_keys if key not in scope),
        ),
    )
