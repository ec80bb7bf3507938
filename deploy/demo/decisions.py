"""What the simulator lets happen, when and where; pure: the same generator and the same moment decide the same.

Facts take the course they take in the city, only faster after their beginning: an officer looks at a tip within minutes
where it would be hours, so that somebody who watches sees a whole life.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from deploy.demo.facts import (
    CHANNELS,
    CONFIRMED,
    REFUTED,
    SECURITY_INFORMATION,
    SERIES,
    Content,
    Series,
    Span,
    choose,
)
from deploy.demo.geography import weights
from deploy.demo.honours import SIMULATED
from deploy.demo.rhythm import DAY_S, OFFICE, Rhythm, text
from shared.places import REFORM

AWARDS: Final = "award"
AWARDS_PER_DAY: Final = 1.5  # no report tells it; enough to see one now and then
RATES: Final[Mapping[str, tuple[float, Rhythm]]] = {
    **{series.name: (series.per_day, series.rhythm) for series in SERIES},
    AWARDS: (AWARDS_PER_DAY, OFFICE),
}
"""How often a day each kind of fact begins in the city, and when."""
BY_NAME: Final = {series.name: series for series in SERIES}
CORRECTED: Final = 0.02
VOIDED: Final = 0.004
RELOCATED: Final = 0.01
ROUNDS_MIN: Final = (2.0, 8.0, 20.0, 45.0)
"""After so many minutes an officer looks at what came in."""
PLANNED_MIN: Final = 45
"""How long a patrol is meant to take; some are back later, and overdue until then."""
_TEXT: Final = f"Phản ánh được tạo tự động ({SIMULATED})."


def next_arrival(rng: Random, kind: str, after: float, pace: float) -> float:
    """The moment of the next fact of a kind: a Poisson process that follows the hours of the day."""
    per_day, rhythm = RATES[kind]
    peak = per_day * pace / DAY_S * rhythm.peak
    moment = after
    while True:
        moment += rng.expovariate(peak)
        if rng.random() * rhythm.peak < rhythm.intensity(moment):
            return moment


def unit_for(rng: Random, kind: str) -> str:
    """A commune of today."""
    shares = weights(kind, REFORM)
    return rng.choices(list(shares), list(shares.values()))[0]


@dataclass(frozen=True, slots=True)
class PatrolPlan:
    """A patrol that sets out, and what becomes of it."""

    body: Content
    minutes: float
    participants: int | None = None
    """How many walked, where it was told wrongly at first."""
    voided: bool = False


def plan_patrol(rng: Random, unit: str, now: int) -> PatrolPlan:
    patrol = _made(rng, BY_NAME["patrol"], now)
    participants = patrol["participants"]
    return PatrolPlan(
        body={
            "unit": unit,
            "kind": patrol["kind"],
            "team_count": patrol["team_count"],
            "participants": participants,
            "started_at": text(now),
            "planned_end_at": text(now + PLANNED_MIN * 60),
        },
        minutes=rng.triangular(15, 75, 35),
        participants=max(1, participants + rng.choice((-1, 1))) if rng.random() < CORRECTED else None,
        voided=rng.random() < VOIDED,
    )


@dataclass(frozen=True, slots=True)
class TipPlan:
    """A report, from somebody without a name or from the force."""

    body: Content
    anonymous: bool


def plan_tip(rng: Random, kind: str, unit: str, now: int) -> TipPlan:
    told = _made(rng, BY_NAME[kind], now)
    source = "citizen_anonymous" if told["source"] in ("citizen_anonymous", "citizen_named") else told["source"]
    body = {
        "unit": unit,
        "stream": told["stream"],
        "category": told["category"],
        "channel": choose(rng, CHANNELS[source]),
        "text": f"{_TEXT} {text(now)}",  # reports of the very same words would be one case
    }
    if source == "citizen_anonymous":
        return TipPlan(body | {"channel": "web"}, anonymous=True)
    return TipPlan(body | {"source": source}, anonymous=False)


def next_step(rng: Random, tip: Mapping[str, Any]) -> tuple[str, Content] | None:
    """What an officer does about a tip now: the last part of the path, and what to say. Nothing if nothing is due."""
    if tip["status"] == "received":
        return "registration", {}
    if tip["status"] == "registered" and rng.random() < RELOCATED:
        elsewhere = unit_for(rng, tip["stream"])
        if elsewhere != tip["unit"]:
            return "relocation", {"unit": elsewhere}
    if tip["stream"] == SECURITY_INFORMATION.name:
        if tip["status"] != "registered" or tip["value"] != "unassessed":
            return None
        valuable = rng.random() < SECURITY_INFORMATION.note_per_fact
        return "assessment", {"value": "valuable" if valuable else "not_valuable"}
    if tip["status"] == "registered":
        return "verification", {}
    if tip["status"] == "verifying" and rng.random() < 0.5:
        return ("confirmation" if rng.random() < CONFIRMED / (CONFIRMED + REFUTED) else "refutation"), {}
    return None


@dataclass(frozen=True, slots=True)
class IncidentPlan:
    """An incident and its course."""

    body: Content
    response_minutes: float
    resolution_minutes: float
    category: str | None = None
    """What it turned out to be, where that is not what it was reported as."""


def plan_incident(rng: Random, kind: str, unit: str, now: int) -> IncidentPlan:
    told = _made(rng, BY_NAME[kind], now)
    other = _made(rng, BY_NAME[kind], now)["category"]
    return IncidentPlan(
        body={"unit": unit, "kind": kind, "category": told["category"], "occurred_at": text(now)},
        response_minutes=rng.uniform(0.5, 6.0),
        resolution_minutes=rng.triangular(5, 50, 15),
        category=other if other != told["category"] and rng.random() < CORRECTED else None,
    )


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """An outreach session, with the attendance counted anew where it was wrong."""

    body: Content
    attendance: int | None


def plan_session(rng: Random, unit: str, now: int) -> SessionPlan:
    series = BY_NAME["outreach_session"]
    attendance = round(series.note_per_fact * rng.lognormvariate(-0.1, 0.45))
    told = series.make(rng, now, Span(earliest=0), attendance) or {}
    corrected = attendance + rng.randint(-9, 9) if rng.random() < CORRECTED else attendance
    return SessionPlan({"unit": unit, **told}, max(0, corrected) if corrected != attendance else None)


def plan_document(rng: Random, unit: str, now: int) -> Content:
    return {"unit": unit, **_made(rng, BY_NAME["advisory_document"], now)}


def plan_award(rng: Random, unit: str, now: int) -> Content:
    """An honour of a commune's chair, to be handed over a little later."""
    return {
        "unit": unit,
        "kind": "giay_khen",
        "issuer": "commune_chair",
        "recipient": choose(rng, {"individual": 4.0, "collective": 1.0}),
        "reason": SIMULATED,
        "proposed_at": text(now),
    }


def _made(rng: Random, series: Series, now: int) -> Content:
    return series.make(rng, now, Span(earliest=0), None) or {}
