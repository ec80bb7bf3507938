"""How much memory the embedded broker may take; owns the rule, the supervisor does the restarting."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

SETTLE_S: Final = 900.0  # a history or a rebuild is in the broker by then, and is no growth
GROWTH: Final = 1.5


def resident_mb(pid: int) -> float:
    """The memory that a process holds now; 0 when that cannot be told."""
    statm = Path(f"/proc/{pid}/statm")
    try:
        if statm.exists():
            return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return int(told.stdout or 0) * 1024 / 1e6
    except (OSError, ValueError):
        return 0.0


class MemoryLimit:
    """Says when a broker that never compacts should be started anew, empty.

    The facts themselves must stay in it, so a limit alone would restart a large broker for ever: what counts as too
    much is also half as much again as it held once everything had been loaded.
    """

    def __init__(self, limit_mb: float, *, weigh: Callable[[int], float] = resident_mb) -> None:
        self._limit_mb = limit_mb
        self._weigh = weigh
        self._settled: dict[int, float] = {}

    def __call__(self, pid: int, up_s: float) -> str | None:
        if up_s < SETTLE_S:
            return None
        held_mb = self._weigh(pid)
        settled_mb = self._settled.setdefault(pid, held_mb)
        if held_mb <= max(self._limit_mb, GROWTH * settled_mb):
            return None
        return f"it holds {held_mb:.0f} MB, because it never compacts; everything is published to it again"
