"""How likely a count is by chance alone, given what was counted before. Pure; knows no unit and no metric.

Events are taken as Poisson with an unknown rate. What a baseline of counts says of the rate is a Gamma distribution,
and what it says of the next count the negative-binomial one that follows from it: with few events before, the rate is
uncertain and a tail is long.
Source: Gelman et al., Bayesian Data Analysis, 3rd edition, section 2.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma, log
from typing import Final

PRIOR_SHAPE: Final = 0.5  # Jeffreys: adds half an event to the baseline, so that none counted is not a rate of zero
NEGLIGIBLE: Final = 1e-12
STEADY_FROM: Final = 1.0  # events a window: below it, counts are too few to tell an uneven rate from chance


@dataclass(frozen=True, slots=True)
class Belief:
    """What is known of a rate: events (half of one from the prior) in so many windows' worth of evidence."""

    shape: float
    exposure: float

    @property
    def expected(self) -> float:
        """Events in one window."""
        return self.shape / self.exposure

    def at_least(self, count: int) -> float:
        """The probability of this many events or more in one window; 0 where it is too small for a float."""
        if count <= 0:
            return 1.0
        return self._from(count) if count > self.expected else 1.0 - self._below(count)

    def none_within(self, windows: float) -> float:
        """The probability of not a single event in so many windows."""
        return float((self.exposure / (self.exposure + windows)) ** self.shape)

    def _from(self, count: int) -> float:
        """The probability of this many or more; counted upwards from above the mean, where each term is less."""
        term = total = self._exactly(count)
        while term > NEGLIGIBLE * total:
            term *= (count + self.shape) / (count + 1) * self._stay
            count += 1
            total += term
        return min(total, 1.0)

    def _below(self, count: int) -> float:
        """The probability of fewer; counted downwards from the mean, where each term is less but for the last few."""
        count -= 1
        term = total = self._exactly(count)
        while count > 0:
            term *= count / (count - 1 + self.shape) / self._stay
            count -= 1
            total += term
        return min(total, 1.0)

    def _exactly(self, count: int) -> float:
        shape = self.shape
        return exp(
            lgamma(count + shape)
            - lgamma(shape)
            - lgamma(count + 1)
            + shape * log(self.exposure / (self.exposure + 1.0))
            + count * log(self._stay)
        )

    @property
    def _stay(self) -> float:
        return 1.0 / (self.exposure + 1.0)


def belief(days: Sequence[int], *, window_days: float) -> Belief:
    """What the counts of whole days say of the events in a window of so many days.

    Days that differ more than chance explains (weekends, campaigns) are worth less evidence: the tail grows until the
    spread of one window is the one that was seen.
    """
    windows = len(days) / window_days
    mean = sum(days) / len(days)
    per_window = mean * window_days
    worth = windows
    if per_window >= STEADY_FROM and mean > 0:
        spread = sum((count - mean) ** 2 for count in days) / (len(days) - 1) / mean
        if spread > 1:
            worth = min(windows, 1 / (spread - 1))
    return Belief((PRIOR_SHAPE + sum(days)) * worth / windows, worth)


def false_alarms_a_month(count: int, probability: float, *, window_days: float) -> float:
    """How often a month a figure that is watched all the time reaches this count by chance, at most.

    A sliding window reaches a count only when an event comes: per window that happens count * P(exactly count) times,
    which is at most count times the tail.
    """
    return 30.0 / window_days * count * probability


def silent_spells_a_month(per_day: float, probability: float) -> float:
    """How often a month a silence as improbable as this comes by chance: each event may be the last for so long."""
    return 30.0 * per_day * probability
