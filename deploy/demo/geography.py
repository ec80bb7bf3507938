"""Which units the demonstration's facts lie in, and how large a share each gets; owns no table of units."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Final

from deploy.demo.published import HANOI
from shared.places import MERGERS, REFORM, Kind, places

_DAY: Final = timedelta(days=1)
# People per unit are not among the tables of places. Former communes were drawn to hold comparable numbers of people,
# wards more of them, so the number of former units behind a unit of today stands for its size.
_SIZE: Final[Mapping[Kind, float]] = {Kind.WARD: 1.3, Kind.TOWNSHIP: 1.15}


@dataclass(frozen=True, slots=True)
class Era:
    """Days on which the map stayed the same: from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def map_since(self) -> date:
        """The first day of the map, as far as its beginning is known."""
        return max(day for day in (date.min, MERGERS, REFORM) if day <= self.first)


def eras(first: date, last: date) -> list[Era]:
    """The days from first to last, divided where the map of communes changed."""
    starts = [first, *(day for day in (MERGERS, REFORM) if first < day <= last)]
    ends = [*(day - _DAY for day in starts[1:]), last]
    return [Era(start, end) for start, end in zip(starts, ends, strict=True)]


@cache
def weights(topic: str, on: date) -> Mapping[str, float]:
    """How the facts of a topic fall on Hanoi's communes of that day, by code; only ratios count."""
    known = places()
    if on < REFORM:
        sizes = {unit.code: _size(unit.kind, unit.code) for unit in known.historic_communes_of(HANOI, on)}
    else:
        sizes = {
            unit.code: sum(
                _size(former.kind, code) / len(former.successors)
                for code in unit.predecessors
                if (former := known.get(code, REFORM - _DAY)) is not None
            )
            for unit in known.communes_of(HANOI)
        }
    return {code: size * _lognormal(f"{topic}/{code}", 0.22) for code, size in sizes.items()}


def shares(topic: str, on: date) -> dict[str, float]:
    """The same as shares of the city."""
    by_unit = weights(topic, on)
    whole = math.fsum(by_unit.values())
    return {unit: weight / whole for unit, weight in by_unit.items()}


def _size(kind: Kind, code: str) -> float:
    return _SIZE.get(kind, 1.0) * _lognormal(f"size/{code}", 0.2)


def _lognormal(seed: str, sigma: float) -> float:
    return math.exp(Random(seed).gauss(0.0, sigma))
