"""Divides totals and draws amounts; pure, and the same for the same generator."""

import math
from collections.abc import Sequence
from random import Random

_NORMAL_FROM = 30.0  # above this mean a rounded normal cannot be told from a Poisson draw in a demonstration


def allocate(total: int, weights: Sequence[float]) -> list[int]:
    """Whole shares in proportion to the weights that add up to exactly the total (largest remainders)."""
    if total == 0:
        return [0] * len(weights)
    whole = math.fsum(weights)
    exact = [total * weight / whole for weight in weights]
    shares = [math.floor(each) for each in exact]
    by_remainder = sorted(range(len(weights)), key=lambda index: shares[index] - exact[index])
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares


def poisson(rng: Random, mean: float) -> int:
    """How often something of this mean happens."""
    if mean > _NORMAL_FROM:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, product, happened = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        happened += 1
    return happened
