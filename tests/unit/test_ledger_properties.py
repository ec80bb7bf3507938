"""Whatever was corrected, late, twice, unreadable or cut off by a death: the entries add up to the served figure."""

import random
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.stats.catalogue import CATALOGUE
from services.stats.catalogue.facts import PATROL
from services.stats.queries.areas import Map
from services.stats.serving.explaining import Question
from services.stats.windows import STANDARD
from shared.contracts.topics import PATROLS
from shared.messaging.codec import Envelope
from shared.places.unit import REFORM
from tests.unit.fold_world import NOW
from tests.unit.ledger_world import (
    PLACES,
    ROWS,
    ROWS_AS_WERE,
    SETS,
    SETS_AS_WERE,
    World,
    amounts,
    history,
    log_of,
    partition_at,
)

METRICS = [metric.id for metric in CATALOGUE.of_topic(PATROLS.name) if metric.of is PATROL]


def question(rng: random.Random) -> Question:
    unit, metric = rng.choice(ROWS), rng.choice(METRICS)
    if rng.random() < 0.4:
        first = date(2025, 4, 1) + timedelta(days=rng.randrange(600))
        return Question(unit, metric, None, first, first + timedelta(days=rng.randrange(400)))
    return Question(unit, metric, rng.choice(list(STANDARD)), None, None)


def question_of_any_line(rng: random.Random) -> Question:
    """Of units and sets on either map, over windows that mostly lie around the reform."""
    map_ = rng.choice(list(Map))
    lines = (*ROWS_AS_WERE, *SETS_AS_WERE) if map_ is Map.WAS else (*ROWS, *SETS)
    asked = replace(question(rng), whose=rng.choice(lines), map=map_)
    if rng.random() < 0.3:
        return asked
    first = REFORM - timedelta(days=rng.randrange(-20, 120))
    return replace(asked, window=None, first=first, last=first + timedelta(days=rng.randrange(200)))


@settings(max_examples=30, deadline=None)
@given(st.integers())
async def test_all_pages_add_up_to_the_served_figure_in_any_window(seed: int) -> None:
    rng = random.Random(seed)
    world, events = World(), history(rng, 25)
    world.show(events)
    world.repository.book(log_of([each for each in events for _ in range(3)]))

    for _ in range(8):
        asked = question(rng)
        pages = await world.pages(asked, limit=rng.randrange(4, 60))

        assert sum(amounts(pages)) == pages[0]["figure"] == world.served(asked)
        assert all(page["ledger"] == {"state": "complete", "missing": 0} for page in pages)
        entries = [entry for page in pages for entry in page["events"]]
        places = [(entry["at"], entry["unit"], entry["position"]) for entry in entries]
        assert places == sorted(set(places), reverse=True)
        assert all(entry["amount"] for entry in entries)


@settings(max_examples=30, deadline=None)
@given(st.integers())
async def test_all_pages_of_any_line_on_either_map_add_up_to_its_figure(seed: int) -> None:
    rng = random.Random(seed)
    world, events = World(), history(rng, 25)
    world.show(events)
    world.repository.book(log_of(events))

    for _ in range(12):
        asked = question_of_any_line(rng)
        pages = await world.pages(asked, limit=rng.randrange(4, 60))

        assert sum(amounts(pages)) == pages[0]["figure"] == world.served(asked), asked
        assert all(page["ledger"] == {"state": "complete", "missing": 0} for page in pages)
        entries = [entry for page in pages for entry in page["events"]]
        places = [(entry["at"], entry["unit"], entry["position"]) for entry in entries]
        assert places == sorted(set(places), reverse=True)


@settings(max_examples=25, deadline=None)
@given(st.integers())
async def test_pages_explain_the_first_figure_while_figures_move_on(seed: int) -> None:
    rng = random.Random(seed)
    world, events, asked = World(), history(rng, 25), question(rng)
    world.show(events[:70])
    world.repository.book(log_of(events[:70]))

    pages = [await world.page(asked, limit=3)]
    figure, ahead = world.served(asked), 70
    while pages[-1]["next"] is not None:
        more = min(ahead + 10, len(events))
        world.show(events[ahead:more])
        world.repository.book(log_of(events[:more])[ahead:])
        ahead = more
        later = NOW + timedelta(minutes=len(pages))
        pages.append(await world.page(asked, cursor=pages[-1]["next"], limit=3, now=later))

    assert sum(amounts(pages)) == pages[0]["figure"] == figure
    assert {page["figure"] for page in pages} == {figure}


@settings(max_examples=25, deadline=None)
@given(st.integers())
async def test_deaths_between_entries_and_heads_leave_the_ledger_whole(seed: int) -> None:
    rng = random.Random(seed)
    world, events = World(), history(rng, 20)
    world.show(events)

    book_with_deaths(world, events, rng)

    for _ in range(6):
        asked = question(rng)
        pages = await world.pages(asked, limit=500)
        assert sum(amounts(pages)) == pages[0]["figure"]
        assert pages[0]["ledger"]["state"] == "complete"


def book_with_deaths(world: World, events: list[Envelope], rng: random.Random) -> None:
    """Each writer dies at any point of a write: some of its blocks are written, never its head."""
    log, repository = log_of(events), world.repository
    while repository.head.offset < len(log):
        partition = partition_at(repository.head)
        some = log[repository.head.offset :][: rng.randrange(1, 25)]
        for record in some:
            partition.take(record)
        blocks = partition.drained()
        if rng.random() < 0.5:
            rng.shuffle(blocks)
            repository.add(blocks[: rng.randrange(len(blocks) + 1)])
        else:
            repository.add(blocks)
            repository.head = partition.head()


@settings(max_examples=25, deadline=None)
@given(st.integers())
async def test_what_could_not_be_read_is_left_out_until_it_came_again(seed: int) -> None:
    rng = random.Random(seed)
    world, events, asked = World(), history(rng, 20), question(rng)
    broken = {(each.partitionkey, each.position) for each in events if rng.random() < 0.2}
    world.show(events, skipped=broken)
    world.repository.book(log_of(events, unreadable=broken))

    without = await world.pages(asked, limit=500)
    again = [each for each in events if (each.partitionkey, each.position) in broken]
    world.repository.book(log_of([*events, *again])[len(events) :])
    ahead = await world.pages(asked, limit=500)
    world.show(again)
    whole = await world.pages(asked, limit=500)

    assert sum(amounts(without)) == without[0]["figure"]
    assert sum(amounts(ahead)) == ahead[0]["figure"] == without[0]["figure"]
    assert sum(amounts(whole)) == whole[0]["figure"] == world.served(asked)


@settings(max_examples=25, deadline=None)
@given(st.integers())
async def test_entries_since_given_positions_are_what_the_figure_has_changed_by(seed: int) -> None:
    rng = random.Random(seed)
    world, events, asked = World(), history(rng, 25), question(rng)
    cut = rng.randrange(len(events))
    unread = [each for each in events[:cut] if rng.random() < 0.2]
    late = {("patrols.v1", each.partitionkey): set[int]() for each in unread}
    for each in unread:
        late["patrols.v1", each.partitionkey].add(each.position)
    world.show(events[:cut], skipped=[(each.partitionkey, each.position) for each in unread])
    before = world.served(asked) if cut else 0
    positions = {("patrols.v1", unit): world.view.position("patrols.v1", unit) for unit in PLACES.codes_of("01")}

    world.show([*unread, *events[cut:]])
    held = {source: world.view.position(*source) for source in positions}
    known_before = await world.questions.known(held)
    world.repository.book(log_of(events))
    selection = world.queries.select(world.view, "01", asked.window, asked.first, asked.last, asked.metric)
    interval = world.queries.interval(world.view, selection, NOW)
    since = await world.questions.since(str(asked.whose), asked.metric, interval, positions, repaired=late)

    assert sum(entry.amount for entry in since) == world.served(asked) - before
    assert (known_before, await world.questions.known(held)) == (False, True)
    for entry in since:
        source = entry.topic, entry.unit
        assert entry.position > positions[source] or entry.position in late.get(source, ())
