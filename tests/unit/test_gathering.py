"""What a unit gathers between two flushes reaches every tier, whatever comes in between."""

from datetime import timedelta
from random import Random

import pytest

from services.stats.catalogue import Catalogue
from services.stats.catalogue.patrols import PATROLS_COMPLETED
from services.stats.engine import Fold
from services.stats.engine.state import UnitState
from services.stats.panes import Head
from shared.contracts.stats import Tier
from shared.contracts.topics import PATROLS
from tests.unit.fold_world import GENERATION, NOW, ZONE, Broker, cells_of, event, fold_all, naive_sum, new_fold, patrol


def check_gathering(seed: int) -> None:
    rng, fold, broker = Random(seed), new_fold(), Broker()
    now, events = NOW, []
    for position in range(1, 40):
        at = now - timedelta(minutes=rng.choice((0, 1, 70, 4_400)))
        events.append(event("00070", position, None, patrol(at, participants=rng.randint(1, 5))))
        fold.apply(events[-1], position, now)
        dice = rng.random()
        if dice < 0.2:
            now += timedelta(hours=rng.randint(1, 40))
            fold.expire(now)
        elif dice < 0.3:
            broker.write_all(fold)
        elif dice < 0.4:
            fold.size()
    for _ in range(2):  # expired records are deleted by the flush after the one that raised the horizon
        broker.write_all(fold)

    assert cells_of(broker.snapshot()) == naive_sum(events, broker.snapshot())


def test_gathered_amounts_reach_every_tier_while_horizons_rise_and_flushes_come() -> None:
    for seed in range(30):
        check_gathering(seed)


def _forget(unit: UnitState) -> None:
    unit._gathered = {}


def test_amounts_that_are_never_brought_into_the_records_would_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UnitState, "settle", _forget)

    with pytest.raises(AssertionError):
        check_gathering(0)


def test_an_event_that_a_record_contains_already_is_not_gathered_again() -> None:
    first, second = (event("00070", position, None, patrol(NOW)) for position in (1, 2))
    _, broker = fold_all([first, second])
    records_only = Broker([(key, value) for key, value in broker.log if not key.startswith(b"head/")])

    heir = records_only.restored()
    heir.apply(first, 0, NOW)
    heir.apply(second, 1, NOW)
    records_only.write_all(heir)

    assert cells_of(records_only.snapshot()) == naive_sum([first, second], broker.snapshot())


def test_a_fold_of_one_metric_counts_nothing_else() -> None:
    alone = Catalogue((PATROLS_COMPLETED,), ())
    fold = Fold(
        PATROLS.name, 3, generation=GENERATION, cluster_id="c", today_unit=lambda unit, *_: unit, zone=ZONE,
        catalogue=alone,
    )  # fmt: skip

    fold.apply(event("00070", 1, None, patrol(NOW)), 0, NOW)
    broker = Broker()
    broker.write_all(fold)

    series = {(cell[1], cell[2]): amount for cell, amount in cells_of(broker.snapshot()).items()}
    assert series == {(tier, "patrols_completed|00070"): 1 for tier in Tier}
    assert [head.position for head in broker.snapshot().heads.values() if isinstance(head, Head)] == [1]


def test_amounts_that_cancel_out_leave_nothing_in_a_record() -> None:
    facts = patrol(NOW)
    _, broker = fold_all([event("00070", 1, None, facts), event("00070", 2, facts, None)])

    written = [pane.series for pane in broker.snapshot().panes.values()]

    assert written == [{}, {}, {}]
