"""What a metric is: its unit of measure, what it counts, how it may be added up. Declares none."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic

from services.stats.catalogue.facts import F, FactKind


@dataclass(frozen=True, slots=True)
class Measure:
    """A unit of measure: what one of the counted things is called."""

    vi: str
    en: str


class Kind(StrEnum):
    """How a figure comes about over an interval."""

    ADDITIVE = "additive"
    LEVEL = "level"
    RATIO = "ratio"
    PERCENTILE = "percentile"


class Good(StrEnum):
    """Which direction of change is good news."""

    UP = "up"
    DOWN = "down"
    NEUTRAL = "neutral"


def one(_: object) -> int:
    """What most facts count for."""
    return 1


@dataclass(frozen=True)
class Counted(Generic[F]):
    """One contribution of an aggregate's facts: `amount` at the instant `at`, nothing where `at` gives none."""

    of: FactKind[F]
    at: Callable[[F], datetime | None]
    amount: Callable[[F], int] = one


@dataclass(frozen=True)
class Metric(Generic[F]):
    """One figure that events add up to. It counts one type of facts, so that unlike things never become one sum.

    A level is the sum of everything before an instant, an additive metric the sum over an interval. One that counts
    `ahead` does so at times that were planned or set: they may lie in the future, where its figures do not reach, and
    a day on which one falls does not show that anybody reported.
    Raises: TypeError where a type checker was not asked and `counts` mixes facts.
    """

    id: str
    measure: Measure
    title_vi: str
    title_en: str
    explanation_vi: str
    explanation_en: str
    counts: tuple[Counted[F], ...]
    kind: Kind = Kind.ADDITIVE
    good: Good = Good.NEUTRAL
    headline: bool = False
    family: str | None = None
    ahead: bool = False

    def __post_init__(self) -> None:
        kinds = {counted.of for counted in self.counts}
        if len(kinds) != 1:
            raise TypeError(f"{self.id} would add up {', '.join(sorted(kind.facts.__name__ for kind in kinds))}")

    @property
    def of(self) -> FactKind[F]:
        """The kind of aggregate that it counts."""
        return self.counts[0].of

    @property
    def unit_vi(self) -> str:
        return self.measure.vi

    @property
    def unit_en(self) -> str:
        return self.measure.en

    @property
    def topic(self) -> str:
        """The one topic that feeds the metric."""
        return self.of.topic.name


@dataclass(frozen=True)
class Ratio:
    """One figure divided by another over the same interval, times `factor`; both are served beside it."""

    id: str
    unit_vi: str
    unit_en: str
    title_vi: str
    title_en: str
    explanation_vi: str
    explanation_en: str
    numerator: Metric[Any]
    denominator: Metric[Any]
    factor: int
    good: Good = Good.NEUTRAL
    headline: bool = False

    @property
    def kind(self) -> Kind:
        return Kind.RATIO

    def of(self, numerator: int, denominator: int) -> float | None:
        """The ratio; None where there is nothing to divide by."""
        return None if denominator == 0 else numerator * self.factor / denominator
