"""Whether two samples of times differ: Welch's t, with the slowest of both cut to one length."""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, quantiles, variance
from typing import Final

TELLS: Final = 4.5  # |t| beyond this tells two samples apart; of one cut, chance gets there 7 times in a million
# What a busy machine does to the slowest drowns what is looked for; which times it spares is not known ahead.
_CUTS_PERCENT: Final = (10, 25, 50, 75, 90, 99)


def welch_t(one: Sequence[float], other: Sequence[float]) -> float:
    """Welch's t of the two samples, at the cut where they differ most.

    Source: Reparaz, Balasch, Verbauwhede 2017, "Dude, is my code constant time?", DATE.
    """
    lengths = quantiles([*one, *other], n=100)
    return max((_t(one, other, longest=lengths[percent - 1]) for percent in _CUTS_PERCENT), key=abs)


def _t(one: Sequence[float], other: Sequence[float], *, longest: float) -> float:
    cut_one, cut_other = ([min(time, longest) for time in sample] for sample in (one, other))
    spread = variance(cut_one) / len(cut_one) + variance(cut_other) / len(cut_other)
    return (fmean(cut_one) - fmean(cut_other)) / sqrt(spread) if spread else 0.0
