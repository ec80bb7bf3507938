"""How much is taken in freely, how hard the rest is, and when a turn comes; pure, the time comes in."""

from dataclasses import dataclass, field
from math import exp, log2
from typing import Final

LEAST_BITS: Final = 16  # 65,000 hashes: well under a second on a cheap telephone
MOST_BITS: Final = 20  # a million hashes: up to ten seconds there, which somebody in earnest still waits for
MEMORY_S: Final = 60.0  # how long a burst of requests is felt in the difficulty
SHORTEST_TURN_S: Final = 10.0
LONGEST_TURN_S: Final = 120.0  # longer, and people in earnest would go away


@dataclass(slots=True)
class Budget:
    """A bucket of what is taken in freely, reports or messages, filled at an even rate.

    Units: seconds of any clock that never goes back.
    """

    per_s: float
    burst: int
    _left: float = field(init=False)
    _at_s: float = field(init=False, default=0.0)
    _asked_per_s: float = field(init=False, default=0.0)
    _next_turn_s: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._left = float(self.burst)

    def take(self, now_s: float) -> bool:
        """Whether one more is within the budget; it is used up then."""
        passed_s = max(0.0, now_s - self._at_s)
        self._at_s = max(self._at_s, now_s)
        self._left = min(float(self.burst), self._left + passed_s * self.per_s)
        self._asked_per_s = self._asked_per_s * exp(-passed_s / MEMORY_S) + 1 / MEMORY_S
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    def bits(self) -> int:
        """How much work is asked for: twice as much for each doubling of what is asked above the rate."""
        load = self._asked_per_s / self.per_s
        return min(MOST_BITS, LEAST_BITS + max(0, int(log2(load))) if load > 1.0 else LEAST_BITS)

    def turn_s(self, now_s: float) -> float:
        """When whoever cannot work may come again: one after the other at the budget's rate, up to the longest turn."""
        following = max(self._next_turn_s, now_s + SHORTEST_TURN_S) + 1 / self.per_s
        # Kept as short as it was told: a flood of a minute would make everybody wait longest for hours.
        self._next_turn_s = min(following, now_s + LONGEST_TURN_S)
        return self._next_turn_s
