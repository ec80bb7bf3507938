"""Who folds which state, which one readers are led to, and what may be deleted."""

from datetime import UTC, datetime, timedelta

import pytest

from services.stats.feed.building import building, refusals
from services.stats.generations.control import Control, ControlRecord, Role, generation_of, key_of
from shared.contracts.stats import Pointer, Rules, SelfCheck, WorkerBeat

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def beat(
    state: str, *, instance: str = "a", at: datetime = NOW, stopped: str | None = None, waiting: int = 0
) -> WorkerBeat:
    return WorkerBeat(
        instance=instance,
        state=state,
        generation=generation_of(state),
        at=at,
        partitions={"patrols.v1": (0, 1)},
        folded=300,
        waiting=waiting,
        stopped=stopped,
    )


def pointer(number: int, state: str, *, told_by: str = "a", at: datetime = NOW) -> Pointer:
    return Pointer(
        number=number, state=state, generation=generation_of(state), at=at, told_by=told_by, reason="because"
    )


def check(*, outcome: str, compared_with: str, kind: str = "generation", kept_in: str | None = None) -> SelfCheck:
    return SelfCheck(
        id=f"{kind}-{outcome}",
        kind=kind,
        state="old",
        compared_with=compared_with,
        began_at=NOW,
        ended_at=NOW,
        outcome=outcome,
        differing=0 if outcome == "agrees" else 3,
        kept_in=kept_in,
    )


def told(*records: ControlRecord, at: datetime = NOW) -> Control:
    control = Control()
    tell(control, *records, at=at)
    return control


def tell(control: Control, *records: ControlRecord, at: datetime = NOW) -> None:
    for record in records:
        control.take(key_of(record), record.model_dump_json().encode(), now=at)


def place(control: Control, generation: str, *, at: datetime = NOW) -> tuple[Role, str] | None:
    return control.state_for(generation, now=at, kept=DAY)


def test_records_are_read_as_they_were_written() -> None:
    rules = Rules(generation="g", time_zone="Asia/Ho_Chi_Minh", places="p", series={"patrols_completed": "d"})

    control = told(pointer(1, "g"), rules, beat("g"), check(outcome="agrees", compared_with="g"))

    assert control.pointer == pointer(1, "g")
    assert control.rules == {"g": rules}
    assert [seen.beat for seen in control.beats("g")] == [beat("g")]
    assert list(control.checks) == ["generation-agrees"]


def test_what_cannot_be_read_is_told_and_what_came_later_is_passed() -> None:
    control = Control()

    assert control.take(b"pane/patrols.v1/00070/day/2026-11", b"{}", now=NOW) is None
    with pytest.raises(ValueError, match="cannot be read"):
        control.take(b"pointer/1/a", b"{}", now=NOW)


def test_of_two_claims_with_one_number_the_first_in_the_log_holds() -> None:
    control = told(pointer(1, "old"))

    tell(control, pointer(2, "new", told_by="a"), pointer(2, "old.1", told_by="b"))

    assert control.pointer is not None
    assert control.pointer.state == "new"
    assert key_of(pointer(2, "new", told_by="a")) != key_of(pointer(2, "old.1", told_by="b"))


def test_the_first_worker_of_all_is_served_at_once() -> None:
    assert place(Control(), "g") == (Role.SERVED, "g")


def test_other_rules_are_a_candidate_beside_the_served_state() -> None:
    control = told(pointer(1, "old"), beat("old"))

    assert place(control, "old") == (Role.SERVED, "old")
    assert place(control, "new") == (Role.CANDIDATE, "new")


def test_a_run_of_the_same_rules_moves_their_workers_along() -> None:
    control = told(pointer(1, "g"), pointer(2, "g.20261123T030000"))

    assert place(control, "g") == (Role.SERVED, "g.20261123T030000")


def test_rules_that_were_left_are_kept_up_for_a_while_but_never_take_the_readers_back_meanwhile() -> None:
    control = told(pointer(1, "old"), pointer(2, "new"), beat("new"))
    later = NOW + 2 * DAY
    tell(control, beat("new"), at=later)

    assert place(control, "old") == (Role.SUPERSEDED, "old")
    assert place(control, "old", at=later) is None


def test_rules_that_were_left_come_back_once_nobody_folds_by_the_later_ones() -> None:
    control = told(pointer(1, "old"), pointer(2, "new"), beat("new"))

    assert place(control, "old", at=NOW + timedelta(seconds=13)) == (Role.CANDIDATE, "old")


def test_a_state_is_discarded_after_its_time_and_never_the_served_or_folded_one() -> None:
    control = told(pointer(1, "old"), pointer(2, "new", at=NOW), beat("old"), beat("new"))
    states = ["old", "new", "unheard-of"]

    soon = control.discardable(states, now=NOW + DAY, kept=DAY)
    late = control.discardable(states, now=NOW + DAY + timedelta(seconds=1), kept=DAY)

    assert (soon, late) == ([], ["old"])


def test_a_state_that_is_still_folded_is_not_discarded_however_old() -> None:
    control = told(pointer(1, "old"), pointer(2, "new"))
    tell(control, beat("old"), at=NOW + 2 * DAY)

    assert control.discardable(["old"], now=NOW + 2 * DAY, kept=DAY) == []


def test_what_was_kept_for_study_is_discarded_after_the_same_time() -> None:
    kept = check(outcome="differs", compared_with="g.1", kind="self-check", kept_in="stats.panes.v1.g.1")
    control = told(pointer(1, "g"), kept)

    assert control.discardable(["g.1"], now=NOW + timedelta(hours=1), kept=DAY) == []
    assert control.discardable(["g.1"], now=NOW + 2 * DAY, kept=DAY) == ["g.1"]


def test_a_state_that_is_being_built_is_told_with_its_progress_until_it_is_served() -> None:
    control = told(pointer(1, "old"), beat("old"), beat("new", waiting=100))

    [candidate] = building(control, served="old", own="old", now=NOW)["building"]
    tell(control, pointer(2, "new"))
    served = building(control, served="new", own="new", now=NOW)

    assert (candidate["state"], candidate["progress"], candidate["stage"]) == ("new", 0.75, "folding")
    assert (served["served"], served["building"]) == ("new", [])


def test_a_refused_state_is_told_and_counted() -> None:
    control = told(pointer(1, "old"), beat("old"), beat("new"), check(outcome="differs", compared_with="new"))

    [candidate] = building(control, served="old", own="old", now=NOW)["building"]

    assert (candidate["stage"], candidate["differing"]) == ("refused", 3)
    assert refusals(control, NOW) == 1
    assert refusals(told(pointer(1, "old"), beat("old"), beat("new")), NOW) == 0
