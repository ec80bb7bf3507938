"""Figures of former units and of sets are explained: which events are whose, what has none, and who may see them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.stats.catalogue import CATALOGUE
from services.stats.extents import Days, Portion
from services.stats.ledger import questions
from services.stats.ledger.blocks import slot
from services.stats.queries.areas import Map
from services.stats.queries.sets import WantedSet
from services.stats.serving.explaining import Question
from shared.errors import InvalidInput, NotFound
from shared.messaging.codec import Envelope
from shared.places.unit import REFORM
from tests.unit.fold_world import NOW, ZONE, event, patrol
from tests.unit.ledger_world import PLACES, World, amounts, log_of

LAST_DAY, FIRST_DAY = datetime(2025, 6, 30, 9, tzinfo=ZONE), datetime(2025, 7, 1, 9, tzinfo=ZONE)
# Trúc Bạch until the reform, Ba Đình since.
TWICE_USED = "00004"
BEFORE, SINCE = f"{TWICE_USED}@2025-06-30", f"{TWICE_USED}@2025-07-01"
# Cống Vị of then lies in two units of today.
DIVIDED = "00007"
HEIRS = PLACES.successors(DIVIDED)


def done(unit: str, position: int, at: datetime, **more: Any) -> Envelope:
    return event(unit, position, None, patrol(at, **more), subject=f"{unit}-{position}")


def asked(whose: str | WantedSet, map_: Map) -> Question:
    first = REFORM - timedelta(days=30)
    return Question(whose, "patrols_completed", None, first, REFORM + timedelta(days=30), map_)


def units(*codes: str) -> WantedSet:
    return WantedSet("01", ",".join(codes), None)


def world(*events: Envelope) -> World:
    made = World()
    made.show(events)
    made.repository.book(log_of(events))
    return made


async def listed(some: World, question: Question) -> list[str]:
    [page] = await some.pages(question, limit=100)
    assert sum(amounts([page])) == page["figure"] == some.served(question)
    return sorted(entry["id"] for entry in page["events"])


# -- whose events


async def test_units_that_had_one_code_have_each_their_own_events() -> None:
    some = world(done(TWICE_USED, 1, LAST_DAY), done(TWICE_USED, 2, FIRST_DAY))

    assert await listed(some, asked(BEFORE, Map.WAS)) == [f"{TWICE_USED}-1"]
    assert await listed(some, asked(SINCE, Map.WAS)) == [f"{TWICE_USED}-2"]
    assert await listed(some, asked(units(BEFORE, SINCE), Map.WAS)) == [f"{TWICE_USED}-1", f"{TWICE_USED}-2"]


async def test_without_the_cut_at_the_reform_an_event_would_be_listed_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    some = world(done(TWICE_USED, 1, LAST_DAY), done(TWICE_USED, 2, FIRST_DAY))
    served = some.served(asked(BEFORE, Map.WAS))

    monkeypatch.setattr(Days, "cut", lambda self, start, end, panes: (start, end))
    [page] = await some.pages(asked(BEFORE, Map.WAS), limit=100)

    assert len(page["events"]) > served


async def test_a_former_unit_has_what_lies_elsewhere_today_and_not_what_others_recorded_there() -> None:
    heir = HEIRS[0]
    some = world(
        done(DIVIDED, 1, LAST_DAY),
        done(DIVIDED, 2, LAST_DAY, residential_group=heir),
        done(heir, 1, LAST_DAY),
        done(heir, 2, FIRST_DAY),
    )

    assert await listed(some, asked(DIVIDED, Map.WAS)) == [f"{DIVIDED}-1", f"{DIVIDED}-2"]
    assert await listed(some, asked(heir, Map.IS)) == [f"{DIVIDED}-2", f"{heir}-1", f"{heir}-2"]


async def test_without_looking_at_the_code_an_event_would_count_twice_in_a_set(monkeypatch: pytest.MonkeyPatch) -> None:
    some = world(done(DIVIDED, 1, LAST_DAY, residential_group=HEIRS[0]), done(HEIRS[0], 1, LAST_DAY))
    both = asked(units(f"{HEIRS[0]}@2025-06-30", DIVIDED), Map.WAS)
    assert await listed(some, both) == [f"{DIVIDED}-1", f"{HEIRS[0]}-1"]

    monkeypatch.setattr(Portion, "has", lambda self, code, today: (today == self.today) is not self.elsewhere)
    [page] = await some.pages(both, limit=100)

    assert sum(amounts([page])) > page["figure"]


async def test_a_set_with_all_successors_of_a_divided_unit_has_its_events() -> None:
    some = world(done(DIVIDED, 1, LAST_DAY), done(HEIRS[0], 1, LAST_DAY))

    assert await listed(some, asked(units(*HEIRS), Map.IS)) == sorted([f"{DIVIDED}-1", f"{HEIRS[0]}-1"])
    assert await listed(some, asked(units(HEIRS[0]), Map.IS)) == [f"{HEIRS[0]}-1"]


async def test_a_former_district_is_explained_on_either_map() -> None:
    some = world(done(TWICE_USED, 1, LAST_DAY), done("00001", 1, LAST_DAY), done("00070", 1, LAST_DAY))
    ba_dinh = WantedSet("01", None, "ba dinh")

    assert await listed(some, asked(ba_dinh, Map.WAS)) == ["00001-1", f"{TWICE_USED}-1"]
    assert f"{TWICE_USED}-1" in await listed(some, asked(ba_dinh, Map.IS))


async def test_a_city_has_everything_on_either_map_and_as_a_set_of_itself() -> None:
    some = world(done("01", 1, FIRST_DAY), done(DIVIDED, 1, LAST_DAY), done("00070", 1, FIRST_DAY))
    everything = ["00007-1", "00070-1", "01-1"]

    for map_ in Map:
        assert await listed(some, asked("01", map_)) == everything
        assert await listed(some, asked(units("01"), map_)) == everything


@pytest.mark.parametrize("most", [1, 32])
async def test_many_units_at_once_are_looked_for_in_their_city(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(questions, "MOST_ROWS", most)
    some = world(done(TWICE_USED, 1, LAST_DAY), done("00001", 1, LAST_DAY), done("00070", 1, LAST_DAY))

    assert await listed(some, asked(units(BEFORE, "00001"), Map.WAS)) == ["00001-1", f"{TWICE_USED}-1"]


def test_entries_of_a_former_unit_are_found_by_its_code_without_those_of_the_city() -> None:
    some = world(done(DIVIDED, 1, LAST_DAY), done("00070", 1, LAST_DAY))

    by_code = [block["_id"] for block in some.repository.blocks.values() if _slot(DIVIDED) in block["slots"]]

    assert by_code == [f"patrols.v1/{DIVIDED}/1-1/1"]


def _slot(row: str) -> str:
    return slot("patrol", row, LAST_DAY.date().toordinal())


# -- what has no events


async def test_an_estimate_says_on_every_page_that_it_has_no_events() -> None:
    divided = [done(DIVIDED, position, LAST_DAY) for position in (1, 2, 3)]
    some = world(*divided, done(HEIRS[0], 1, LAST_DAY), done(HEIRS[0], 2, LAST_DAY))

    pages = await some.pages(asked(HEIRS[0], Map.IS), limit=1)

    assert [page["figure"] for page in pages] == [2, 2]
    assert [page["estimated"]["value"] for page in pages] == [4, 4]
    assert "map=was" in pages[0]["estimated"]["note_en"]
    assert {entry["unit"] for page in pages for entry in page["events"]} == {HEIRS[0]}


async def test_a_figure_without_shares_has_no_estimate() -> None:
    some = world(done(DIVIDED, 1, LAST_DAY))

    for question in (asked(DIVIDED, Map.WAS), asked("01", Map.IS), asked(units(*HEIRS), Map.IS)):
        [page] = await some.pages(question, limit=10)
        assert page["estimated"] is None


async def test_a_bin_of_a_histogram_is_explained_and_a_figure_of_other_rules_is_not() -> None:
    some = world(done(TWICE_USED, 1, FIRST_DAY))
    a_bin = CATALOGUE.histograms[0].bins[0]

    [page] = await some.pages(Question("01", a_bin, "day", None, None), limit=10)
    some.view.uncounted = frozenset({"patrols_completed"})

    assert (page["figure"], page["events"]) == (0, [])
    with pytest.raises(InvalidInput, match="not counted yet"):
        await some.page(asked("01", Map.IS))


# -- how it is asked, and by whom


async def test_answers_name_the_line_as_figures_do() -> None:
    some = world(done(TWICE_USED, 1, LAST_DAY))

    [of_unit] = await some.pages(asked(TWICE_USED, Map.WAS), limit=10)
    [former] = await some.pages(asked(BEFORE, Map.WAS), limit=10)
    [of_set] = await some.pages(asked(WantedSet("01", None, "001"), Map.WAS), limit=10)

    assert (of_unit["map"], of_unit["unit"]["key"], former["unit"]["key"]) == ("was", TWICE_USED, BEFORE)
    assert (former["unit"]["name"], of_set["set"]["title"]) == ("Phường Trúc Bạch", "Quận Ba Đình")


async def test_a_former_unit_on_todays_map_and_an_unknown_one_are_refused() -> None:
    some = world(done(DIVIDED, 1, LAST_DAY))

    with pytest.raises(NotFound, match="map=was"):
        await some.page(asked(DIVIDED, Map.IS))
    with pytest.raises(NotFound):
        await some.page(asked(f"{DIVIDED}@2025-07-01", Map.WAS))
    with pytest.raises(InvalidInput, match="counted twice"):
        await some.page(asked(units(TWICE_USED, TWICE_USED), Map.IS))


@pytest.mark.parametrize(
    ("whose", "map_", "covered", "seen"),
    [
        (DIVIDED, Map.WAS, HEIRS, True),
        (DIVIDED, Map.WAS, HEIRS[:1], False),
        # The code alone is not enough: the former unit that had it lay elsewhere.
        (DIVIDED, Map.WAS, (DIVIDED,), False),
        (units(*HEIRS), Map.IS, HEIRS, True),
        (units(*HEIRS), Map.IS, HEIRS[1:], False),
        ("01", Map.WAS, HEIRS, False),
    ],
)
async def test_events_are_shown_to_who_answers_for_all_units_of_today_that_the_line_lies_in(
    whose: str | WantedSet, map_: Map, covered: tuple[str, ...], seen: bool
) -> None:
    some = world(done(DIVIDED, 1, LAST_DAY))

    async def page() -> Any:
        return await some.explanations.explain(
            asked(whose, map_), cursor=None, limit=1, now=NOW, covers=covered.__contains__
        )

    if seen:
        assert (await page())["events"]
    else:
        with pytest.raises(NotFound, match="among yours"):
            await page()


async def test_a_cursor_belongs_to_one_map() -> None:
    some = world(done("00070", 1, FIRST_DAY), done("00070", 2, FIRST_DAY))
    page = await some.page(asked("00070", Map.IS))

    with pytest.raises(InvalidInput, match="another question"):
        await some.page(asked("00070", Map.WAS), cursor=page["next"])
