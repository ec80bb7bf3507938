"""Two states of the same events agree whenever they were folded, and one wrong amount is found."""

from datetime import timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.stats.catalogue import CATALOGUE
from services.stats.generations.agreement import Agreement, Common, compare
from services.stats.panes import PaneRecord, Snapshot
from shared.contracts.stats import Rules, Tier
from shared.messaging.codec import Envelope
from tests.unit.fold_world import NOW, Broker, event, new_fold, patrol

UNITS = ("00070", "00073")


def history(ages_h: list[int]) -> list[Envelope]:
    """A completed patrol per age in hours, in two units by turns."""
    positions = dict.fromkeys(UNITS, 0)
    events = []
    for index, age_h in enumerate(ages_h):
        unit = UNITS[index % len(UNITS)]
        positions[unit] += 1
        events.append(event(unit, positions[unit], None, patrol(NOW - timedelta(hours=age_h), participants=2 + index)))
    return events


def state_of(events: list[Envelope], *, hours: int = 0, every: int = 1) -> Snapshot:
    """What is written by a fold that works some hours later and flushes after every so many events."""
    fold, broker = new_fold(), Broker()
    now = NOW + timedelta(hours=hours)
    for number, each in enumerate(events, 1):
        fold.apply(each, number - 1, now)
        if number % every == 0:
            broker.write_all(fold)
    fold.expire(now)
    broker.write_all(fold)
    return broker.snapshot()


def tampered(snapshot: Snapshot, tier: Tier) -> Snapshot:
    """The same with one more in one cell of the newest record of a tier."""
    key, pane = max((key, pane) for key, pane in snapshot.panes.items() if pane.tier is tier)
    name, cells = next(iter(pane.series.items()))
    index = next(iter(cells))
    series = {**pane.series, name: {**cells, index: cells[index] + 1}}
    found = Snapshot()
    found.panes = {**snapshot.panes, key: msgspec.structs.replace(pane, series=series)}
    found.heads, found.windows = snapshot.heads, snapshot.windows
    return found


@given(
    ages_h=st.lists(st.integers(0, 24 * 100), min_size=2, max_size=30),
    hours=st.integers(0, 24 * 70),
    every=st.integers(1, 7),
)
def test_whenever_and_however_the_same_events_are_folded_the_states_agree(
    ages_h: list[int], hours: int, every: int
) -> None:
    events = history(ages_h)

    found = compare(state_of(events), state_of(events, hours=hours, every=every), Common())

    assert found.is_clean, found.examples
    assert (found.units, found.left) == (2, set())
    assert found.figures > 0


@given(ages_h=st.lists(st.integers(0, 60), min_size=2, max_size=12), tier=st.sampled_from(list(Tier)))
def test_one_wrong_amount_is_found_in_every_tier(ages_h: list[int], tier: Tier) -> None:
    sound = state_of(history(ages_h))

    found = compare(sound, tampered(sound, tier), Common())

    assert (found.differing, len(found.examples)) == (1, 1)


def test_a_record_that_only_one_state_has_is_found() -> None:
    sound = state_of(history([1, 2, 3]))
    less = Snapshot()
    less.heads = sound.heads
    less.panes = dict(list(sound.panes.items())[1:])

    assert not compare(sound, less, Common()).is_clean


def test_at_different_positions_nothing_is_compared() -> None:
    events = history([1, 2, 3])

    found = compare(state_of(events), state_of(events[:2]), Common())

    assert found.left == {("patrols.v1", UNITS[0])}
    assert found.units == 1


def test_a_flush_whose_head_is_still_to_come_is_left_for_later() -> None:
    sound = state_of(history([1, 2]))
    under_way = Snapshot()
    under_way.heads = sound.heads
    under_way.panes = {key: msgspec.structs.replace(pane, fence=pane.fence + 1) for key, pane in sound.panes.items()}

    assert compare(sound, under_way, Common()).left == {("patrols.v1", unit) for unit in UNITS}


def test_only_what_both_rules_count_alike_is_compared() -> None:
    sound = state_of(history([1]))
    wrong = tampered(sound, Tier.DAY)
    changed = next(iter(next(pane for pane in wrong.panes.values() if pane.tier is Tier.DAY).series)).partition("|")[0]
    ours = rules("g")
    theirs = ours.model_copy(update={"generation": "h", "series": {**ours.series, changed: "otherwise"}})

    assert not compare(sound, wrong, Common.of(ours, ours)).is_clean
    assert compare(sound, wrong, Common.of(ours, theirs)).is_clean
    assert not Common.of(ours, theirs).has(changed)
    assert Common.of(ours, theirs).has("patrols_completed") is (changed != "patrols_completed")


def test_in_another_time_zone_what_it_comes_to_over_all_days_has_to_agree() -> None:
    sound = state_of(history([1, 30, 60]))
    there = moved_by_a_day(sound)
    elsewhere = rules("h").model_copy(update={"time_zone": "UTC"})

    assert not compare(sound, there, Common()).is_clean
    assert compare(sound, there, Common.of(rules("g"), elsewhere)).is_clean
    assert not compare(sound, tampered(there, Tier.DAY), Common.of(rules("g"), elsewhere)).is_clean


def test_with_other_places_only_what_a_unit_recorded_has_to_agree() -> None:
    sound = state_of(history([1, 2]))
    moved = Snapshot()
    moved.heads = sound.heads
    moved.panes = {key: renamed(pane) for key, pane in sound.panes.items()}
    elsewhere = rules("h").model_copy(update={"places": "other places"})

    assert not compare(sound, moved, Common()).is_clean
    assert compare(sound, moved, Common.of(rules("g"), elsewhere)).is_clean


def test_sums_of_parts_keep_the_first_examples() -> None:
    total = Agreement()
    for number in range(30):
        part = Agreement(units=1, figures=2)
        part.differs(f"{number}")
        total.add(part)

    assert (total.units, total.figures, total.differing, len(total.examples)) == (30, 60, 30, 20)


def rules(generation: str) -> Rules:
    return Rules(generation=generation, time_zone="Asia/Ho_Chi_Minh", places="p", series=dict(CATALOGUE.digests))


def moved_by_a_day(snapshot: Snapshot) -> Snapshot:
    moved = Snapshot()
    moved.heads = snapshot.heads
    moved.panes = {
        key: msgspec.structs.replace(
            pane,
            series={
                name: {index - 1: amount for index, amount in cells.items()} for name, cells in pane.series.items()
            },
        )
        for key, pane in snapshot.panes.items()
        if pane.tier is Tier.DAY
    }
    return moved


def renamed(pane: PaneRecord) -> PaneRecord:
    series = {f"{name.partition('|')[0]}|00999": cells for name, cells in pane.series.items()}
    return msgspec.structs.replace(pane, series=series)
