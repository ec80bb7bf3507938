"""How late events came: each counted once, whatever was replayed, repaired or restored."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.stats.engine import Fold, Outcome
from services.stats.engine.lateness import BINS, EDGES, Lateness
from services.stats.engine.state import UnitState
from services.stats.panes import Head
from services.stats.queries.lateness import lateness_of
from shared.errors import NotFound
from shared.messaging.codec import Envelope
from shared.places import places
from tests.unit.fold_world import NOW, Broker, event, new_fold, patrol

HOW_LATE = (timedelta(0), *EDGES)


def late(unit: str, position: int, by: timedelta) -> Envelope:
    made = event(unit, position, None, patrol(NOW - by))
    return msgspec.structs.replace(made, time=NOW - by, recordedtime=NOW)


def expected(events: list[Envelope]) -> list[int]:
    counts = [0] * BINS
    for each in events:
        counts[sum(each.recordedtime - each.time >= edge for edge in EDGES)] += 1
    return counts


def heads(broker: Broker) -> dict[str, list[int]]:
    return {head.unit: list(head.lateness) for head in broker.snapshot().heads.values()}


@pytest.mark.parametrize(
    ("by", "bin"),
    [
        (timedelta(minutes=-5), 0),
        (timedelta(seconds=59), 0),
        (timedelta(minutes=1), 1),
        (timedelta(days=3), 6),
        (timedelta(days=61), 7),
        (timedelta(days=900), 8),
    ],
)
def test_event_counts_in_the_bin_of_how_late_it_was_recorded(by: timedelta, bin: int) -> None:
    lateness = Lateness()

    lateness.add(NOW - by, NOW)

    assert lateness.counts.index(1) == bin
    assert lateness.total == 1


@given(st.integers())
def test_replays_restarts_and_repairs_count_every_event_once(seed: int) -> None:
    rng = Random(seed)
    events = [late("00070", position, rng.choice(HOW_LATE)) for position in range(1, 25)]
    fold, broker, offset = new_fold(), Broker(), 0

    for each in events:
        if rng.random() < 0.2:
            fold.skip(each.partitionkey, each.position, offset)
        else:
            fold.apply(each, offset, NOW)
        offset += 1
        if rng.random() < 0.4:
            broker.write_all(fold)
        if rng.random() < 0.2:
            fold, offset = dead_and_restored(broker, events, NOW)
    for each in events:  # what was skipped is sent again, and with it everything else
        fold.apply(each, offset, NOW)
    broker.write_all(fold)

    assert heads(broker) == {"00070": expected(events)}


def dead_and_restored(broker: Broker, events: list[Envelope], now: datetime) -> tuple[Fold, int]:
    """Another worker, which reads again what the heads do not vouch for."""
    fold = broker.restored()
    known = fold.positions.get("00070", 0)
    for each in events[:known]:
        fold.apply(each, each.position - 1, now)
    return fold, fold.offset


def test_without_a_look_at_what_is_counted_a_second_repair_would_count_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _after_a_second_repair() == 2
    monkeypatch.setattr(Lateness, "total", property(lambda _: 0))
    assert _after_a_second_repair() == 3


def _after_a_second_repair() -> int:
    """The sum of a unit whose repaired event came to be doubted, because an old record had missed it."""
    fold = new_fold()
    fold.apply(late("00070", 1, timedelta(0)), 0, NOW)
    fold.skip("00070", 2, 1)
    assert fold.apply(late("00070", 2, timedelta(0)), 2, NOW) is Outcome.REPAIRED
    unit: UnitState = fold._units["00070"]
    unit.skipped.add(2)
    assert fold.apply(late("00070", 2, timedelta(0)), 3, NOW) is Outcome.REPAIRED
    return sum(unit.lateness.counts)


def test_heads_without_lateness_are_those_of_earlier_releases() -> None:
    fold, broker = new_fold(), Broker()
    fold.apply(late("00070", 1, timedelta(0)), 0, NOW)
    broker.write_all(fold)
    key, value = next((key, value) for key, value in broker.log if key.startswith(b"head/"))
    assert value is not None
    told: dict[str, Any] = msgspec.json.decode(value)
    del told["lateness"]
    broker.log.append((key, msgspec.json.encode(told)))

    heir = broker.restored()
    heir.apply(late("00070", 2, timedelta(days=1)), 1, NOW)

    assert sum(heir._units["00070"].lateness.counts) == 1


def head(topic: str, unit: str, *counts: int) -> Head:
    lateness = (*counts, *[0] * (BINS - len(counts)))
    return Head(topic, unit, sum(counts), 0, 0, {}, "g", "l", "c", lateness=lateness)


def test_city_is_the_sum_of_its_units_old_ones_included() -> None:
    some = [head("tips.v1", "00070", 2, 1), head("patrols.v1", "00070", 0, 5), head("tips.v1", "01", 1)]
    elsewhere = head("tips.v1", "79", 7)

    city = lateness_of([*some, elsewhere], places(), "01")
    commune = lateness_of([*some, elsewhere], places(), "00070")

    assert city["counts"][:2] == [3, 6]
    assert city["topics"]["tips.v1"][:2] == [3, 1]
    assert [sum(column) for column in zip(*city["rows"].values(), strict=True)] == city["counts"]
    assert commune["counts"][:2] == [2, 6]
    assert "rows" not in commune
    assert len(city["bins"]) == BINS == len(city["counts"])


def test_unknown_unit_is_not_found() -> None:
    with pytest.raises(NotFound):
        lateness_of([], places(), "99999")
