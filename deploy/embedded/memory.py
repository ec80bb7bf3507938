"""How much memory the embedded servers may take; owns the rule, the supervisor does the restarting."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path


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
    """Says when a server should be started anew: it holds more than `limit_mb`, for a reason that people are told.

    A server that keeps its facts in memory would be restarted for ever by a limit alone: with `growth`, what counts as
    too much is also that many times what it held `settle_s` after its start, when everything had been loaded.
    """

    def __init__(
        self,
        limit_mb: float,
        because: str,
        *,
        settle_s: float = 0.0,
        growth: float = 0.0,
        weigh: Callable[[int], float] = resident_mb,
    ) -> None:
        self._limit_mb = limit_mb
        self._because = because
        self._settle_s = settle_s
        self._growth = growth
        self._weigh = weigh
        self._settled: dict[int, float] = {}

    def __call__(self, pid: int, up_s: float) -> str | None:
        if up_s < self._settle_s:
            return None
        held_mb = self._weigh(pid)
        settled_mb = self._settled.setdefault(pid, held_mb)
        if held_mb <= max(self._limit_mb, self._growth * settled_mb):
            return None
        return f"it holds {held_mb:.0f} MB, because {self._because}"
