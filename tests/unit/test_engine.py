"""The fold of one unit at a time: what is applied, dropped, held and skipped."""

from datetime import UTC, datetime, timedelta

import pytest

from services.stats.engine import LineageChanged, Outcome
from services.stats.panes import Head, decode, encode, newest, pane_number
from shared.contracts.stats import Tier
from shared.messaging.codec import Undecodable
from tests.unit.fold_world import NOW, ZONE, Broker, cells_of, event, fold_all, naive_sum, new_fold, patrol

AT = NOW - timedelta(hours=1)


def total(broker: Broker, metric: str, tier: Tier = Tier.DAY) -> int:
    return sum(
        n for (_, t, name, _), n in cells_of(broker.snapshot()).items() if t is tier and name.startswith(metric + "|")
    )


def head(broker: Broker, unit: str = "00070") -> Head:
    return next(h for h in broker.snapshot().heads.values() if h.unit == unit)


def test_redelivered_event_is_counted_once() -> None:
    completed = event("00070", 1, None, patrol(AT))

    fold, broker = fold_all([completed, completed, completed])

    assert fold.apply(completed, 3, NOW) is Outcome.DUPLICATE
    assert total(broker, "patrols_completed") == 1


def test_fact_counts_in_every_tier_at_its_local_pane() -> None:
    at = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)  # half past midnight of the 23rd in Hanoi

    _, broker = fold_all([event("00070", 1, None, patrol(at))])

    local = at.astimezone(ZONE)
    assert local.day == 23
    for tier in Tier:
        assert cells_of(broker.snapshot())["00070", tier, "patrols_completed|00070", pane_number(tier, local)] == 1


def test_correction_takes_a_figure_back_in_its_own_period() -> None:
    last_month = NOW - timedelta(days=30)

    _, broker = fold_all(
        [
            event("00070", 1, None, patrol(last_month, participants=3)),
            event(
                "00070", 2, patrol(last_month, participants=3), patrol(NOW, participants=5), type_="patrol.corrected.v1"
            ),
        ]
    )

    turns = {
        key[3]: n for key, n in cells_of(broker.snapshot()).items() if key[1:3] == (Tier.DAY, "participant_turns|00070")
    }
    assert turns == {pane_number(Tier.DAY, NOW): 5}


def test_voided_fact_counts_nowhere_and_its_records_are_written_empty() -> None:
    _, broker = fold_all([event("00070", 1, None, patrol(AT))])
    fold = broker.restored()

    fold.apply(event("00070", 2, patrol(AT), None, type_="patrol.voided.v1"), 1, NOW)
    broker.write_all(fold)

    assert cells_of(broker.snapshot()) == {}
    assert {record.fence for record in broker.snapshot().panes.values()} == {2}


def test_what_counts_the_same_before_and_after_touches_no_record() -> None:
    fold, broker = fold_all([event("00070", 1, None, patrol(AT))])

    fold.apply(event("00070", 2, patrol(AT), patrol(AT), type_="patrol.checked_in.v1"), 1, NOW)

    flush = fold.dirty()
    assert flush.records == ()
    assert [key for key, _ in flush.heads] == [b"head/patrols.v1/00070"]
    assert total(broker, "patrols_completed") == 1


def test_old_unit_that_was_split_is_marked_unless_the_residential_group_tells() -> None:
    before_reform = datetime(2025, 3, 1, 9, tzinfo=ZONE)

    _, broker = fold_all(
        [
            event("00004", 1, None, patrol(before_reform)),
            event("00004", 2, None, patrol(before_reform, residential_group="00008")),
            event("00004", 3, None, patrol(NOW)),
        ]
    )

    days = {key[2] for key in cells_of(broker.snapshot()) if key[1] is Tier.DAY}
    assert {f"patrols_completed|{today}" for today in ("~", "00008", "00004")} <= days


def test_hole_is_held_shown_and_closed_by_what_was_missing() -> None:
    first, second, third = (event("00070", position, None, patrol(AT)) for position in (1, 2, 3))
    fold, broker = fold_all([first, third])

    assert fold.holes == {"00070": 2}
    assert (head(broker).position, head(broker).waiting_for) == (1, 2)

    assert [fold.apply(each, 9, NOW) for each in (second, third)] == [Outcome.APPLIED, Outcome.APPLIED]
    broker.write_all(fold)
    assert fold.holes == {}
    assert (total(broker, "patrols_completed"), head(broker).waiting_for) == (3, None)


def test_hole_is_still_known_after_a_restart() -> None:
    _, broker = fold_all([event("00070", 1, None, patrol(AT)), event("00070", 5, None, patrol(AT))])

    assert broker.restored().holes == {"00070": 2}


def test_skipped_event_marks_its_unit_until_it_comes_again() -> None:
    fold, broker = new_fold(), Broker()
    fold.apply(event("00070", 1, None, patrol(AT)), 0, NOW)
    assert fold.skip("00070", 2, 1) is Outcome.SKIPPED
    fold.apply(event("00070", 3, None, patrol(AT)), 2, NOW)
    broker.write_all(fold)

    assert fold.incomplete == {"00070": (2,)}
    assert {record.without for record in broker.snapshot().panes.values()} == {(2,)}

    fold = broker.restored()
    assert fold.apply(event("00070", 2, None, patrol(AT)), 3, NOW) is Outcome.REPAIRED
    assert fold.apply(event("00070", 2, None, patrol(AT)), 4, NOW) is Outcome.DUPLICATE
    broker.write_all(fold)
    assert fold.incomplete == {}
    assert total(broker, "patrols_completed") == 3
    assert {record.without for record in broker.snapshot().panes.values()} == {()}


def test_repair_leaves_no_doubt_behind_in_records_that_it_does_not_touch() -> None:
    fold, broker = new_fold(), Broker()
    fold.skip("00070", 1, 0)
    fold.apply(event("00070", 2, None, patrol(AT)), 1, NOW)
    broker.write_all(fold)

    fold.apply(event("00070", 1, None, patrol(NOW - timedelta(days=300))), 2, NOW)
    broker.write_all(fold)

    assert broker.restored().incomplete == {}


def test_repair_that_a_woken_worker_wrote_over_counts_as_missing_again() -> None:
    sleeper = new_fold()
    broker = Broker()
    sleeper.apply(event("00070", 1, None, patrol(AT)), 0, NOW)
    sleeper.skip("00070", 2, 1)
    broker.write_all(sleeper)
    sleeper.apply(event("00070", 3, None, patrol(AT)), 2, NOW)
    owner = broker.restored()
    owner.apply(event("00070", 2, None, patrol(AT)), 3, NOW)
    broker.write_all(owner)

    broker.log += sleeper.dirty().records  # its records, with a higher fence, but not its heads

    heir = broker.restored()
    assert heir.incomplete == {"00070": (2,)}
    heir.apply(event("00070", 3, None, patrol(AT)), 4, NOW)
    heir.apply(event("00070", 2, None, patrol(AT)), 5, NOW)
    broker.write_all(heir)
    assert total(broker, "patrols_completed") == 3


def test_facts_that_do_not_fit_change_nothing() -> None:
    fold, broker = fold_all([event("00070", 1, None, patrol(AT))])
    unreadable = event("00070", 2, None, {"kind": "security", "participants": "three"})

    with pytest.raises(Undecodable, match="facts of a patrol"):
        fold.apply(unreadable, 1, NOW)

    assert fold.positions == {"00070": 1}
    assert not fold.dirty()
    assert total(broker, "patrols_completed") == 1


@pytest.mark.parametrize("type_", ["patrol.photographed.v1", "patrol.completed.v2", "drone.launched.v1"])
def test_unknown_type_advances_the_head_without_effect(type_: str) -> None:
    fold, broker = fold_all([event("00070", 1, None, patrol(AT), type_=type_)])

    assert fold.positions == {"00070": 1}
    assert total(broker, "patrols_completed") == 0


def test_facts_of_a_newer_producer_are_read_by_what_is_known_of_them() -> None:
    _, broker = fold_all([event("00070", 1, None, patrol(AT, kind="river", drone=True))])

    assert total(broker, "patrols_completed") == 1
    assert total(broker, "patrols_completed_security") == 0


def test_log_of_another_database_stops_the_fold() -> None:
    fold, broker = fold_all([event("00070", 1, None, patrol(AT))])

    with pytest.raises(LineageChanged, match="database was replaced"):
        broker.restored().apply(event("00070", 1, None, patrol(AT), lineage="lineage-2"), 1, NOW)

    assert fold.positions == {"00070": 1}


@pytest.mark.parametrize(("ours", "other"), [(b"cluster-1", b"cluster-2"), (b"generation-1", b"generation-2")])
def test_state_of_another_generation_or_cluster_is_left_alone(ours: bytes, other: bytes) -> None:
    _, broker = fold_all([event("00070", 1, None, patrol(AT))])
    foreign = Broker([(key, value and value.replace(ours, other)) for key, value in broker.log])

    fold = foreign.restored()

    assert (fold.positions, fold.offset, fold.size().records) == ({}, 0, 0)


def test_fence_is_what_keeps_a_replay_from_counting_twice() -> None:
    completed = event("00070", 1, None, patrol(AT))
    fold = new_fold()
    fold.apply(completed, 0, NOW)
    records_only = Broker(list(fold.dirty().records))  # the worker died before the head

    fold = records_only.restored()
    assert fold.apply(completed, 0, NOW) is Outcome.APPLIED
    records_only.write_all(fold)
    assert total(records_only, "patrols_completed") == 1

    unfenced = Broker(
        [(key, value and value.replace(b'"fence":1', b'"fence":0')) for key, value in records_only.log[:3]]
    )
    fold = unfenced.restored()
    fold.apply(completed, 0, NOW)
    unfenced.write_all(fold)
    assert total(unfenced, "patrols_completed") == 2  # the sabotaged fence shows


def test_lost_flush_goes_out_again_with_the_next() -> None:
    fold, broker = new_fold(), Broker()
    fold.apply(event("00070", 1, None, patrol(AT)), 0, NOW)

    fold.lost(fold.dirty())
    assert not broker.log
    broker.write_all(fold)

    assert total(broker, "patrols_completed") == 1
    assert head(broker).position == 1


def test_head_names_the_offset_that_the_flush_before_made_durable() -> None:
    fold, broker = new_fold(), Broker()
    fold.apply(event("00070", 1, None, patrol(AT)), 10, NOW)
    broker.write_all(fold)
    assert broker.restored().offset == 0

    fold.apply(event("00004", 1, None, patrol(AT)), 25, NOW)
    broker.write_all(fold)

    assert broker.restored().offset == 11


def test_fold_states_again_what_somebody_has_written_over() -> None:
    fold, broker = fold_all([event("00070", 1, None, patrol(AT)), event("00070", 2, None, patrol(AT))])
    pane, *_ = broker.snapshot().panes.values()

    fold.restate(pane)

    flush = fold.dirty()
    assert [key for key, _ in (*flush.records, *flush.heads)] == [pane.key, head(broker).key]
    assert decode(*flush.records[0]) == pane


def test_campaign_and_legal_instrument_become_named_windows_and_are_taken_back() -> None:
    fold = new_fold("awards.v1")
    facts = {
        "title": "Thi đua",
        "launched_at": NOW,
        "from_date": "2026-01-01",
        "to_date": "2026-12-31",
        "previous": "c0",
    }
    law = {"number": "12", "title": "Nghị quyết", "in_force_from": "2022-07-25"}

    fold.apply(event("01", 1, None, facts, type_="campaign.launched.v1", subject="c1"), 0, NOW)
    fold.apply(event("01", 2, None, law, type_="legal_instrument.entered_into_force.v1", subject="l1"), 1, NOW)
    written = dict(fold.dirty().records)
    fold.apply(event("01", 3, law, None, type_="legal_instrument.withdrawn.v1", subject="l1"), 2, NOW)

    campaign = decode(b"window/campaign:c1", written[b"window/campaign:c1"])
    assert campaign is not None
    assert (campaign.unit, campaign.previous) == ("01", "campaign:c0")  # type: ignore[union-attr]
    assert b"window/legal_instrument:l1" in written
    (entry,) = fold.dirty().records
    written_again = decode(*entry)
    assert (written_again.id, written_again.withdrawn) == ("legal_instrument:l1", True)  # type: ignore[union-attr]


def test_a_repaired_launch_does_not_undo_what_has_happened_to_the_campaign_since() -> None:
    fold = new_fold("awards.v1")
    facts = {"title": "Thi đua", "launched_at": NOW, "from_date": "2026-01-01"}
    launched = event("01", 1, None, facts, type_="campaign.launched.v1", subject="c1")
    closed = event("01", 2, facts, facts | {"to_date": "2026-03-31"}, type_="campaign.closed.v1", subject="c1")

    fold.skip("01", 1, 0)
    fold.apply(closed, 1, NOW)
    before = fold.dirty()
    again = new_fold("awards.v1")
    again.restore(newest([*before.records, *before.heads]))
    outcomes = [each.apply(launched, 2, NOW) for each in (fold, again)]

    assert outcomes == [Outcome.REPAIRED, Outcome.REPAIRED]
    for each in (fold, again):
        assert not any(key.startswith(b"window/") for key, _ in each.dirty().records)
    window = decode(b"window/campaign:c1", dict(before.records)[b"window/campaign:c1"])
    fold.restate(window)  # type: ignore[arg-type]
    assert (window.key, encode(window)) in fold.dirty().records  # type: ignore[union-attr,arg-type]


def test_naive_sum_agrees_on_a_small_history() -> None:
    events = [
        event("00070", n, None, patrol(NOW - timedelta(days=n), started_at=NOW - timedelta(days=n)))
        for n in range(1, 90)
    ]

    _, broker = fold_all(events)

    assert cells_of(broker.snapshot()) == naive_sum(events, broker.snapshot())
