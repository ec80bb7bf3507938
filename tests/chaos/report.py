"""What a chaos run found: as JSON for machines and as a table for people. Judges, and breaks nothing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.chaos.oracle import Cells
from tests.chaos.plan import Plan

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Check:
    """The figures held against the oracle at one moment."""

    at_s: float
    events: int
    compared: int
    differing: int
    examples: tuple[str, ...] = ()

    @classmethod
    def of(cls, served: Cells, expected: Cells, *, at_s: float, events: int) -> "Check":
        cells = served.keys() | expected.keys()
        wrong = sorted(cell for cell in cells if served[cell] != expected[cell])
        examples = tuple(f"{' '.join(map(str, cell))}: {served[cell]}, not {expected[cell]}" for cell in wrong[:SHOWN])
        return cls(round(at_s, 1), events, len(cells), len(wrong), examples)


@dataclass(frozen=True, slots=True)
class Happened:
    """One fault: confirmed, or why not."""

    kind: str
    at_s: float
    took_s: float
    confirmed: bool
    saw: str


@dataclass(slots=True)
class Report:
    """Everything about one run."""

    plan: Plan
    broker: str
    store: str
    seconds: float = 0.0
    events: int = 0
    faults: list[Happened] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    holes: Mapping[str, Any] = field(default_factory=dict)
    failure: str | None = None

    @property
    def differing(self) -> int:
        return sum(check.differing for check in self.checks)

    @property
    def is_clean(self) -> bool:
        """All that was planned happened, something was compared, and nothing differs or is missing."""
        confirmed = Counter(fault.kind for fault in self.faults if fault.confirmed)
        return (
            self.failure is None
            and bool(self.checks)
            and all(check.compared > 0 for check in self.checks)
            and self.differing == 0
            and not self.holes
            and self.events >= self.plan.events
            and confirmed == Counter(self.plan.faults)
        )

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "differing": self.differing, "clean": self.is_clean}

    def table(self) -> str:
        """What an engineer reads at the end."""
        lines = [f"{'fault':<36} {'planned':>8} {'confirmed':>10} {'longest':>9}"]
        for kind, planned in Counter(self.plan.faults).items():
            some = [fault for fault in self.faults if fault.kind == kind and fault.confirmed]
            longest_s = max((fault.took_s for fault in some), default=0.0)
            lines.append(f"{kind:<36} {planned:>8} {len(some):>10} {longest_s:>7.1f} s")
        lines.append(f"{'':<36} {len(self.plan.faults):>8} {sum(fault.confirmed for fault in self.faults):>10}")
        lines += [
            "",
            f"{self.events:,} events in {self.seconds:.0f} s on {self.broker}; {self.store}",
            "real: outbox, store, relay, broker, workers, reader; made up: the work of the services",
            *(f"! not confirmed: {fault.kind}: {fault.saw}" for fault in self.faults if not fault.confirmed),
            *(
                f"  {check.compared:>9,} figures at {check.at_s:>6.1f} s, {check.differing:,} differ"
                for check in self.checks
            ),
            *(f"! {example}" for check in self.checks for example in check.examples),
            *(f"! {unit} is not whole: {hole}" for unit, hole in self.holes.items()),
            *([f"! {self.failure}"] if self.failure else []),
            f"seed {self.plan.seed}, fence {'on' if self.plan.fence else 'OFF'}: "
            f"{self.differing:,} differing figures, {len(self.holes)} holes, {'clean' if self.is_clean else 'FAILED'}",
        ]
        return "\n".join(lines)
