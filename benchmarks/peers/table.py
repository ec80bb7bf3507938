"""What was measured, as one table of ratios and the goals beside it; pure, runs nothing."""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.peers.job import BEST, EQUAL_ANSWER, EQUAL_WORK, TRACKS

Run = Mapping[str, Any]
OURS: Final = "ours"
BASE: Final = (126, 0.0)
"""(units, share of late events) that everything is compared at; the others are sweeps."""
A_LITTLE: Final = 0.95
"""A run ends with its last flush, or where it was told to: of its length so much may be missing."""


@dataclass(frozen=True, slots=True)
class Row:
    """The runs of one contender in one track over one topic."""

    track: str
    units: int
    late_ratio: float
    contender: str
    runs: tuple[Run, ...]

    @property
    def verdict(self) -> str:
        failed = [run["failed"] for run in self.runs if run.get("failed")]
        if failed:
            return f"FAILED: {failed[0]}"
        if any(run["right"] is False for run in self.runs):
            return "WRONG"
        return "none asked" if self.runs[0]["right"] is None else "right"

    @property
    def rate(self) -> float | None:
        """Events per CPU-second, the median of the runs; none where an answer was wrong, or nothing was measured."""
        if self.verdict not in ("right", "none asked"):
            return None
        return statistics.median(float(run["events"] / run["cpu_s"]) for run in self.runs)

    @property
    def wall_rate(self) -> float:
        return statistics.median(float(run["events"] / run["wall_s"]) for run in self.runs)

    @property
    def peak_mb(self) -> float:
        return max(float(run["peak_mb"]) for run in self.runs)

    @property
    def shortest_s(self) -> float:
        return min(float(run["wall_s"]) for run in self.runs)


def rows(runs: Iterable[Run]) -> list[Row]:
    """The runs by what they have in common, in the order in which they came first."""
    found: dict[tuple[str, int, float, str], list[Run]] = {}
    for run in runs:
        found.setdefault((run["track"], run["units"], run["late_ratio"], run["contender"]), []).append(run)
    return [Row(*of, tuple(together)) for of, together in found.items()]


def ratio(found: Sequence[Row], track: str, one: str, other: str, at: tuple[int, float] = BASE) -> float | None:
    """How many times as many events per CPU-second one has than another."""
    rates = {row.contender: row.rate for row in found if row.track == track and (row.units, row.late_ratio) == at}
    mine, theirs = rates.get(one), rates.get(other)
    return None if mine is None or theirs is None else mine / theirs


@dataclass(frozen=True, slots=True)
class Goal:
    """What was aimed at, and what came out: at least `least`, or at most `most`."""

    text: str
    value: float | None
    least: float | None = None
    most: float | None = None

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        enough = (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)
        return "met" if enough else "NOT met"


def goals(found: Sequence[Row]) -> list[Goal]:
    """What we aim at, per CPU-second."""
    dearer = {point: _dearer(found, point) for point in dict.fromkeys((row.units, row.late_ratio) for row in found)}
    return [
        Goal("3 × Kafka Streams, equal work", ratio(found, EQUAL_WORK, OURS, "kafka-streams"), least=3),
        Goal("3 × Kafka Streams, its best", ratio(found, BEST, OURS, "kafka-streams"), least=3),
        Goal("20 × Kafka Streams, own idiom", ratio(found, EQUAL_ANSWER, OURS, "kafka-streams"), least=20),
        Goal("50 × naive Faust, equal work", ratio(found, EQUAL_WORK, OURS, "faust"), least=50),
        Goal("60 % of decode only", ratio(found, EQUAL_WORK, OURS, "decode"), least=0.6),
        Goal("1.5 × the cost at 3,321 units", dearer.get((3_321, BASE[1])), most=1.5),
        *(
            Goal(f"1.3 × the cost with {late:.0%} late", cost, most=1.3)
            for (units, late), cost in dearer.items()
            if units == BASE[0] and late
        ),
    ]


def _dearer(found: Sequence[Row], at: tuple[int, float]) -> float | None:
    rates = {(row.units, row.late_ratio): row.rate for row in found if (row.track, row.contender) == (EQUAL_WORK, OURS)}
    base, there = rates.get(BASE), rates.get(at)
    return None if base is None or there is None else base / there


def table(found: Sequence[Row], *, seconds: float) -> str:
    """Everything for people: medians, ratios, goals."""
    lines: list[str] = []
    for track, units, late in dict.fromkeys((row.track, row.units, row.late_ratio) for row in found):
        lines += ["", f"{track}: {TRACKS[track]}", f"{units:,} units, {late:.0%} of the events late", HEADING]
        together = [row for row in found if (row.track, row.units, row.late_ratio) == (track, units, late)]
        lines += (_line(row, ratio(found, track, OURS, row.contender, (units, late)), seconds) for row in together)
    return "\n".join([*lines, "", *_goal_lines(found)])


HEADING: Final = f"{'':<14} {'events/CPU-s':>13} {'events/s':>10} {'peak MB':>8} {'ours is':>8}  answer"


def _line(row: Row, ours_is: float | None, seconds: float) -> str:
    if row.rate is None:
        return f"{row.contender:<14} {row.verdict}"
    times = "" if ours_is is None else f"{ours_is:.2f} ×"
    figures = f"{row.rate:>13,.0f} {row.wall_rate:>10,.0f} {row.peak_mb:>8,.0f} {times:>8}"
    short = f" (a run of {row.shortest_s:.0f} s)" if row.shortest_s < A_LITTLE * seconds else ""
    return f"{row.contender:<14} {figures}  {row.verdict}{short}"


def _goal_lines(found: Sequence[Row]) -> Iterator[str]:
    yield "Goals, events per CPU-second"
    for goal in goals(found):
        value = "" if goal.value is None else f"{goal.value:.2f}"
        yield f"  {goal.text:<32} {value:>7}  {goal.verdict}"
