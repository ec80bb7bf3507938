"""Whatever arrives late, twice, unreadable, or while a process dies: the figures are the naive sum of all facts."""

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.stats.engine import Flush, Fold, Outcome
from services.stats.engine.state import Record
from services.stats.panes import KEPT, Head, PaneRecord, Snapshot, newest, pane_number
from shared.contracts.stats import Tier
from shared.messaging.codec import Envelope
from tests.unit.fold_world import NOW, ZONE, Broker, cells_of, event, fold_all, naive_sum, new_fold, patrol

UNITS = ("00070", "00004", "01")
EDGES = [
    datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=ZONE),
    datetime(2024, 12, 31, 23, 59, tzinfo=ZONE),
    datetime(2025, 1, 1, tzinfo=ZONE),
    datetime(2025, 6, 30, 23, 59, tzinfo=ZONE),
    datetime(2025, 7, 1, tzinfo=ZONE),
    datetime(2026, 11, 22, 16, 59, 59, tzinfo=ZONE).astimezone(),
    NOW.replace(hour=0, minute=0),
    NOW.replace(hour=23, minute=59),
    *(
        NOW - kept + shift
        for kept in KEPT.values()
        for shift in (-timedelta(minutes=1), timedelta(0), timedelta(hours=1))
    ),
]


def moment(rng: random.Random) -> datetime:
    """30 % late by up to 60 days, 20 % on an edge of the calendar or of a horizon, else of the last hours."""
    dice = rng.random()
    if dice < 0.3:
        return NOW - timedelta(seconds=rng.randrange(60 * 86_400))
    if dice < 0.5:
        return rng.choice(EDGES)
    return NOW - timedelta(seconds=rng.randrange(5 * 3_600))


def history(rng: random.Random, events_a_unit: int) -> dict[str, list[Envelope]]:
    """Patrols that are completed, corrected again and again, and voided; positions without gaps."""
    histories = {}
    for unit in UNITS:
        latest: dict[str, dict[str, object] | None] = {}
        events = []
        for position in range(1, events_a_unit + 1):
            subject = f"patrol-{rng.randrange(events_a_unit)}"
            was = latest.get(subject)
            started = moment(rng) if rng.random() < 0.5 else None
            facts = patrol(
                moment(rng),
                participants=rng.randrange(9),
                kind=rng.choice(["security", "traffic"]),
                started_at=started,
                residential_group=rng.choice([None, "00008", "00013"]),
            )
            is_ = None if was is not None and rng.random() < 0.2 else facts
            latest[subject] = is_
            type_ = "patrol.completed.v1" if was is None else "patrol.corrected.v1"
            events.append(event(unit, position, was, is_, type_=type_, subject=subject))
        histories[unit] = events
    return histories


def shuffled(rng: random.Random, queues: list[list[Envelope]]) -> Iterator[Envelope]:
    """Any order across units that keeps each unit's own."""
    queues = [list(queue) for queue in queues]
    while any(queues):
        queue = rng.choice([queue for queue in queues if queue])
        yield queue.pop(0)


@settings(max_examples=40, deadline=None)
@given(st.integers())
def test_any_order_across_units_and_three_deliveries_give_the_naive_sum(seed: int) -> None:
    rng = random.Random(seed)
    histories = history(rng, 25)
    events = list(shuffled(rng, list(histories.values())))

    _, broker = fold_all([each for each in events for _ in range(3)])

    assert cells_of(broker.snapshot()) == naive_sum(events, broker.snapshot())


@settings(max_examples=20, deadline=None)
@given(st.integers())
def test_chain_of_corrections_equals_the_latest_facts_alone(seed: int) -> None:
    rng = random.Random(seed)
    events = history(rng, 30)["00070"]
    latest = {each.subject: each for each in events}

    _, broker = fold_all(events)
    facts_alone = [event("00070", 1, None, _is(each)) for each in latest.values()]

    assert cells_of(broker.snapshot()) == naive_sum(facts_alone, broker.snapshot())


def _is(envelope: Envelope) -> dict[str, object] | None:
    facts: dict[str, object] | None = msgspec.json.decode(envelope.data)["is"]
    return facts


@dataclass
class Worker:
    """One worker after another over the same log and state; each may die at any write, or sleep and wake up later."""

    rng: random.Random
    log: list[tuple[Envelope, bool]]
    now: datetime = NOW
    broker: Broker = field(default_factory=Broker)
    sleeping: list[list[tuple[bytes, bytes | None]]] = field(default_factory=list)
    fold: Fold = field(default_factory=new_fold)

    def run(self) -> None:
        deaths = 0
        while self.fold.offset < len(self.log):
            self.read(self.rng.randrange(1, 8))
            dice = self.rng.random()
            if dice < 0.45:
                self.broker.write_all(self.fold)
            elif dice < 0.65 and deaths < 25:
                deaths += 1
                self.die_in_the_middle_of_a_flush()
            elif dice < 0.7 and self.sleeping:
                self.broker.log += self.sleeping.pop()
            elif dice < 0.75:
                self.fold.lost(self.fold.dirty())
            elif dice < 0.8:
                self.now += timedelta(hours=self.rng.randrange(30))
                self.fold.expire(self.now)
        for writes in self.sleeping:
            self.broker.log += writes

    def read(self, count: int) -> None:
        for offset in range(self.fold.offset, min(self.fold.offset + count, len(self.log))):
            envelope, readable = self.log[offset]
            if readable:
                self.fold.apply(envelope, offset, self.now)
            else:
                self.fold.skip(envelope.partitionkey, envelope.position, offset)

    def die_in_the_middle_of_a_flush(self) -> None:
        flush = self.fold.dirty()
        written = self.rng.randrange(len(flush.records) + len(flush.heads) + 1)
        writes = [*flush.records, *flush.heads]
        self.broker.log += writes[:written]
        if self.rng.random() < 0.5:
            self.sleeping.append(writes[written:])
        self.fold = self.broker.restored()

    def end(self) -> Snapshot:
        """What is left incomplete is sent again, as the worker would ask for it."""
        self.fold = self.broker.restored()
        self.read(len(self.log))
        for unit, position in [*self.fold.holes.items()]:
            raise AssertionError(f"a hole is left in {unit} at {position}")
        while self.fold.incomplete:
            unit, (position, *_) = next(iter(self.fold.incomplete.items()))
            missing = next(e for e, _ in self.log if (e.partitionkey, e.position) == (unit, position))
            assert self.fold.apply(missing, len(self.log), self.now) is Outcome.REPAIRED
        self.broker.write_all(self.fold)
        self.broker.write_all(self.fold)  # what expired with the first
        return newest([(key, value) for key, value in self.broker.log if not self.is_expired(key)])

    def is_expired(self, key: bytes) -> bool:
        """A woken worker may write below the horizon what no window reaches any more."""
        if not key.startswith(b"pane/"):
            return False
        _, _, unit, tier, bucket = key.decode().split("/")
        horizon = self.broker.snapshot().heads[f"head/patrols.v1/{unit}".encode()].horizon
        return bucket < horizon.get(Tier(tier), "")


def deliveries(rng: random.Random, events: list[Envelope]) -> list[tuple[Envelope, bool]]:
    """A unit's events as a relay publishes them: in order, from an earlier one again, some unreadable at first."""
    delivered: list[tuple[Envelope, bool]] = []
    at = 0
    while at < len(events):
        delivered.append((events[at], rng.random() > 0.15))
        at = rng.randrange(at + 1) if rng.random() < 0.1 else at + 1
    repairs = [(each, True) for each in events]
    return delivered + repairs[rng.randrange(len(events)) :]


@settings(max_examples=150, deadline=None)
@given(st.integers())
def test_deaths_repairs_repeats_and_woken_workers_leave_the_naive_sum(seed: int) -> None:
    _check_hard_life(seed)


def _check_hard_life(seed: int) -> None:
    rng = random.Random(seed)
    histories = history(rng, 12)
    queues = [deliveries(rng, events) for events in histories.values()]
    order = [index for index, queue in enumerate(queues) for _ in queue]
    rng.shuffle(order)
    worker = Worker(rng, [queues[index].pop(0) for index in order])

    worker.run()
    snapshot = worker.end()

    everything = [each for events in histories.values() for each in events]
    assert cells_of(snapshot) == naive_sum(everything, snapshot)
    assert {head.unit: head.position for head in snapshot.heads.values()} == dict.fromkeys(UNITS, 12)


def test_horizons_only_rise_and_expired_panes_are_deleted_and_never_begun_anew() -> None:
    four_days_ago = NOW - timedelta(days=4)
    fold, broker = new_fold(), Broker()
    fold.apply(event("00070", 1, None, patrol(four_days_ago)), 0, four_days_ago)
    broker.write_all(fold)
    minutes = [key for key in broker.snapshot().panes if b"/minute/" in key]

    fold.expire(NOW)
    broker.write_all(fold)  # the higher horizon
    broker.write_all(fold)  # then the deletion
    fold.apply(event("00070", 2, None, patrol(four_days_ago)), 1, four_days_ago)
    broker.write_all(fold)

    assert len(minutes) == 1
    assert not [key for key in broker.snapshot().panes if b"/minute/" in key]
    head = broker.snapshot().heads[b"head/patrols.v1/00070"]
    assert head.horizon[Tier.MINUTE] == (NOW - KEPT[Tier.MINUTE]).strftime("%Y-%m-%dT%H")
    assert head.late == {Tier.MINUTE: 1, Tier.HOUR: 0}
    assert (
        cells_of(broker.snapshot())["00070", Tier.DAY, "patrols_completed|00070", pane_number(Tier.DAY, four_days_ago)]
        == 2
    )


def test_deletion_waits_for_a_head_with_the_higher_horizon() -> None:
    four_days_ago = NOW - timedelta(days=4)
    fold, broker = new_fold(), Broker()
    fold.apply(event("00070", 1, None, patrol(four_days_ago)), 0, four_days_ago)
    broker.write_all(fold)

    fold.expire(NOW)
    flush: Flush = fold.dirty()

    assert not [key for key, value in flush.records if value is None]
    assert len(flush.heads) == 1
    broker.log += flush.heads  # and the worker dies before it can delete
    heir = broker.restored()
    assert [key for key, value in heir.dirty().records if value is None] == list(flush.expired)


def _check_hard_lives(count: int) -> None:
    for seed in range(count):
        _check_hard_life(seed)


class HeadsFirst(Worker):
    """A worker that writes heads before the records they vouch for."""

    def die_in_the_middle_of_a_flush(self) -> None:
        flush = self.fold.dirty()
        writes = [*flush.heads, *flush.records]
        self.broker.log += writes[: self.rng.randrange(len(writes) + 1)]
        self.fold = self.broker.restored()


def _everything_is_new(_: Record, __: int) -> bool:
    return True


def _above_the_fence(record: Record, position: int) -> bool:
    return position > record.fence


def _all_alike(_: object) -> tuple[int, int]:
    return 0, 0


@pytest.mark.parametrize(
    ("owner", "guard", "sabotage"),
    [
        pytest.param(Record, "lacks", _everything_is_new, id="fence ignored"),
        pytest.param(Record, "lacks", _above_the_fence, id="skipped positions forgotten"),
        pytest.param(PaneRecord, "age", property(_all_alike), id="last write of a record wins"),
        pytest.param(Head, "age", property(_all_alike), id="last write of a head wins"),
        pytest.param(sys.modules[__name__], "Worker", HeadsFirst, id="heads before records"),
    ],
)
def test_without_this_guard_figures_are_wrong(
    owner: object, guard: str, sabotage: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, guard, sabotage)

    with pytest.raises(AssertionError):
        _check_hard_lives(50)
