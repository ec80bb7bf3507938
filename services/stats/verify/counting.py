"""What each aggregate counts for, said once more in plain code: the oracle that the catalogue is held against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

Facts = Mapping[str, Any]
Count = tuple[str, str, int]  # (metric, RFC 3339 time, how many)

LEVELS: Final = frozenset({"teams_active", "members_active", "patrols_under_way"})
RATIOS: Final = {
    "security_information_valuable_rate": ("security_information_valuable", "security_information_received", 100),
    "crime_reports_verified_rate": ("crime_reports_verified", "crime_reports_checked", 100),
    "violations_per_1000_patrols": ("violations_detected", "patrols_completed", 1000),
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


def _advisory_document(document: Facts) -> Iterator[Count]:
    yield "advisory_documents_issued", document["issued_at"], 1
    yield f"advisory_documents_issued__{document['addressee']}", document["issued_at"], 1


def _team(team: Facts) -> Iterator[Count]:
    yield "teams_active", team["established_at"], 1
    if team.get("dissolved_at"):
        yield "teams_active", team["dissolved_at"], -1


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
    "patrol": ("started_at", "completed_at"),
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
