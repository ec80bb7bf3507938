"""How the answer about freshness tells which state is served and which ones are being built. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.stats.generations.control import Control, generation_of
from shared.contracts.stats import SelfCheck, WorkerBeat


def building(control: Control, *, served: str, own: str, now: datetime) -> dict[str, Any]:
    """The served state, and those beside it that have not been served yet, with how far they are.

    Shape: `own` is the generation of the process that answers; another one than the served state's shows that its
           version counts otherwise.
    """
    pointer = control.pointer
    former = {pointer.state for pointer in control.pointers}
    beside = control.others(served, now=now)
    return {
        "served": served,
        "generation": generation_of(served),
        "own": own,
        "since": pointer.at if pointer is not None and pointer.state == served else None,
        "building": [
            _progress(state, beats, _verdict(control, state))
            for state, beats in sorted(beside.items())
            if state not in former or (pointer is not None and pointer.state == state)
        ],
        "last_check": last_check(control),
    }


def last_check(control: Control) -> dict[str, Any] | None:
    """The newest self-check or rebuild in short."""
    found = [check for check in control.checks.values() if check.kind != "generation"]
    if not found:
        return None
    last = max(found, key=lambda check: check.ended_at)
    return {"id": last.id, "ended_at": last.ended_at, "outcome": last.outcome, "differing": last.differing}


def refusals(control: Control, now: datetime) -> int:
    """How many states that are being folded were refused, because their figures differ from the served ones."""
    served = control.pointer.state if control.pointer else ""
    verdicts = [_verdict(control, state) for state in control.others(served, now=now)]
    return sum(verdict is not None and verdict.outcome != "agrees" for verdict in verdicts)


def _verdict(control: Control, state: str) -> SelfCheck | None:
    found = [check for check in control.checks.values() if check.kind == "generation" and check.compared_with == state]
    return max(found, key=lambda check: check.ended_at, default=None)


def _progress(state: str, beats: Sequence[WorkerBeat], verdict: SelfCheck | None) -> dict[str, Any]:
    folded, waiting = sum(beat.folded for beat in beats), sum(beat.waiting for beat in beats)
    return {
        "state": state,
        "workers": len(beats),
        "progress": folded / (folded + waiting) if folded + waiting else None,
        "stage": "folding" if verdict is None else "switching" if verdict.outcome == "agrees" else "refused",
        "differing": None if verdict is None else verdict.differing,
        "compared_at": None if verdict is None else verdict.ended_at,
    }
