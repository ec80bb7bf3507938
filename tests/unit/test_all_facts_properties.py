"""Facts of every kind, in any order across units, three times and late: the figures are those of the latest facts."""

import random
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.stats.catalogue import CATALOGUE, Catalogue
from services.stats.catalogue.reader import Reader
from services.stats.engine import Fold
from services.stats.panes import Head
from services.stats.verify.counting import COUNTS
from services.stats.view import View
from shared.contracts.topics import FACT_TOPICS, Topic
from shared.messaging.codec import Envelope, decode
from tests.chaos.oracle import Accepted, Cells, expected, kept, served
from tests.support.made_up import Lives, by_kind
from tests.unit.fold_world import GENERATION, NOW, ZONE
from tests.unit.ledger_world import FORMER, GROUPS, PLACES, TODAY
from tests.unit.test_engine_properties import moment, shuffled

UNITS = (*TODAY, *FORMER)
Queues = Mapping[str, list[list[Envelope]]]
"""By topic the events of each unit, in the order of their positions."""


def histories(rng: random.Random, steps: int) -> tuple[Queues, Accepted]:
    """So many steps in the lives of each kind of aggregate."""
    accepted, queues = Accepted(), dict[str, list[list[Envelope]]]()
    for topic in FACT_TOPICS:
        sequences: dict[str, list[Envelope]] = {}
        lives = [Lives(rng, types, UNITS, GROUPS, moment, name=kind) for kind, types in by_kind(topic.events).items()]
        turns = [life for life in lives for _ in range(steps)]
        rng.shuffle(turns)
        for event in (event for life in turns for event in life.next()):
            sequence = sequences.setdefault(event.partitionkey, [])
            position = len(sequence) + 1
            sequence.append(decode(event.record(position=position, lineage="lineage-1", recorded_at=NOW)))
            accepted.add(event, position)
        queues[topic.name] = list(sequences.values())
    return queues, accepted


def view_of(rng: random.Random, queues: Queues, *, deliveries: int = 3) -> View:
    """What readers have once every event was folded, in any order across units and each so many times."""
    view = View(generation=GENERATION, city_of=PLACES.city_of, topic_of=CATALOGUE.topics)
    for topic, units in queues.items():
        fold = Fold(topic, 3, generation=GENERATION, cluster_id="c", today_unit=today_unit, zone=ZONE)
        for each in _again(rng, shuffled(rng, units), deliveries):
            fold.apply(each, fold.offset, NOW)
            if rng.random() < 0.05:
                _show(fold, view)
        _show(fold, view)
    return view


def today_unit(unit: str, group: str | None, on: date) -> str | None:
    return PLACES.today_unit(unit, on, group)


def _again(rng: random.Random, events: Iterator[Envelope], deliveries: int) -> Iterator[Envelope]:
    """Each event, then it and some before it once more, as a relay sends them that did not hear they were taken."""
    sent: list[Envelope] = []
    for each in events:
        sent.append(each)
        yield each
        for _ in range(deliveries - 1):
            yield each
        yield from sent[len(sent) - rng.randrange(min(len(sent), 4)) :]


def _show(fold: Fold, view: View) -> None:
    flush = fold.dirty()
    for key, value in (*flush.records, *flush.heads):
        view.take(key, value)
    fold.flushed(flush)


def right(accepted: Accepted, heads: Iterable[Head]) -> Cells:
    return kept(expected(accepted.latest(accepted.positions), PLACES, ZONE), heads)


@settings(max_examples=50, deadline=None)
@given(st.integers())
def test_figures_are_those_of_the_latest_facts_of_every_kind_whatever_the_order(seed: int) -> None:
    _check(seed, steps=20)


def _check(seed: int, steps: int = 12) -> None:
    rng = random.Random(seed)
    queues, accepted = histories(rng, steps)

    one, other = view_of(rng, queues), view_of(rng, queues)

    found = kept(served(one), one.heads.values())
    assert found == right(accepted, one.heads.values())
    assert found == kept(served(other), other.heads.values())
    assert {source: head.position for source, head in one.heads.items()} == accepted.positions


def test_every_event_that_is_counted_is_drawn() -> None:
    queues, _ = histories(random.Random(1), 40)

    drawn = {topic: {each.type for unit in units for each in unit} for topic, units in queues.items()}

    assert drawn == {topic.name: {event.event_type() for event in topic.events} for topic in FACT_TOPICS}
    assert all(CATALOGUE.readers(topic).keys() <= drawn[topic.name] for topic in FACT_TOPICS)
    assert {type_.partition(".")[0] for types in drawn.values() for type_ in types} == COUNTS.keys()


@pytest.mark.parametrize("type_", sorted({type_ for topic in FACT_TOPICS for type_ in CATALOGUE.readers(topic)}))
def test_an_event_type_that_nobody_reads_is_missed(type_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    readers = Catalogue.readers

    def forgetful(self: Catalogue, topic: Topic) -> Mapping[str, Reader]:
        return {name: reader for name, reader in readers(self, topic).items() if name != type_}

    monkeypatch.setattr(Catalogue, "readers", forgetful)

    with pytest.raises(AssertionError):
        _check_many(10)


def _check_many(count: int) -> None:
    for seed in range(count):
        _check(seed, steps=20)
