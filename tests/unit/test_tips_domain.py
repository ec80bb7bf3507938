"""The state machine of a tip and what its events say."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tips.domain import AdvisoryDocument, Tip, TipStatus
from services.tips.domain.tip import TRANSITIONS
from shared.contracts.base import Event
from shared.contracts.tips import (
    Addressee,
    TipCategory,
    TipChannel,
    TipFacts,
    TipSource,
    TipStream,
    TipValue,
)
from shared.errors import DomainError, InvalidInput, TransitionNotAllowed

NOW = datetime(2026, 11, 23, 8, 7, 31, 123456, tzinfo=UTC)
QUARTER_S = 900
Change = Callable[[Tip, datetime], tuple[Tip, Sequence[Event]]]


def submitted(source: TipSource = TipSource.FORCE_MEMBER) -> tuple[Tip, list[Event]]:
    tip, events = Tip.submit(
        id="tip-1",
        unit="00070",
        received_at=NOW,
        anonymous_step_s=QUARTER_S,
        stream=TipStream.CRIME_REPORT,
        source=source,
        channel=TipChannel.WEB,
        category=TipCategory.THEFT,
        residential_group=None,
        text="Mất xe máy",
        happened_at=None,
    )
    return tip, list(events)


STEPS: dict[TipStatus, Change] = {
    TipStatus.REGISTERED: lambda tip, at: tip.register(at=at),
    TipStatus.VERIFYING: lambda tip, at: tip.start_verification(at=at),
    TipStatus.VERIFIED: lambda tip, at: tip.verify(at=at),
    TipStatus.REFUTED: lambda tip, at: tip.refute(at=at),
    TipStatus.VOIDED: lambda tip, at: tip.void(at=at, reason="nhập nhầm"),
}
OTHER_CHANGES: list[Change] = [
    lambda tip, at: tip.assess(TipValue.VALUABLE, at=at),
    lambda tip, at: tip.assess(TipValue.UNASSESSED, at=at),
    lambda tip, at: tip.correct(at=at, category=TipCategory.FRAUD),
    lambda tip, at: tip.relocate("00004", residential_group=None, at=at),
    lambda tip, at: tip.relocate("00070", residential_group="tdp-7", at=at),
]
PATHS = {
    TipStatus.RECEIVED: [],
    TipStatus.REGISTERED: [TipStatus.REGISTERED],
    TipStatus.VERIFYING: [TipStatus.REGISTERED, TipStatus.VERIFYING],
    TipStatus.VERIFIED: [TipStatus.REGISTERED, TipStatus.VERIFYING, TipStatus.VERIFIED],
    TipStatus.REFUTED: [TipStatus.REGISTERED, TipStatus.VERIFYING, TipStatus.REFUTED],
    TipStatus.VOIDED: [TipStatus.VOIDED],
}


def tip_in(status: TipStatus) -> Tip:
    tip, _ = submitted()
    for step in PATHS[status]:
        tip, _ = STEPS[step](tip, NOW)
    return tip


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", TipStatus)
def test_a_tip_moves_as_its_table_says(status: TipStatus, step: TipStatus) -> None:
    tip = tip_in(status)

    if step in TRANSITIONS[status]:
        assert STEPS[step](tip, NOW)[0].status is step
    else:
        with pytest.raises(TransitionNotAllowed):
            STEPS[step](tip, NOW)


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
    tip, (event,) = tip_in(TipStatus.VERIFIED).void(at=NOW, reason="nhập nhầm")

    assert event.data.is_ is None
    assert tip.facts() is None
    for change in OTHER_CHANGES:
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


@pytest.mark.parametrize("status", [TipStatus.REGISTERED, TipStatus.VERIFYING, TipStatus.VERIFIED, TipStatus.REFUTED])
def test_no_step_lies_before_the_one_it_follows(status: TipStatus) -> None:
    tip, _ = submitted()
    for step in PATHS[status][:-1]:
        tip, _ = STEPS[step](tip, NOW)

    with pytest.raises(InvalidInput, match="must not lie before"):
        STEPS[status](tip, NOW - timedelta(seconds=1))


def test_a_correction_that_breaks_the_order_names_the_time() -> None:
    with pytest.raises(InvalidInput, match="registered_at: must not lie before received_at"):
        tip_in(TipStatus.REGISTERED).correct(at=NOW, received_at=NOW + timedelta(hours=1))


def test_no_time_of_an_anonymous_tip_is_exact() -> None:
    tip, events = submitted(TipSource.CITIZEN_ANONYMOUS)
    for number, status in enumerate((TipStatus.REGISTERED, TipStatus.VERIFYING, TipStatus.VERIFIED), 1):
        tip, told = STEPS[status](tip, NOW + timedelta(minutes=number))
        events.extend(told)
    for number, change in enumerate(OTHER_CHANGES[:4], 1):
        tip, told = change(tip, NOW + timedelta(hours=number))
        events.extend(told)
    tip, told = tip.correct(received_at=NOW - timedelta(hours=2), at=NOW + timedelta(hours=6))
    events.extend(told)

    for position, event in enumerate(events, 1):
        record = event.record(position=position, lineage="l", recorded_at=NOW + timedelta(hours=7))
        times = re.findall(r'"(2026-[^"]+)"', record.decode())
        assert len(times) >= 3
        assert all(datetime.fromisoformat(text).timestamp() % QUARTER_S == 0 for text in times), times
        assert event.id[14] == "4", "ids of other versions hold the time"


def test_the_times_of_other_tips_are_exact() -> None:
    tip, (received,) = submitted(TipSource.CITIZEN_NAMED)

    assert tip.received_at == received.time == NOW
    assert NOW.isoformat() in received.record(position=1, lineage="l", recorded_at=NOW).decode()


def test_the_text_of_a_tip_is_in_no_event() -> None:
    tip, (received,) = submitted()
    _, (left, came) = tip.relocate("00004", residential_group=None, at=NOW)

    for event in (received, left, came):
        assert "xe máy" not in event.record(position=1, lineage="l", recorded_at=NOW).decode()


@given(changes=st.lists(st.sampled_from([*STEPS.values(), *OTHER_CHANGES]), max_size=25))
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
    assert standing == ({} if tip.status is TipStatus.VOIDED else {tip.unit: tip.facts()})
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
