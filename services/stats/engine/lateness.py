"""How late events came, in a few bins per unit: from the time of the fact to its recording. Keeps no position."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

EDGES: Final = (
    timedelta(minutes=1),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=3),  # minutes are kept so long
    timedelta(days=14),
    timedelta(days=62),  # hours are kept so long
)
"""Where a bin ends and the next begins, each about four times the one before; the last bin has no end."""
BINS: Final = len(EDGES) + 1


class Lateness:
    """The events of one unit by how late they were recorded."""

    __slots__ = ("counts",)

    def __init__(self, counts: Sequence[int] = ()) -> None:
        self.counts = list(counts) or [0] * BINS

    def add(self, time: datetime, recorded: datetime) -> None:
        """Count one event; one that was recorded before its time, by a clock that runs ahead, is not late."""
        self.counts[bisect_right(EDGES, recorded - time)] += 1

    @property
    def total(self) -> int:
        """How many events are counted."""
        return sum(self.counts)
