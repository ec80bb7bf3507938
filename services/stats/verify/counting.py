"""What each aggregate counts for, said once more in plain code: the oracle that the catalogue is held against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from services.stats.verify.decision_times import bin_of, decision_bin

Facts = Mapping[str, Any]
Count = tuple[str, str, int]  # (metric, RFC 3339 time, how many)

FINDINGS: Final = ("verified_at", "refuted_at", "found_inconclusive_at")

LEVELS: Final = frozenset(
    {
        "teams_active", "members_active", "residential_groups_covered", "patrols_under_way", "patrols_overdue",
        "crime_reports_open", "crime_reports_in_time", "crime_reports_overdue", "crime_reports_suspended",
        "crime_reports_without_deadline",
    }
)  # fmt: skip
AHEAD: Final = frozenset(
    {
        "patrols_overdue", "patrols_expected", "patrol_logs_received", "crime_reports_in_time",
        "crime_reports_overdue",
    }
)  # fmt: skip
"""Counted at times that may lie in the future, where no figure reaches."""
RATIOS: Final = {
    "security_information_valuable_rate": ("security_information_valuable", "security_information_received", 100),
    "crime_reports_verified_rate": ("crime_reports_verified", "crime_reports_checked", 100),
    "violations_per_1000_patrols": ("violations_detected", "patrols_completed", 1000),
    "crime_reports_on_time_rate": ("crime_reports_decided_on_time", "crime_reports_decided_with_deadline", 100),
    "patrol_logs_received_rate": ("patrol_logs_received", "patrols_expected", 100),
}


def _tip(tip: Facts) -> Iterator[Count]:
    if tip["stream"] == "security_information":
        yield "security_information_received", tip["received_at"], 1
        if tip.get("value") == "valuable":
            yield "security_information_valuable", tip["received_at"], 1
    elif tip["stream"] == "crime_report":
        yield "crime_reports_received", tip["received_at"], 1
        for metric, moment in (
            ("crime_reports_checked", "verification_started_at"),
            ("crime_reports_verified", "verified_at"),
            ("crime_reports_refuted", "refuted_at"),
        ):
            if tip.get(moment):
                yield metric, tip[moment], 1
        yield from _decision(tip)
        yield from _clock(tip)


def _decision(report: Facts) -> Iterator[Count]:
    if report.get("found_inconclusive_at"):
        yield "crime_reports_found_inconclusive", report["found_inconclusive_at"], 1
    decided, due = _first(report, *FINDINGS), report.get("decision_due_at")
    if decided is None:
        return
    yield "crime_reports_decided", decided, 1
    took_s = (datetime.fromisoformat(decided) - datetime.fromisoformat(report["received_at"])).total_seconds()
    yield decision_bin(bin_of(took_s)), decided, 1
    if due:
        yield "crime_reports_decided_with_deadline", decided, 1
        if datetime.fromisoformat(decided) < datetime.fromisoformat(due):
            yield "crime_reports_decided_on_time", decided, 1


def _clock(report: Facts) -> Iterator[Count]:
    """An open report is in one of four states: each begins where the one before ends, and the last ends when done."""
    received, due = report["received_at"], report.get("decision_due_at")
    done = _first(report, *FINDINGS, "transferred_at", "resolved_at", "closed_at")
    yield "crime_reports_open", received, 1
    if done:
        yield "crime_reports_open", done, -1
    suspended = _first(report, "suspended_at")
    if suspended and not _before(suspended, done):
        suspended = None
    stopped = suspended or done
    steps = [(received, "crime_reports_in_time" if due else "crime_reports_without_deadline")]
    if due and _before(due, stopped):
        steps.append((due, "crime_reports_overdue"))
    if suspended:
        steps.append((suspended, "crime_reports_suspended"))
    ends = [at for at, _ in steps[1:]] + [done]
    for (begin, state), end in zip(steps, ends, strict=True):
        yield state, begin, 1
        if end:
            yield state, end, -1


def _first(facts: Facts, *names: str) -> str | None:
    """The earliest of these times, as it was told."""
    return min((facts[name] for name in names if facts.get(name)), key=datetime.fromisoformat, default=None)


def _before(earlier: str, later: str | None) -> bool:
    return later is None or datetime.fromisoformat(earlier) < datetime.fromisoformat(later)


def _advisory_document(document: Facts) -> Iterator[Count]:
    yield "advisory_documents_issued", document["issued_at"], 1
    yield f"advisory_documents_issued__{document['addressee']}", document["issued_at"], 1


def _team(team: Facts) -> Iterator[Count]:
    groups = len(team.get("residential_groups", ()))
    for at, sign in ((team["established_at"], 1), (team.get("dissolved_at"), -1)):
        if at:
            yield "teams_active", at, sign
            yield "residential_groups_covered", at, sign * groups


def _member(member: Facts) -> Iterator[Count]:
    yield "members_active", member["enrolled_at"], 1
    if member.get("left_at"):
        yield "members_active", member["left_at"], -1


def _patrol(patrol: Facts) -> Iterator[Count]:
    ended = patrol.get("completed_at") or patrol.get("cancelled_at")
    if patrol.get("started_at"):
        yield "patrols_under_way", patrol["started_at"], 1
        if ended:
            yield "patrols_under_way", ended, -1
    if patrol.get("completed_at"):
        yield "patrols_completed", patrol["completed_at"], 1
        yield f"patrols_completed_{patrol['kind']}", patrol["completed_at"], 1
        yield "participant_turns", patrol["completed_at"], patrol["participants"]
    planned = patrol.get("planned_end_at")
    if planned and not patrol.get("cancelled_at"):
        yield "patrols_expected", planned, 1
        if patrol.get("completed_at"):
            yield "patrol_logs_received", planned, 1
    if planned and _before(planned, ended):
        yield "patrols_overdue", planned, 1
        if ended:
            yield "patrols_overdue", ended, -1


def _outreach_session(session: Facts) -> Iterator[Count]:
    yield "outreach_sessions", session["held_at"], 1
    yield "outreach_attendances", session["held_at"], session["attendance"]


def _incident(incident: Facts) -> Iterator[Count]:
    if incident["kind"] == "violation":
        yield "violations_detected", incident["occurred_at"], 1
    elif incident["kind"] == "arrest_support":
        yield "arrests_supported", incident["occurred_at"], 1
    elif incident["kind"] == "fire":
        handled = incident.get("responded_at") or incident.get("resolved_at")
        if handled:
            yield "fire_incidents_handled", handled, 1
    elif incident["kind"] == "rescue" and incident.get("resolved_at") and incident.get("force_helped"):
        yield "rescues_handled", incident["resolved_at"], 1


def _award(award: Facts) -> Iterator[Count]:
    conferred = award.get("conferred_at")
    if not conferred:
        return
    if award["kind"] == "gift":
        yield "gifts", conferred, 1
        return
    yield "awards_conferred", conferred, 1
    yield f"awards_{award['kind']}__{award['issuer']}__{award['recipient']}", conferred, 1


def _campaign(campaign: Facts) -> Iterator[Count]:
    yield "campaigns_launched", campaign["launched_at"], 1


def _exemplar(exemplar: Facts) -> Iterator[Count]:
    yield "exemplars_honoured", exemplar["honoured_at"], 1
    yield f"exemplars_honoured__{exemplar['organisation']}", exemplar["honoured_at"], 1


def _community_model(model: Facts) -> Iterator[Count]:
    for stage in ("launched", "recognised", "replicated", "discontinued"):
        if model.get(f"{stage}_at"):
            yield f"{model.get('nature', 'model')}s_{stage}", model[f"{stage}_at"], 1


def _nothing(_: Facts) -> Iterator[Count]:
    return iter(())


COUNTS: Final[Mapping[str, Callable[[Facts], Iterator[Count]]]] = {
    "tip": _tip,
    "advisory_document": _advisory_document,
    "team": _team,
    "member": _member,
    "patrol": _patrol,
    "outreach_session": _outreach_session,
    "incident": _incident,
    "award": _award,
    "campaign": _campaign,
    "exemplar": _exemplar,
    "community_model": _community_model,
    "legal_instrument": _nothing,
}

_DAY_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "tip": ("received_at",),
    "advisory_document": ("issued_at",),
    "team": ("established_at",),
    "member": ("enrolled_at",),
    "patrol": ("started_at", "completed_at", "planned_start_at", "planned_end_at"),
    "outreach_session": ("held_at",),
    "incident": ("occurred_at",),
    "award": ("conferred_at",),
    "campaign": ("launched_at",),
    "exemplar": ("honoured_at",),
    "community_model": ("launched_at",),
}


def day_of(kind: str, facts: Facts) -> datetime | None:
    """The instant whose local day decides which map of places the facts belong to."""
    moment = next((facts[name] for name in _DAY_OF.get(kind, ()) if facts.get(name)), None)
    return None if moment is None else datetime.fromisoformat(moment)


def group_of(facts: Facts) -> str | None:
    """The residential group, where the facts name one."""
    return facts.get("residential_group") or next(iter(facts.get("residential_groups", ())), None)
