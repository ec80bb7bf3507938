"""Where the clock of a crime report stands, from its facts alone. Declares no metric.

An open report is in time, overdue, suspended, or without a known deadline: one of the four at every instant.
"""

from datetime import datetime
from typing import Final

from services.stats.catalogue.facts import CrimeReport

_DAY_S: Final = 86_400
DECISION_TIME_EDGES_S: Final = tuple(round(20 * _DAY_S * 2 ** (step / 2)) for step in range(-18, 7))
"""From an hour to 160 days, each 1.41 times the one before; the 20 days of the law are an edge."""


def decided_at(report: CrimeReport) -> datetime | None:
    """The earliest finding that stands."""
    return _earliest(report.verified_at, report.refuted_at, report.found_inconclusive_at)


def done_at(report: CrimeReport) -> datetime | None:
    """When the report left the hands of those who had to decide."""
    return _earliest(decided_at(report), report.transferred_at, report.resolved_at, report.closed_at)


def stopped_at(report: CrimeReport) -> datetime | None:
    """When its clock stopped."""
    return _earliest(done_at(report), report.suspended_at)


def in_time_until(report: CrimeReport) -> datetime | None:
    """When it is in time no longer, be it done or overdue; none without a deadline."""
    return None if report.decision_due_at is None else _earliest(report.decision_due_at, stopped_at(report))


def overdue_from(report: CrimeReport) -> datetime | None:
    """Its deadline, unless the clock had stopped by then."""
    due, stopped = report.decision_due_at, stopped_at(report)
    return due if due is not None and (stopped is None or stopped > due) else None


def suspended_from(report: CrimeReport) -> datetime | None:
    """When work on it was suspended, unless it was done by then."""
    suspended, done = report.suspended_at, done_at(report)
    return suspended if suspended is not None and (done is None or done > suspended) else None


def on_time(report: CrimeReport) -> bool:
    """Whether it was decided before its deadline, the first instant that is too late; without one nobody knows."""
    due, decided = report.decision_due_at, decided_at(report)
    return due is not None and decided is not None and decided < due


def _earliest(*times: datetime | None) -> datetime | None:
    return min((at for at in times if at is not None), default=None)
