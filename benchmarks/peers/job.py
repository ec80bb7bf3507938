"""What every contender has to do, and how it tells what it did. Standard library alone: peers have their own venv."""

import hashlib
import json
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

MINUTE_S: Final = 60
HOUR_S: Final = 3_600
DAY_S: Final = 86_400
LATEST_S: Final = 61 * DAY_S
"""How late an event may come and still has to count: what a peer calls grace."""

EQUAL_WORK: Final = "equal-work"
EQUAL_ANSWER: Final = "equal-answer"
BEST: Final = "best"
TRACKS: Final = {
    EQUAL_WORK: "one tumbling count an hour and unit, for all",
    EQUAL_ANSWER: "all five rolling windows of each unit, by each in its own idiom",
    BEST: "all five rolling windows of each unit, by peers from panes of a minute and an hour, summed when read",
}


@dataclass(frozen=True, slots=True)
class Window:
    """What a peer is to count by: of a length, and beginning with each step; a tumbling one where the two are equal."""

    id: str
    length_s: int
    step_s: int

    @property
    def tumbles(self) -> bool:
        return self.length_s == self.step_s

    def end_s(self, as_of_ms: int) -> int:
        """Where the window ends whose last pane holds an instant."""
        return (as_of_ms // 1_000 // self.step_s + 1) * self.step_s

    def start_s(self, as_of_ms: int) -> int:
        return self.end_s(as_of_ms) - self.length_s


ROLLING: Final = (
    Window("PT5M", 5 * MINUTE_S, MINUTE_S),
    Window("PT1H", HOUR_S, MINUTE_S),
    Window("PT24H", DAY_S, MINUTE_S),
    Window("P7D", 7 * DAY_S, HOUR_S),
    Window("P30D", 30 * DAY_S, HOUR_S),
)
MINUTES: Final = Window("minutes", MINUTE_S, MINUTE_S)
HOURS: Final = Window("hours", HOUR_S, HOUR_S)
COUNTED_BY: Final = {EQUAL_WORK: (HOURS,), EQUAL_ANSWER: ROLLING, BEST: (MINUTES, HOURS)}
"""The windows that a peer keeps in each track."""

Kept: TypeAlias = Mapping[str, Mapping[tuple[str, int], int]]
"""What a peer has counted: window -> (unit, beginning as Unix time) -> count."""

Answer: TypeAlias = Mapping[tuple[str, int | str], int]
"""(unit, hour as Unix time, or rolling window) -> count."""


def answer_of(track: str, kept: Kept, as_of_ms: int) -> Answer:
    """The answer of a track from what was counted for it."""
    if track == EQUAL_WORK:
        return {(unit, start): count for (unit, start), count in kept[HOURS.id].items()}
    if track == BEST:
        return summed(kept, as_of_ms)
    starts = {window.id: window.start_s(as_of_ms) for window in ROLLING}
    return {
        (unit, window): count
        for window, of_window in kept.items()
        for (unit, start), count in of_window.items()
        if start == starts[window]
    }


def summed(kept: Kept, as_of_ms: int) -> Answer:
    """The rolling windows from panes of a minute and of an hour."""
    answer: dict[tuple[str, int | str], int] = {}
    for window in ROLLING:
        start, end = window.start_s(as_of_ms), window.end_s(as_of_ms)
        panes = kept[MINUTES.id if window.step_s == MINUTE_S else HOURS.id]
        for (unit, at), count in panes.items():
            if start <= at < end:
                answer[unit, window.id] = answer.get((unit, window.id), 0) + count
    return answer


def digest(answer: Answer) -> str:
    """The same for the same counts, in whatever order; contenders in other languages make it too."""
    lines = sorted(f"{unit} {of} {count}\n" for (unit, of), count in answer.items() if count)
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Orders:
    """What a peer is told on its command line: BROKER TOPIC TRACK SECONDS COUNT GROUP."""

    broker: str
    topic: str
    track: str
    seconds: float
    count: int
    group: str

    @classmethod
    def of(cls, arguments: Sequence[str]) -> "Orders":
        broker, topic, track, seconds, count, group = arguments
        return cls(broker, topic, track, float(seconds), int(count), group)


class Run:
    """The stopwatch of one run and its tally of what was read: it begins with the first event."""

    def __init__(self, *, seconds: float, count: int) -> None:
        self.events = 0
        self.gaps = 0
        self.as_of_ms = 0
        self.over = False
        self._seconds, self._count = seconds, count
        self._read: dict[str, int] = {}
        self._began = self._began_cpu = self._ends = 0.0

    def saw(self, unit: str, position: int, at_ms: int) -> bool:
        """Whether this event still belongs to the run; one after its end does not, and must not be counted."""
        now = time.perf_counter()
        if not self.events:
            self._began, self._began_cpu, self._ends = now, time.process_time(), now + self._seconds
        if now >= self._ends:
            self.over = True
        if self.over:
            return False
        self.events += 1
        self.gaps += position != self._read.get(unit, 0) + 1
        self._read[unit] = position
        self.as_of_ms = max(self.as_of_ms, at_ms)
        self.over = self.events == self._count
        return True

    def result(self, track: str, kept: Kept) -> str:
        """The last line that a contender prints, once all is flushed and committed: windows are read on the clock."""
        if track == EQUAL_WORK:
            used = self._used()
            answer = answer_of(track, kept, self.as_of_ms)
        else:
            answer = answer_of(track, kept, self.as_of_ms)
            used = self._used()
        result: dict[str, Any] = {
            "events": self.events,
            "gaps": self.gaps,
            "as_of_ms": self.as_of_ms,
            "read": self._read,
            "wall_s": used[0],
            "cpu_s": used[1],
            "peak_mb": peak_mb(),
            "digest": digest(answer),
        }
        return json.dumps(result)

    def _used(self) -> tuple[float, float]:
        return time.perf_counter() - self._began, time.process_time() - self._began_cpu


def peak_mb() -> float:
    """The most memory this process has held; Linux tells it without what its parent held before."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1_024
