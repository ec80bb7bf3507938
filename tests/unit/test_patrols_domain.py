"""What may happen to teams, patrols, incidents and sessions, and what their events tell."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.patrols.commands import RecordPatrol
from services.patrols.domain import Incident, IncidentStatus, OutreachSession, Patrol, PatrolStatus, Team
from services.patrols.domain.incident import TRANSITIONS as INCIDENT_TRANSITIONS
from services.patrols.domain.patrol import TRANSITIONS as PATROL_TRANSITIONS
from services.patrols.domain.team import SEATS
from shared.clock import SystemClock
from shared.contracts.incidents import IncidentKind
from shared.contracts.patrols import MemberRole, OutreachPartner, PatrolKind
from shared.errors import InvalidInput, TransitionNotAllowed

AT = datetime(2025, 12, 1, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)


def patrol(**changes: Any) -> Patrol:
    facts: dict[str, Any] = {
        "id": "p1",
        "unit": "00070",
        "kind": PatrolKind.SECURITY,
        "teams": ("t1",),
        "team_count": 1,
        "participants": 4,
        "residential_group": None,
        "started_at": AT,
        "completed_at": None,
        **changes,
    }
    return Patrol.record(**facts)[0]


def incident(**changes: Any) -> Incident:
    facts: dict[str, Any] = {
        "id": "i1",
        "unit": "00070",
        "kind": IncidentKind.VIOLATION,
        "category": "noise",
        "residential_group": None,
        "occurred_at": AT,
        "force_helped": False,
        **changes,
    }
    return Incident.report(**facts)[0]


def team() -> Team:
    return Team.establish(id="t1", unit="00070", residential_groups=("tdp-7",), established_at=AT)[0]


def enrolled(team: Team, role: MemberRole, member_id: str = "m1") -> Any:
    return team.enrol(member_id=member_id, full_name="Lê Thị Mẫu", role=role, enrolled_at=AT)


def test_a_patrol_under_way_is_told_but_has_no_end() -> None:
    _, (event,) = Patrol.record(
        id="p1", unit="00070", kind=PatrolKind.TRAFFIC, teams=(), team_count=2, participants=7,
        residential_group=None, started_at=AT, completed_at=None,
    )  # fmt: skip

    assert event.type == "patrol.started.v1"
    assert (event.time, event.subject, event.partitionkey) == (AT, "p1", "00070")
    assert event.data.was is None
    assert event.data.is_ is not None
    assert (event.data.is_.teams, event.data.is_.completed_at) == (2, None)


def test_a_patrol_does_not_end_before_it_began() -> None:
    with pytest.raises(InvalidInput, match="completed_at: must not lie before started_at"):
        patrol(completed_at=AT - HOUR)
    with pytest.raises(InvalidInput, match="completed_at"):
        patrol().complete(at=AT - HOUR, participants=None)
    with pytest.raises(InvalidInput, match="completed_at"):
        patrol(completed_at=AT + HOUR).correct(at=AT, started_at=AT + 2 * HOUR)


def test_planned_end_is_told_with_the_patrol_and_with_its_return_and_can_be_put_right() -> None:
    out = patrol(planned_end_at=AT + HOUR)

    _, (back,) = out.complete(at=AT + 2 * HOUR, participants=None)
    _, (moved,) = out.correct(at=AT, planned_end_at=AT + 3 * HOUR)
    _, (unplanned,) = out.correct(at=AT, planned_end_at=None)

    told = [getattr(event.data.is_, "planned_end_at", "nothing") for event in (back, moved, unplanned)]
    assert told == [AT + HOUR, AT + 3 * HOUR, None]
    assert back.data.was == out.facts()


def test_a_patrol_is_not_planned_to_end_before_it_began() -> None:
    with pytest.raises(InvalidInput, match="planned_end_at: must not lie before started_at"):
        patrol(planned_end_at=AT - HOUR)
    with pytest.raises(InvalidInput, match="planned_end_at"):
        patrol(planned_end_at=AT + HOUR).correct(at=AT, started_at=AT + 2 * HOUR)


def test_plan_lies_at_most_a_year_ahead() -> None:
    now = SystemClock().now()
    body = {"unit": "00070", "kind": "security", "team_count": 1, "participants": 4, "started_at": AT.isoformat()}

    def planned(ahead: timedelta) -> RecordPatrol:
        return RecordPatrol.model_validate_json(json.dumps(body | {"planned_end_at": (now + ahead).isoformat()}))

    assert planned(timedelta(days=365)).planned_end_at == now + timedelta(days=365)
    with pytest.raises(ValidationError, match="planned_end_at"):
        planned(timedelta(days=367))


def test_the_end_of_a_patrol_under_way_is_no_correction() -> None:
    with pytest.raises(InvalidInput, match="completed_at"):
        patrol().correct(at=AT, completed_at=AT + HOUR)


def test_a_voided_patrol_counts_nowhere_and_stays_so() -> None:
    voided, (event,) = patrol(completed_at=AT + HOUR).void(at=AT + 2 * HOUR, reason="entered twice")

    assert event.data.is_ is None
    assert event.time == AT + 2 * HOUR
    with pytest.raises(TransitionNotAllowed):
        voided.void(at=AT, reason="again")
    with pytest.raises(TransitionNotAllowed):
        voided.correct(at=AT, participants=1)
    with pytest.raises(TransitionNotAllowed):
        voided.complete(at=AT, participants=None)


def test_a_reason_travels_in_no_event() -> None:
    _, (event,) = patrol().void(at=AT, reason="Mr Mẫu wrote it down twice")

    assert "Mẫu" not in event.model_dump_json()


def test_an_incident_resolved_on_the_spot_needs_no_response() -> None:
    resolved, (event,) = incident().resolve(at=AT + HOUR, force_helped=True)

    assert resolved.status is IncidentStatus.RESOLVED
    assert event.data.is_ is not None
    assert event.data.is_.force_helped


def test_an_incident_is_not_dealt_with_before_it_happened() -> None:
    with pytest.raises(InvalidInput, match="responded_at"):
        incident().respond(at=AT - HOUR)
    with pytest.raises(InvalidInput, match="resolved_at"):
        incident().respond(at=AT + HOUR)[0].resolve(at=AT)


def test_a_reclassified_incident_tells_what_it_was() -> None:
    _, (event,) = incident().reclassify(at=AT + HOUR, kind=IncidentKind.FIRE, category="house")

    assert event.data.was is not None
    assert event.data.is_ is not None
    assert (event.data.was.kind, event.data.is_.kind) == (IncidentKind.VIOLATION, IncidentKind.FIRE)


@pytest.mark.parametrize("role", list(MemberRole))
def test_no_role_has_more_seats_than_the_law_gives(role: MemberRole) -> None:
    full = team()
    for number in range(SEATS[role]):
        full, _, _ = enrolled(full, role, f"m{number}")

    with pytest.raises(TransitionNotAllowed, match="no free seat"):
        enrolled(full, role, "one too many")


def test_who_leaves_frees_a_seat() -> None:
    seated, member, _ = enrolled(team(), MemberRole.LEADER)

    freed, gone, (event,) = seated.release(member, at=AT + HOUR)

    assert freed.seats == ()
    assert gone.left_at == AT + HOUR
    assert event.data.was is not None
    assert event.data.is_ is not None
    assert (event.data.was.left_at, event.data.is_.left_at) == (None, AT + HOUR)
    assert enrolled(freed, MemberRole.LEADER, "m2")


def test_nobody_joins_before_the_team_exists_or_after_it_ended() -> None:
    dissolved, _, _ = team().dissolve((), at=AT + HOUR)

    with pytest.raises(InvalidInput, match="enrolled_at"):
        team().enrol(member_id="m1", full_name="x", role=MemberRole.MEMBER, enrolled_at=AT - HOUR)
    with pytest.raises(TransitionNotAllowed):
        enrolled(dissolved, MemberRole.MEMBER)


def test_with_a_team_its_members_leave_first() -> None:
    seated, member, _ = enrolled(team(), MemberRole.DEPUTY)

    dissolved, (gone,), events = seated.dissolve([member], at=AT + HOUR)

    assert [event.type for event in events] == ["member.left.v1", "team.dissolved.v1"]
    assert dissolved.seats == ()
    assert gone.left_at == dissolved.dissolved_at == AT + HOUR
    with pytest.raises(InvalidInput):
        dissolved.require_service_at(AT + HOUR)
    dissolved.require_service_at(AT)


def test_a_member_event_names_nobody() -> None:
    _, _, (event,) = enrolled(team(), MemberRole.LEADER)

    assert "Mẫu" not in event.model_dump_json()


def test_a_corrected_session_tells_both_sides() -> None:
    session, _ = OutreachSession.hold(id="s1", unit="01", held_at=AT, attendance=100, partners=(OutreachPartner.WOMEN,))

    _, (event,) = session.correct(at=AT + HOUR, attendance=80)

    assert event.data.was is not None
    assert event.data.is_ is not None
    assert (event.data.was.attendance, event.data.is_.attendance) == (100, 80)


PATROL_STEPS: dict[str, Any] = {
    "complete": lambda patrol, at: patrol.complete(at=at, participants=None),
    "correct": lambda patrol, at: patrol.correct(at=at, participants=at.minute),
    "void": lambda patrol, at: patrol.void(at=at, reason="wrong"),
}
INCIDENT_STEPS: dict[str, Any] = {
    "reclassify": lambda incident, at: incident.reclassify(at=at, kind=IncidentKind.RESCUE, category="water"),
    "respond": lambda incident, at: incident.respond(at=at),
    "resolve": lambda incident, at: incident.resolve(at=at),
    "void": lambda incident, at: incident.void(at=at, reason="wrong"),
}


@given(st.booleans(), st.lists(st.sampled_from(sorted(PATROL_STEPS)), max_size=8))
def test_whatever_happens_to_a_patrol_its_events_chain_and_the_table_holds(over: bool, steps: list[str]) -> None:
    assert_life_is_consistent(patrol(completed_at=AT + HOUR if over else None), steps, PATROL_STEPS, PATROL_TRANSITIONS)


@given(st.lists(st.sampled_from(sorted(INCIDENT_STEPS)), max_size=8))
def test_whatever_happens_to_an_incident_its_events_chain_and_the_table_holds(steps: list[str]) -> None:
    assert_life_is_consistent(incident(), steps, INCIDENT_STEPS, INCIDENT_TRANSITIONS)


def assert_life_is_consistent(aggregate: Any, names: list[str], steps: dict[str, Any], table: Any) -> None:
    told = aggregate.facts()
    for number, name in enumerate(names, 2):
        try:
            after, events = steps[name](aggregate, AT + number * HOUR)
        except TransitionNotAllowed:
            continue
        assert after.status == aggregate.status or after.status in table[aggregate.status]
        assert after.version == aggregate.version + 1
        for event in events:
            assert event.data.was == told
            told = event.data.is_
        assert told == after.facts()
        aggregate = after


def test_every_status_has_its_line_in_the_table() -> None:
    assert set(PATROL_TRANSITIONS) == set(PatrolStatus)
    assert set(INCIDENT_TRANSITIONS) == set(IncidentStatus)
