"""What a look at the figures finds: per rule and unit whether something is up, or why nobody can tell. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import TypeAlias

from shared.contracts.alerts import AlertKind, ClearedReason, Severity


class Finding(Enum):
    """Between the two there is a band in which an alert neither begins nor ends: it would flicker otherwise."""

    FIRING = auto()
    HOLDING = auto()
    QUIET = auto()

    @property
    def over(self) -> ClearedReason | None:
        """Why an open alert is over, if it is."""
        return ClearedReason.CALM if self is Finding.QUIET else None


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

    @property
    def over(self) -> ClearedReason | None:
        return self.finding.over


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why a rule says nothing about a unit, or (without one) about any; `over` if an open alert is over even so."""

    rule: str
    unit: str | None
    reason: str
    over: ClearedReason | None = None

    @property
    def key(self) -> str:
        return f"{self.rule}/{self.unit}"


Found: TypeAlias = Observation | Withheld


@dataclass(frozen=True, slots=True)
class Steps:
    """What has to be done: alerts to raise, and open ones that are over, by key, and why."""

    to_raise: tuple[Observation, ...]
    to_clear: Mapping[str, ClearedReason]


def steps(found: Iterable[Found], open_keys: Mapping[str, object], *, scope: frozenset[str]) -> Steps:
    """Raise what fires and is not open; clear what is over, and what lies in the scope of no rule any more."""
    seen = list(found)
    firing = (each for each in seen if isinstance(each, Observation) and each.finding is Finding.FIRING)
    over = {each.key: each.over for each in seen if each.over is not None and each.key in open_keys}
    unwatched = {key: ClearedReason.NOT_WATCHED for key in open_keys if key not in scope}
    return Steps(tuple(each for each in firing if each.key not in open_keys), over | unwatched)
