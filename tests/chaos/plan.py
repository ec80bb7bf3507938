"""Which faults come in which order: the same for the same seed. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Plan:
    """One run: how much work, for how long, and what happens meanwhile."""

    seed: int
    seconds: float
    events: int
    events_per_s: float
    faults: tuple[str, ...]
    fence: bool

    def rng(self, purpose: str) -> Random:
        """Luck of its own for each purpose, so that one cannot shift the other."""
        return Random(f"{self.seed} {purpose}")

    def due_s(self, number: int) -> float:
        """When the fault of this number begins at the earliest, from the beginning of the run."""
        return self.seconds * number / max(len(self.faults), 1)


def shuffled(seed: int, kinds: Iterable[str], each: int) -> tuple[str, ...]:
    """Each kind so many times, in an order that the seed decides."""
    faults = [kind for kind in kinds for _ in range(each)]
    Random(f"{seed} order").shuffle(faults)
    return tuple(faults)
