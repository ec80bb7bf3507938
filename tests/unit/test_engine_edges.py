"""Facts at the edges of panes, days, years, maps and horizons: the fold equals the latest facts, counted."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.stats.catalogue import CATALOGUE
from services.stats.engine import Fold
from services.stats.panes import KEPT
from services.stats.view import View
from shared.contracts.base import Event
from shared.contracts.stats import Tier
from shared.contracts.topics import FACT_TOPICS, topic_of
from shared.messaging.codec import Envelope, decode
from shared.places import places
from tests.chaos.oracle import Accepted, Cells, expected, kept, served
from tests.chaos.stories import Chance, Stories, moment

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 23, 15, 4, 30, tzinfo=ZONE)
PLACES = places()
UNITS = ("00004", "00070", "01")  # one that was split by the reform, one that was not, and the city itself
DAYS = (
    datetime(2024, 2, 29, tzinfo=ZONE),
    datetime(2024, 12, 31, tzinfo=ZONE),
    datetime(2025, 1, 1, tzinfo=ZONE),
    datetime(2025, 7, 1, tzinfo=ZONE),  # the map of today begins
    datetime(2026, 2, 28, tzinfo=ZONE),
    NOW.replace(hour=0, minute=0, second=0),
    NOW - KEPT[Tier.MINUTE],
    NOW - KEPT[Tier.HOUR],
)
STEPS = (
    timedelta(0),
    timedelta(microseconds=-1),
    timedelta(microseconds=1),
    timedelta(minutes=-1),
    timedelta(minutes=1),
    timedelta(hours=-1),
    timedelta(hours=1),
    timedelta(days=1, microseconds=-1),
    timedelta(days=1),
)
SAMPLES = 40  # each of some eighty events in three units


def on_an_edge(rng: Random, now: datetime) -> datetime:
    """Half of all facts lie on an edge of the calendar or of a horizon, told in local time or in UTC."""
    at = moment(rng, now) if rng.random() < 0.5 else rng.choice(DAYS) + rng.choice(STEPS)
    return at if rng.random() < 0.5 else at.astimezone(ZoneInfo("UTC"))


def history(rng: Random, stories: int = 60) -> tuple[Accepted, list[Envelope]]:
    """What was accepted, and the events in the order in which they were."""
    chance = Chance(rng, UNITS, on_an_edge)
    told, accepted, envelopes = Stories(chance, name="s"), Accepted(), []
    for _ in range(stories):
        for event in told.next(NOW):
            position = accepted.positions.get((topic_of(event.type).name, event.partitionkey), 0) + 1
            accepted.add(event, position)
            envelopes.append(decode(event.record(position=position, lineage="l", recorded_at=NOW)))
    return accepted, envelopes


def source(envelope: Envelope) -> tuple[str, str]:
    return topic_of(envelope.type).name, envelope.partitionkey


def any_order(rng: Random, envelopes: Sequence[Envelope]) -> Iterator[Envelope]:
    """Another order across units that keeps each unit's own."""
    queues = {source(envelope): [e for e in envelopes if source(e) == source(envelope)] for envelope in envelopes}
    while queues:
        key = rng.choice(sorted(queues))
        yield queues[key].pop(0)
        if not queues[key]:
            del queues[key]


def three_times(rng: Random, envelopes: Sequence[Envelope]) -> list[Envelope]:
    """Each delivered at once, then everything again twice from the beginning, as a relay does for a new broker."""
    return [*envelopes, *any_order(rng, envelopes), *any_order(rng, envelopes)]


def folded(envelopes: Sequence[Envelope], *, now: Callable[[int], datetime], flush_every: int) -> View:
    """What a reader has after these deliveries."""
    view = View(
        generation="g",
        city_of=PLACES.city_of,
        topic_of={metric.id: metric.topic for metric in CATALOGUE.metrics.values()},
    )
    folds = {topic.name: new_fold(topic.name) for topic in FACT_TOPICS}
    for offset, envelope in enumerate(envelopes, 1):
        folds[topic_of(envelope.type).name].apply(envelope, offset, now(offset))
        if offset % flush_every == 0 or offset == len(envelopes):
            for fold in folds.values():
                flush = fold.dirty()
                for key, value in (*flush.records, *flush.heads):
                    view.take(key, value)
                fold.flushed(flush)
    return view


def new_fold(topic: str) -> Fold:
    return Fold(
        topic,
        0,
        generation="g",
        cluster_id="c",
        today_unit=lambda unit, group, day: PLACES.today_unit(unit, day, group),
        zone=ZONE,
    )


def right(accepted: Accepted, view: View) -> Cells:
    return kept(expected(accepted.latest(accepted.positions), PLACES, ZONE), view.heads.values())


@settings(max_examples=SAMPLES, deadline=None)
@given(st.integers())
def test_any_order_three_deliveries_and_edges_give_the_latest_facts(seed: int) -> None:
    rng = Random(seed)
    accepted, envelopes = history(rng)

    delivered = three_times(rng, list(any_order(rng, envelopes)))
    view = folded(delivered, now=lambda _: NOW, flush_every=rng.randint(1, 40))

    assert kept(served(view), view.heads.values()) == right(accepted, view)
    assert {s: head.position for s, head in view.heads.items()} == accepted.positions


@settings(max_examples=SAMPLES, deadline=None)
@given(st.integers())
def test_horizons_that_rise_meanwhile_leave_what_is_kept_exact(seed: int) -> None:
    rng = Random(seed)
    accepted, envelopes = history(rng)
    step = timedelta(minutes=rng.choice((1, 17, 61, 700)))

    view = folded(envelopes, now=lambda offset: NOW + offset * step, flush_every=rng.randint(1, 40))

    assert kept(served(view), view.heads.values()) == right(accepted, view)


@settings(max_examples=SAMPLES, deadline=None)
@given(st.integers())
def test_all_orders_have_one_digest(seed: int) -> None:
    rng = Random(seed)
    _, envelopes = history(rng)

    views = [
        folded(list(any_order(rng, envelopes)), now=lambda _: NOW, flush_every=rng.randint(1, 40)) for _ in range(4)
    ]

    assert len({digest(view) for view in views}) == 1


def digest(view: View) -> str:
    return hashlib.sha256(repr(sorted(served(view).items())).encode()).hexdigest()


@settings(max_examples=SAMPLES, deadline=None)
@given(st.integers())
def test_a_relocation_moves_figures_between_communes_and_not_those_of_the_city(seed: int) -> None:
    rng = Random(seed)
    stories = Stories(Chance(rng, UNITS[1:]), name="s")
    events: list[Event] = []
    while not any(event.type == "tip.relocated.v1" for event in events):
        before = list(events)
        events += stories.next(NOW)

    assert city(before) == city(events)


def city(events: Sequence[Event]) -> Cells:
    positions: dict[tuple[str, str], int] = {}
    envelopes = []
    for event in events:
        key = topic_of(event.type).name, event.partitionkey
        positions[key] = positions.get(key, 0) + 1
        envelopes.append(decode(event.record(position=positions[key], lineage="l", recorded_at=NOW)))
    cells = served(folded(envelopes, now=lambda _: NOW, flush_every=1_000))
    return Cells({cell: amount for cell, amount in cells.items() if cell[0] == "01"})


@pytest.mark.parametrize("tier", [Tier.MINUTE, Tier.HOUR])
def test_the_first_kept_pane_counts_in_its_tier_and_the_one_before_only_in_the_coarser(tier: Tier) -> None:
    first = (NOW - KEPT[tier]).replace(minute=0, second=0, microsecond=0)
    first = first if tier is Tier.MINUTE else first.replace(hour=0)

    tiers = {
        at: {cell[2] for cell in served(folded([tip_at(at)], now=lambda _: NOW, flush_every=1))}
        for at in (first, first - timedelta(microseconds=1))
    }

    assert tier in tiers[first]
    assert tier not in tiers[first - timedelta(microseconds=1)]
    assert Tier.DAY in tiers[first - timedelta(microseconds=1)]


def tip_at(at: datetime) -> Envelope:
    stories = Stories(Chance(Random(0), ("00070",), lambda _rng, _now: at), name="s")
    event = next(event for event in iter(lambda: stories.next(NOW)[0], None) if event.type == "tip.received.v1")
    return decode(event.record(position=1, lineage="l", recorded_at=NOW))


def test_an_oracle_that_places_facts_by_utc_days_would_show() -> None:
    accepted, envelopes = history(Random(7))
    view = folded(envelopes, now=lambda _: NOW, flush_every=10)

    by_utc = kept(expected(accepted.latest(accepted.positions), PLACES, ZoneInfo("UTC")), view.heads.values())

    assert kept(served(view), view.heads.values()) != by_utc
