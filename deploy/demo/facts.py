"""What one record of each kind of fact says; made up, pure, and without any name, text or address of a person.

Each maker turns the moment at which the fact counts into the content of a record. What would happen after
`span.until` is left out, and a fact of which nothing has happened by then gives none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from deploy.demo.published import BY_METRIC
from deploy.demo.rhythm import (
    DAY_S,
    INCIDENTS,
    NEVER,
    OFFICE,
    OUTREACH,
    PATROLS,
    REPORTS,
    Rhythm,
    text,
)
from deploy.demo.shares import allocate

Content = dict[str, Any]
MINUTE_S: Final = 60
HOUR_S: Final = 3600
RUSH_HOURS: Final = frozenset({6, 7, 8, 16, 17, 18})


@dataclass(frozen=True, slots=True)
class Span:
    """No part of a fact lies before `earliest`, when its unit may not have existed, or after `until`, now."""

    earliest: int
    until: int = NEVER

    def told(self, **moments: int | None) -> dict[str, str]:
        """The moments that have come, as a record tells them."""
        return {name: text(moment) for name, moment in moments.items() if moment is not None and moment <= self.until}


Maker = Callable[[Random, int, Span, int | None], Content | None]


def choose(rng: Random, choices: dict[str, float]) -> str:
    return rng.choices(list(choices), list(choices.values()))[0]


TIP_CATEGORIES: Final = {
    "public_order": 22.0, "theft": 15.0, "fraud": 8.0, "drugs": 10.0, "gambling": 8.0, "violence": 6.0,
    "fire_safety": 9.0, "traffic": 9.0, "residence": 8.0, "cyber": 3.0, "other": 2.0,
}  # fmt: skip
CRIME_CATEGORIES: Final = {
    "theft": 34.0, "fraud": 18.0, "violence": 14.0, "drugs": 12.0, "gambling": 9.0, "cyber": 8.0, "other": 5.0,
}  # fmt: skip
SECURITY_SOURCES: Final = {
    "force_member": 56.0, "citizen_named": 14.0, "citizen_anonymous": 20.0, "organisation": 8.0, "media": 2.0,
}  # fmt: skip
CRIME_SOURCES: Final = {
    "citizen_named": 62.0, "citizen_anonymous": 18.0, "force_member": 12.0, "organisation": 7.0, "media": 1.0,
}  # fmt: skip
CHANNELS: Final = {
    "force_member": {"force": 1.0},
    "citizen_named": {"in_person": 5.0, "phone": 3.0, "web": 1.0, "letter": 1.0},
    "citizen_anonymous": {"web": 5.0, "hotline": 3.0, "phone": 1.5, "letter": 0.5},
    "organisation": {"letter": 3.0, "in_person": 2.0, "phone": 1.0},
    "media": {"web": 1.0},
}
INCIDENT_CATEGORIES: Final = {
    "violation": {
        "public_order": 24.0, "encroachment": 20.0, "parking": 16.0, "noise": 14.0, "gambling": 8.0, "theft": 8.0,
        "racing": 6.0, "drugs": 4.0,
    },
    "fire": {"electrical": 42.0, "cooking": 20.0, "waste_burning": 18.0, "vehicle": 12.0, "votive_burning": 8.0},
    "rescue": {"traffic_accident": 46.0, "drowning": 12.0, "trapped_person": 18.0, "fallen_tree": 10.0, "flood": 14.0},
}  # fmt: skip
ADDRESSEES: Final = {"peoples_committee": 44.0, "party_committee": 30.0, "city_police": 18.0, "peoples_council": 8.0}
PARTNERS: Final = ("women", "veterans", "fatherland_front", "youth", "farmers")
CONFIRMED: Final = 0.78
REFUTED: Final = 0.14
"""Of the crime reports checked and decided in the time that the law gives; the rest is confirmed after it."""
LATE_DAYS: Final = (20, 60)
"""When the rest is decided, in days after its check began."""
PLANNED_S: Final = 90 * MINUTE_S
"""How long a patrol is meant to take; about one in five is back later."""


def a_patrol(rng: Random, at: int, span: Span, _: int | None) -> Content | None:
    started = max(span.earliest, at - round(rng.triangular(35, 120, 70) * MINUTE_S))
    if started > span.until:
        return None
    traffic = rng.random() < (0.5 if at % DAY_S // HOUR_S in RUSH_HOURS else 0.12)
    # Plans are told of the recent days alone: those of former years are in no book.
    planned = {} if span.until == NEVER else {"planned_end_at": text(started + PLANNED_S)}
    return planned | {
        "kind": "traffic" if traffic else "security",
        "team_count": 1 if rng.random() < 0.94 else 2,
        "participants": rng.randint(3, 6),
        **span.told(started_at=started, completed_at=at),
    }


def a_security_information(rng: Random, at: int, span: Span, valuable: int | None) -> Content | None:
    if at > span.until:
        return None
    source = choose(rng, SECURITY_SOURCES)
    registered = at + rng.randint(5, 300) * MINUTE_S
    assessed = registered + HOUR_S // 2 + round(rng.expovariate(1 / (5 * HOUR_S)))
    content = {
        "stream": "security_information",
        "source": source,
        "channel": choose(rng, CHANNELS[source]),
        "category": choose(rng, TIP_CATEGORIES),
        **span.told(received_at=at, registered_at=registered),
    }
    if assessed <= span.until:
        content |= {"value": "valuable" if valuable else "not_valuable", "value_assessed_at": text(assessed)}
    return content


def a_crime_report(rng: Random, at: int, span: Span, _: int | None) -> Content | None:
    received = max(span.earliest, at - round(rng.triangular(1, 120, 10) * HOUR_S))
    if received > span.until:
        return None
    source = choose(rng, CRIME_SOURCES)
    found = at + round(rng.triangular(1, 19, 9) * DAY_S)
    lot = rng.random()
    confirmed = lot < CONFIRMED or lot >= CONFIRMED + REFUTED
    if lot >= CONFIRMED + REFUTED:
        first, last = LATE_DAYS
        found = at + round((first + (last - first) * (1 - lot) / (1 - CONFIRMED - REFUTED)) * DAY_S)
    return {
        "stream": "crime_report",
        "source": source,
        "channel": choose(rng, CHANNELS[source]),
        "category": choose(rng, CRIME_CATEGORIES),
        **span.told(
            received_at=received,
            registered_at=min(at, received + rng.randint(2, 55) * MINUTE_S),
            verification_started_at=at,
            verified_at=found if confirmed else None,
            refuted_at=None if confirmed else found,
        ),
    }


def an_advisory_document(rng: Random, at: int, span: Span, _: int | None) -> Content | None:
    if at > span.until:
        return None
    return {"addressee": choose(rng, ADDRESSEES), **span.told(issued_at=at)}


def an_outreach_session(rng: Random, at: int, span: Span, attendance: int | None) -> Content | None:
    if at > span.until:
        return None
    partners = rng.sample(PARTNERS, rng.choice((1, 1, 2, 2, 3)))
    return {"attendance": attendance or 0, "partners": partners, **span.told(held_at=at)}


def a_violation(rng: Random, at: int, span: Span, _: int | None) -> Content | None:
    responded = at + rng.randint(0, 15) * MINUTE_S
    return _incident(rng, "violation", span, at, responded, responded + rng.randint(15, 150) * MINUTE_S)


def a_fire(rng: Random, at: int, span: Span, _: int | None) -> Content | None:
    occurred = max(span.earliest, at - rng.randint(2, 18) * MINUTE_S)
    return _incident(rng, "fire", span, occurred, at, at + rng.randint(15, 150) * MINUTE_S)


def a_rescue(rng: Random, at: int, span: Span, _: int | None) -> Content | None:
    occurred = max(span.earliest, at - rng.randint(25, 140) * MINUTE_S)
    return _incident(rng, "rescue", span, occurred, min(at, occurred + rng.randint(3, 15) * MINUTE_S), at)


def _incident(rng: Random, kind: str, span: Span, occurred: int, responded: int, resolved: int) -> Content | None:
    category = choose(rng, INCIDENT_CATEGORIES[kind])
    if occurred > span.until:
        return None
    times = span.told(occurred_at=occurred, responded_at=responded, resolved_at=resolved)
    return {"kind": kind, "category": category, "force_helped": True, **times}


Notes = Callable[[Random, int, int], Sequence[int | None]]
"""(generator, total, count) -> what is noted of each of so many facts, with that total."""


def _none(_: Random, _total: int, count: int) -> Sequence[int | None]:
    return [None] * count


def some_of(rng: Random, total: int, count: int) -> Sequence[int | None]:
    """1 for as many as the total, 0 for the others."""
    chosen = set(rng.sample(range(count), total))
    return [int(index in chosen) for index in range(count)]


def uneven(rng: Random, total: int, count: int) -> Sequence[int | None]:
    """Amounts that add up to the total; most are near the average, some far above."""
    return allocate(total, [rng.lognormvariate(0.0, 0.45) for _ in range(count)]) if count else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One kind of fact: the published figure it comes out at, when it happens and how a record of it is made.

    `lead_days` is how long before the moment at which it counts a fact can begin.
    """

    name: str
    service: str
    type: str
    metric: str
    rhythm: Rhythm
    make: Maker
    lead_days: int = 0
    noted: str | None = None
    notes: Notes = _none

    @property
    def per_day(self) -> float:
        return BY_METRIC[self.metric].per_day

    @property
    def note_per_fact(self) -> float:
        """What is noted of an average fact."""
        return BY_METRIC[self.noted].amount / BY_METRIC[self.metric].amount if self.noted else 0.0


PATROL: Final = Series(
    name="patrol", service="patrols", type="patrol", metric="patrols_completed", rhythm=PATROLS, make=a_patrol,
    lead_days=1,
)  # fmt: skip
SECURITY_INFORMATION: Final = Series(
    name="security_information", service="tips", type="tip", metric="security_information_received", rhythm=REPORTS,
    make=a_security_information, noted="security_information_valuable", notes=some_of,
)  # fmt: skip
CRIME_REPORT: Final = Series(
    name="crime_report", service="tips", type="tip", metric="crime_reports_checked", rhythm=REPORTS,
    make=a_crime_report, lead_days=5,
)  # fmt: skip
ADVISORY_DOCUMENT: Final = Series(
    name="advisory_document", service="tips", type="advisory_document", metric="advisory_documents_issued",
    rhythm=OFFICE, make=an_advisory_document,
)  # fmt: skip
VIOLATION: Final = Series(
    name="violation", service="patrols", type="incident", metric="violations_detected", rhythm=PATROLS,
    make=a_violation,
)  # fmt: skip
FIRE: Final = Series(
    name="fire", service="patrols", type="incident", metric="fire_incidents_handled", rhythm=INCIDENTS, make=a_fire,
    lead_days=1,
)  # fmt: skip
RESCUE: Final = Series(
    name="rescue", service="patrols", type="incident", metric="rescues_handled", rhythm=INCIDENTS, make=a_rescue,
    lead_days=1,
)  # fmt: skip
OUTREACH_SESSION: Final = Series(
    name="outreach_session", service="patrols", type="outreach_session", metric="outreach_sessions", rhythm=OUTREACH,
    make=an_outreach_session, noted="outreach_attendances", notes=uneven,
)  # fmt: skip
SERIES: Final = (
    PATROL, SECURITY_INFORMATION, CRIME_REPORT, ADVISORY_DOCUMENT, VIOLATION, FIRE, RESCUE, OUTREACH_SESSION,
)  # fmt: skip
