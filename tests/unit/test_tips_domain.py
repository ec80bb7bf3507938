"""The state machine of a tip and what its events say."""

import re
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tips.domain import AdvisoryDocument, Authority, TipStatus
from services.tips.domain.states import TRANSITIONS
from shared.contracts.tips import Addressee, TipFacts, TipMergedChange, TipSource, TipStream, TipValue
from shared.errors import DomainError, InvalidInput, TransitionNotAllowed
from tests.unit.tip_world import NOW, OTHER_CHANGES, OTHER_UNIT, QUARTER_S, STEPS, UNIT, WAYS, Change, submitted, tip_in

CRIME, INFORMATION = TipStream.CRIME_REPORT, TipStream.SECURITY_INFORMATION

# Said once more, as a table: what may be done in which state; security information besides may be resolved or closed
# once registered, and never suspended.
ALLOWED = """
received      register void
registered    start_verification transfer void
verifying     verify refute find_inconclusive suspend transfer void
verified      refute find_inconclusive transfer resolve close void
refuted       verify find_inconclusive transfer resolve close void
inconclusive  verify refute suspend transfer resolve close void
suspended     resume transfer close void
transferred   reopen close void
resolved      reopen close void
closed        reopen void
voided
"""
MAY = {TipStatus(state): set(steps) for state, *steps in map(str.split, ALLOWED.strip().splitlines())}


def may(stream: TipStream, status: TipStatus) -> set[str]:
    if stream is CRIME:
        return MAY[status]
    return (MAY[status] | ({"resolve", "close"} if status is TipStatus.REGISTERED else set())) - {"suspend"}


@pytest.mark.parametrize("status", TipStatus)
@pytest.mark.parametrize("stream", TipStream)
def test_a_tip_moves_as_the_table_of_its_stream_says(stream: TipStream, status: TipStatus) -> None:
    if status not in TRANSITIONS[stream]:
        return
    tip = tip_in(status, stream=stream)

    taken = set()
    for name, step in STEPS.items():
        try:
            step(tip, NOW)
        except TransitionNotAllowed:
            continue
        taken.add(name)

    assert taken == may(stream, status)


@pytest.mark.parametrize("step", ["suspend", "resume", "extend"])
def test_security_information_has_no_statutory_time(step: str) -> None:
    tip = tip_in(TipStatus.VERIFYING, stream=INFORMATION)

    with pytest.raises(TransitionNotAllowed):
        {**STEPS, **OTHER_CHANGES}[step](tip, NOW)


def test_a_suspended_report_cannot_turn_out_to_be_security_information() -> None:
    suspended = tip_in(TipStatus.SUSPENDED)

    with pytest.raises(TransitionNotAllowed, match="cannot be suspended"):
        suspended.correct(at=NOW, stream=INFORMATION)


def test_an_inconclusive_check_is_a_decision() -> None:
    tip, (event,) = tip_in(TipStatus.VERIFYING).find_inconclusive(at=NOW)

    assert tip.found_inconclusive_at == NOW
    assert event.type == "tip.found_inconclusive.v1"
    assert event.data.is_ is not None
    assert event.data.is_.found_inconclusive_at == NOW


def test_reopening_takes_back_what_was_found_and_what_became_of_it() -> None:
    later = NOW + timedelta(days=30)

    again, (event,) = tip_in(TipStatus.RESOLVED).reopen(at=later)

    assert again.status is TipStatus.VERIFYING
    assert (again.verified_at, again.resolved_at, again.verification_started_at) == (None, None, NOW)
    assert event.data.was is not None
    assert event.data.was.resolved_at == NOW


def test_a_case_is_not_reopened_before_it_was_closed() -> None:
    with pytest.raises(InvalidInput, match="reopened_at: must not lie before"):
        tip_in(TipStatus.CLOSED).reopen(at=NOW - timedelta(seconds=1))


def test_an_assigned_tip_says_in_no_event_to_whom() -> None:
    tip, (event,) = tip_in(TipStatus.REGISTERED).assign("officer-7", at=NOW)

    assert tip.assigned_to == "officer-7"
    assert event.data.was == event.data.is_
    assert b"officer-7" not in event.record(position=1, lineage="l", recorded_at=NOW)
    with pytest.raises(TransitionNotAllowed, match="has the tip already"):
        tip.assign("officer-7", at=NOW)


def test_a_tip_handed_to_another_commune_goes_on_there_where_it_stood() -> None:
    tip, _ = tip_in(TipStatus.VERIFYING).assign("officer-7", at=NOW)

    moved, (left, came) = tip.transfer_to(OTHER_UNIT, at=NOW)

    assert (moved.unit, moved.status, moved.assigned_to) == (OTHER_UNIT, TipStatus.VERIFYING, None)
    assert (left.type, left.partitionkey, left.data.is_) == ("tip.transferred.v1", UNIT, None)
    assert (came.type, came.partitionkey, came.data.was) == ("tip.transferred.v1", OTHER_UNIT, None)
    assert came.data.is_ == left.data.was
    assert left.causationid == came.causationid is not None
    with pytest.raises(TransitionNotAllowed, match="as long as nothing was found"):
        tip_in(TipStatus.VERIFIED).transfer_to(OTHER_UNIT, at=NOW)


def test_a_tip_handed_to_an_authority_is_out_of_the_units_hands() -> None:
    tip, (event,) = tip_in(TipStatus.VERIFYING).transfer(Authority.INVESTIGATING_BODY, at=NOW)

    assert (tip.status, tip.transferred_at, tip.authority) == (
        TipStatus.TRANSFERRED,
        NOW,
        Authority.INVESTIGATING_BODY,
    )
    assert event.data.is_ is not None
    assert event.data.is_.transferred_at == NOW


def test_a_merged_tip_counts_nowhere_until_it_stands_on_its_own_again() -> None:
    tip, target = tip_in(TipStatus.VERIFIED), submitted(id="tip-2")[0]

    merged, (gone,) = tip.merge(target, at=NOW)
    apart, (back,) = merged.unmerge(at=NOW)

    assert isinstance(gone.data, TipMergedChange)
    assert isinstance(back.data, TipMergedChange)
    assert (gone.data.was, gone.data.is_, gone.data.merged_into) == (tip.facts(), None, "tip-2")
    assert (back.data.was, back.data.is_, back.data.merged_into) == (None, tip.facts(), "tip-2")
    assert apart.facts() == tip.facts()
    assert apart.status is TipStatus.VERIFIED


@pytest.mark.parametrize("name", sorted({**STEPS, **OTHER_CHANGES}.keys() - {"unmerge"}))
def test_a_merged_tip_takes_no_other_step(name: str) -> None:
    merged, _ = tip_in(TipStatus.VERIFYING).merge(submitted(id="tip-2")[0], at=NOW)

    with pytest.raises(DomainError):
        {**STEPS, **OTHER_CHANGES}[name](merged, NOW)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (lambda: submitted()[0], "is this very tip"),
        (lambda: submitted(id="t", stream=INFORMATION)[0], "belongs to the other stream"),
        (lambda: tip_in(TipStatus.VOIDED, id="t"), "is voided"),
        (lambda: submitted(id="t")[0].merge(submitted(id="u")[0], at=NOW)[0], "is merged into another"),
        (lambda: submitted(id="t")[0].erase(at=NOW)[0], "is a tip of which nothing sealed is left"),
        (lambda: submitted(id="t", received_at=NOW + timedelta(hours=1))[0], "came in later"),
    ],
)
def test_a_tip_is_merged_only_into_one_that_can_stand_for_it(other: Change, reason: str) -> None:
    tip, _ = submitted()

    with pytest.raises(InvalidInput, match=f"into: {reason}"):
        tip.merge(other(), at=NOW)  # type: ignore[call-arg, arg-type]


@pytest.mark.parametrize(("later", "stands"), [(timedelta(minutes=7), True), (timedelta(minutes=8), False)])
def test_which_of_two_came_in_first_is_judged_as_coarsely_as_the_coarser_one_tells(
    later: timedelta, stands: bool
) -> None:
    anonymous, _ = submitted(source=TipSource.CITIZEN_ANONYMOUS, received_at=NOW)  # told as 08:00
    named, _ = submitted(id="t", received_at=NOW + later)

    if stands:
        assert anonymous.merge(named, at=NOW + timedelta(hours=1))[0].merged_into == "t"
    else:
        with pytest.raises(InvalidInput, match="came in later"):
            anonymous.merge(named, at=NOW + timedelta(hours=1))


def test_what_is_held_is_neither_merged_nor_held_once_it_is_merged() -> None:
    tip, first = submitted(id="later")[0], submitted()[0]
    held, merged = tip.hold()[0], tip.merge(first, at=NOW)[0]

    with pytest.raises(TransitionNotAllowed, match="held"):
        held.merge(first, at=NOW)
    with pytest.raises(TransitionNotAllowed, match="merged"):
        merged.hold()
    assert tip.merge(first.hold()[0], at=NOW)[0].merged_into == first.id


def test_a_new_finding_replaces_the_former_one() -> None:
    verified = tip_in(TipStatus.VERIFIED)

    refuted, (event,) = verified.refute(at=NOW + timedelta(hours=1))

    assert (refuted.verified_at, refuted.refuted_at) == (None, NOW + timedelta(hours=1))
    assert event.data.was is not None
    assert event.data.was.verified_at == NOW


def test_a_value_is_judged_anew_and_the_event_knows_the_former_judgement() -> None:
    tip, _ = tip_in(TipStatus.VERIFIED).assess(TipValue.VALUABLE, at=NOW)

    tip, (event,) = tip.assess(TipValue.NOT_VALUABLE, at=NOW + timedelta(days=1))

    assert event.data.was is not None
    assert event.data.is_ is not None
    assert (event.data.was.value, event.data.was.value_assessed_at) == (TipValue.VALUABLE, NOW)
    assert (event.data.is_.value, event.data.is_.value_assessed_at) == (TipValue.NOT_VALUABLE, NOW + timedelta(days=1))


def test_a_voided_tip_counts_nowhere_and_changes_no_more() -> None:
    tip, (event,) = tip_in(TipStatus.VERIFIED).void(at=NOW)

    assert event.data.is_ is None
    assert tip.facts() is None
    for change in OTHER_CHANGES.values():
        with pytest.raises(TransitionNotAllowed):
            change(tip, NOW)


def test_a_relocation_is_one_event_in_each_unit_with_one_cause() -> None:
    tip = tip_in(TipStatus.VERIFIED)

    moved, (left, came) = tip.relocate("00004", residential_group="tdp-1", at=NOW)

    assert (left.partitionkey, left.data.was, left.data.is_) == ("00070", tip.facts(), None)
    assert (came.partitionkey, came.data.was, came.data.is_) == ("00004", None, moved.facts())
    assert left.causationid == came.causationid is not None
    assert left.id != came.id
    assert (moved.id, moved.residential_group) == (tip.id, "tdp-1")


@pytest.mark.parametrize(
    "status",
    [
        TipStatus.REGISTERED, TipStatus.VERIFYING, TipStatus.VERIFIED, TipStatus.REFUTED, TipStatus.INCONCLUSIVE,
        TipStatus.TRANSFERRED, TipStatus.RESOLVED, TipStatus.CLOSED, TipStatus.SUSPENDED,
    ],
)  # fmt: skip
def test_no_step_lies_before_the_one_it_follows(status: TipStatus) -> None:
    tip, _ = submitted()
    *before, last = WAYS[status]
    for name in before:
        tip, _ = STEPS[name](tip, NOW)

    with pytest.raises(InvalidInput, match="must not lie before"):
        STEPS[last](tip, NOW - timedelta(seconds=1))


def test_a_correction_that_breaks_the_order_names_the_time() -> None:
    with pytest.raises(InvalidInput, match="registered_at: must not lie before received_at"):
        tip_in(TipStatus.REGISTERED).correct(at=NOW, received_at=NOW + timedelta(hours=1))


def test_no_time_of_an_anonymous_tip_is_exact() -> None:
    tip, events = submitted(source=TipSource.CITIZEN_ANONYMOUS)
    for number, name in enumerate(("register", "extend", "start_verification", "suspend", "resume", "verify"), 1):
        tip, told = {**STEPS, **OTHER_CHANGES}[name](tip, NOW + timedelta(minutes=number))
        events.extend(told)
    for number, name in enumerate(("judge valuable", "take the judgement back", "relocate", "merge", "unmerge"), 1):
        tip, told = OTHER_CHANGES[name](tip, NOW + timedelta(hours=number))
        events.extend(told)
    tip, told = tip.correct(received_at=NOW - timedelta(hours=2), at=NOW + timedelta(hours=6))
    events.extend(told)

    for position, event in enumerate(events, 1):
        record = event.record(position=position, lineage="l", recorded_at=NOW + timedelta(hours=7))
        times = re.findall(r'"(202\d-[^"]+)"', record.decode())
        assert len(times) >= 3
        assert all(datetime.fromisoformat(text).timestamp() % QUARTER_S == 0 for text in times), times
        assert event.id[14] == "4", "ids of other versions hold the time"


def test_the_times_of_other_tips_are_exact() -> None:
    tip, (received,) = submitted(source=TipSource.CITIZEN_NAMED)

    assert tip.received_at == received.time == NOW
    assert NOW.isoformat() in received.record(position=1, lineage="l", recorded_at=NOW).decode()


@given(changes=st.lists(st.sampled_from([*STEPS.values(), *OTHER_CHANGES.values()]), max_size=25))
def test_the_sum_of_all_changes_is_what_stands_at_the_end(changes: list[Change]) -> None:
    tip, events = submitted()
    at = NOW
    for change in changes:
        at += timedelta(minutes=1)
        try:
            tip, told = change(tip, at)
        except DomainError:
            continue
        events.extend(told)

    standing: dict[str, TipFacts] = {}
    for event in events:
        assert standing.pop(event.partitionkey, None) == event.data.was
        if event.data.is_ is not None:
            standing[event.partitionkey] = event.data.is_
    assert standing == ({tip.unit: tip.facts()} if tip.counts else {})
    assert all(before.time <= after.time for before, after in pairwise(events))


def test_an_advisory_document_is_issued_and_withdrawn_once() -> None:
    document, (issued,) = AdvisoryDocument.issue(
        id="d", unit="00070", addressee=Addressee.PARTY_COMMITTEE, rests_on=("tip-1",), issued_at=NOW
    )
    withdrawn_document, (withdrawn,) = document.withdraw(at=NOW + timedelta(days=1))

    assert (issued.data.was, issued.data.is_) == (None, document.facts())
    assert (withdrawn.data.was, withdrawn.data.is_) == (document.facts(), None)
    assert issued.data.rests_on == withdrawn.data.rests_on == ("tip-1",)
    with pytest.raises(TransitionNotAllowed):
        withdrawn_document.withdraw(at=NOW + timedelta(days=2))
    with pytest.raises(InvalidInput, match="must not lie before"):
        document.withdraw(at=NOW - timedelta(days=1))
