"""Today's map and the maps before: every fact lies in one unit of either, and the city has them all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.stats.catalogue import CATALOGUE
from services.stats.panes import SPLIT, Head, PaneRecord, encode, pane_number
from services.stats.queries import Queries
from services.stats.queries.apportioning import apportion
from services.stats.queries.areas import Map
from services.stats.queries.combined import Part
from services.stats.queries.sets import WantedSet
from services.stats.view import View
from services.stats.windows import STANDARD
from shared.contracts.stats import Tier
from shared.contracts.topics import PATROLS
from shared.errors import DomainError, InvalidInput, NotFound
from shared.places import MERGERS, REFORM, places

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 3, 23, 8, 17, 30, tzinfo=UTC)  # the year before lies on both maps
CITY = "01"
DAY = timedelta(days=1)
# Whole, divided, merged in January 2025 (00010, 00184), renamed then (00181), with a code used again (00004).
CODES = ("01", "00004", "00010", "00181", "00184", *(unit.code for unit in places().communes_of(CITY)[:20]))
CODES += tuple(unit.code for unit in places().historic_communes_of(CITY, date(2025, 6, 1))[:20])
ADDITIVE, LEVEL, BIN = "patrols_completed", "teams_active", CATALOGUE.histograms[0].bins[2]

Fact = tuple[str, date, int, str, int]  # code, day of the fact, days until it counts, series, amount


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    found = []
    known = places()
    for _ in range(draw(st.integers(0, 30))):
        day = date(2024, 11, 1) + timedelta(days=draw(st.integers(0, 500)))
        code = draw(st.sampled_from([code for code in CODES if known.valid_on(code, day)]))
        later = draw(st.sampled_from([0, 0, 0, 1, 40]))
        name = draw(st.sampled_from([ADDITIVE, LEVEL, BIN]))
        found.append((code, day, later, name, draw(st.integers(1, 5))))
    return found


def view_of(history: list[Fact]) -> View:
    view = View(generation="g", city_of=places().city_of, topic_of=CATALOGUE.topics)
    records: dict[bytes, PaneRecord] = {}
    for code, day, later, name, amount in history:
        inner = places().today_unit(code, day) or SPLIT
        counted = day + timedelta(days=later)
        fresh = PaneRecord(PATROLS.name, code, Tier.DAY, f"{counted:%Y-%m}", 1, "g", {})
        record = records.setdefault(fresh.key, fresh)
        cells = record.series.setdefault(f"{name}|{inner}", {})
        cells[counted.day] = cells.get(counted.day, 0) + amount
    for key, record in records.items():
        view.take(key, encode(record))
    for code in {code for code, *_ in history}:
        view.take(*_head(code))
    return view


def _head(code: str) -> tuple[bytes, bytes]:
    head = Head(PATROLS.name, code, 1, 1, 0, {}, "g", "l", "c")
    return head.key, encode(head)


def queries() -> Queries:
    return Queries(CATALOGUE, places(), ZONE)


def table(view: View, map_: Map, window: str | None, dates: tuple[date, date] | None = None) -> dict[str, Any]:
    ask = queries()
    first, last = dates or (None, None)
    selection = ask.select(view, CITY, window, first, last, ",".join((ADDITIVE, LEVEL)))
    told: dict[str, Any] = orjson.loads(orjson.dumps(ask.table(view, selection, NOW, map_)))
    return told


def column(told: dict[str, Any], at: int) -> dict[str, int]:
    return {key: row["values"][at] for key, row in told["rows"].items()}


def own(history: list[Fact], name: str, first: date | None, end: date) -> int:
    """What the city itself recorded, by the plainest code there is."""
    return sum(
        amount
        for code, day, later, series, amount in history
        if code == CITY and series == name and (first is None or first <= day + later * DAY) and day + later * DAY < end
    )


UNTIL_TODAY = (NOW.date() - date(2024, 11, 1)).days  # a window may end after today, but not begin then
WINDOWS = st.one_of(
    st.sampled_from(["month", "quarter", "year"]).map(lambda window: (window, None)),
    st.tuples(st.integers(0, UNTIL_TODAY), st.integers(0, 520)).map(
        lambda days: (None, tuple(sorted(date(2024, 11, 1) + n * DAY for n in days)))
    ),
)


@settings(deadline=None, max_examples=30)
@given(facts(), WINDOWS)
def test_city_is_the_same_on_either_map_and_the_sum_of_the_units_as_they_were(
    history: list[Fact], window: tuple[str | None, tuple[date, date] | None]
) -> None:
    view = view_of(history)

    as_is, as_was = (table(view, map_, *window) for map_ in Map)

    first, end = (datetime.fromisoformat(as_is["window"][side]).date() for side in ("start", "end"))
    for at, (name, since) in enumerate(((ADDITIVE, first), (LEVEL, None))):
        units = column(as_was, at)
        assert units[CITY] == column(as_is, at)[CITY]
        assert units.pop(CITY) - own(history, name, since, end) == sum(units.values())


@settings(deadline=None, max_examples=30)
@given(facts(), WINDOWS)
def test_shares_leave_the_city_as_it_is_and_no_fact_of_a_divided_unit_out(
    history: list[Fact], window: tuple[str | None, tuple[date, date] | None]
) -> None:
    told = table(view_of(history), Map.IS, *window)

    first, end = (datetime.fromisoformat(told["window"][side]).date() for side in ("start", "end"))
    for at, (name, since) in enumerate(((ADDITIVE, first), (LEVEL, None))):
        estimated = {
            key: row.get("estimated", {}).get("values", {}).get(name, row["values"][at])
            for key, row in told["rows"].items()
        }
        assert estimated.pop(CITY) - own(history, name, since, end) == sum(estimated.values())


@given(st.integers(-50, 5_000), st.integers(1, 5))
def test_shares_are_whole_add_up_and_differ_by_one_at_most(amount: int, heirs: int) -> None:
    shares = apportion(amount, [str(heir) for heir in range(heirs)])

    assert sum(shares.values()) == amount
    assert max(shares.values()) - min(shares.values()) <= 1
    assert list(shares.values()) == sorted(shares.values(), reverse=True)


def test_a_code_that_was_used_again_names_two_units() -> None:
    view = view_of([("00004", date(2025, 6, 30), 0, ADDITIVE, 2), ("00004", REFORM, 0, ADDITIVE, 5)])

    rows = table(view, Map.WAS, None, (date(2025, 1, 1), date(2025, 12, 31)))["rows"]

    assert rows["00004@2025-06-30"]["values"][0] == 2
    assert rows["00004@2025-06-30"]["name"] == "Phường Trúc Bạch"
    assert rows["00004"]["values"][0] == 5
    assert rows["00004"]["name"] == "Phường Ba Đình"


def test_a_later_step_of_an_old_units_fact_stays_with_it_where_it_can_be_told() -> None:
    gone = "00010"  # merged into 00004 on 1 January 2025
    view = view_of([(gone, MERGERS - DAY, 40, ADDITIVE, 3)])

    rows = table(view, Map.WAS, None, (date(2025, 2, 1), date(2025, 2, 28)))["rows"]

    assert rows["00010@2024-12-31"]["values"][0] == 3


def test_a_level_lies_with_whoever_has_the_code_at_the_end() -> None:
    view = view_of([("00004", date(2025, 6, 1), 0, LEVEL, 4)])

    before = table(view, Map.WAS, None, (date(2025, 6, 1), date(2025, 6, 30)))["rows"]
    after = table(view, Map.WAS, None, (date(2025, 6, 1), date(2025, 7, 31)))["rows"]

    assert before["00004@2025-06-30"]["values"][1] == 4
    assert after["00004@2025-06-30"]["values"][1] + after["00004"]["values"][1] == 4


def test_a_window_of_today_lists_the_units_of_today() -> None:
    rows = table(view_of([]), Map.WAS, "P30D")["rows"]

    assert len(rows) == 127
    assert not any("@" in key for key in rows)


def test_a_window_over_the_reform_lists_both_maps() -> None:
    rows = table(view_of([]), Map.WAS, None, (REFORM - DAY, REFORM))["rows"]

    assert len(rows) == 1 + 526 + 126


def one(view: View, unit: str, map_: Map, dates: tuple[date, date]) -> dict[str, Any]:
    return queries().one_row(view, unit, None, *dates, NOW, map_)


def test_an_old_unit_is_found_by_its_code() -> None:
    view = view_of([("00010", date(2024, 12, 1), 0, ADDITIVE, 3)])

    told = one(view, "00010", Map.WAS, (date(2024, 12, 1), date(2024, 12, 31)))
    renamed = one(view, "00004", Map.WAS, (date(2025, 1, 1), date(2025, 5, 31)))

    assert told["figures"][ADDITIVE]["value"] == 3
    assert told["unit"]["name"] == "Phường Nguyễn Trung Trực"
    assert renamed["unit"]["key"] == "00004@2025-06-30"
    with pytest.raises(NotFound):
        one(view, "00010", Map.IS, (date(2024, 12, 1), date(2024, 12, 31)))
    for wrong in ("99999", "00010@2025-01-01", "00010@yesterday"):
        with pytest.raises(NotFound):
            one(view, wrong, Map.WAS, (date(2024, 12, 1), date(2024, 12, 31)))


def test_a_series_of_an_old_unit_ends_where_the_new_one_begins() -> None:
    view = view_of([("00004", REFORM - DAY, 0, ADDITIVE, 2), ("00004", REFORM, 0, ADDITIVE, 5)])
    days = (date(2025, 6, 1), date(2025, 7, 31))

    def points(unit: str, map_: Map) -> list[list[Any]]:
        told: list[list[Any]] = queries().series(view, unit, ADDITIVE, Tier.DAY, *days, NOW, map_)["points"]
        return told

    assert points("00004@2025-06-30", Map.WAS) == [["2025-06-30", 2]]
    assert points("00004", Map.WAS) == [["2025-07-01", 5]]
    assert [amount for _, amount in points(CITY, Map.WAS)] == [2, 5]


def test_figures_of_an_old_unit_are_not_compared_with_a_time_of_which_nothing_is_known() -> None:
    view = view_of([("00004", REFORM + DAY, 0, ADDITIVE, 5)])

    told = one(view, "00004", Map.WAS, (date(2025, 7, 2), date(2025, 7, 31)))

    assert told["figures"][ADDITIVE]["value"] == 5
    assert told["figures"][ADDITIVE]["year_earlier"] is None


def test_every_key_of_a_table_leads_to_its_row() -> None:
    view = view_of([("00004", REFORM - DAY, 0, ADDITIVE, 2), ("00025", REFORM, 0, ADDITIVE, 5)])
    dates = (REFORM - DAY, REFORM)

    for key, row in list(table(view, Map.WAS, None, dates)["rows"].items())[::40]:
        assert one(view, key, Map.WAS, dates)["figures"][ADDITIVE]["value"] == row["values"][0]


@pytest.mark.parametrize("window", list(STANDARD))
def test_either_map_answers_every_window(window: str) -> None:
    view = view_of([("00004", date(2026, 3, 1), 0, ADDITIVE, 2)])

    assert (
        table(view, Map.WAS, window)["rows"]["00004"]["values"]
        == table(view, Map.IS, window)["rows"]["00004"]["values"]
    )


def test_pane_numbers_reach_far_enough_for_any_time() -> None:
    view = view_of([])
    far = datetime(9999, 12, 31, 23, 59, tzinfo=ZONE)
    record = PaneRecord(
        PATROLS.name, "00070", Tier.MINUTE, f"{far:%Y-%m-%dT%H}", 1, "g", {f"{ADDITIVE}|00070": {59: 1}}
    )

    view.take(record.key, encode(record))
    view.take(*_head("00070"))

    end = pane_number(Tier.MINUTE, far) + 1
    assert view.series("00070")[ADDITIVE].total(Tier.MINUTE, 0, end) == 1


def sums(view: View, map_: Map, dates: tuple[date, date], **asked: str) -> dict[str, Any]:
    wanted = WantedSet(CITY, asked.get("units"), asked.get("district"))
    return queries().one_set(view, wanted, None, *dates, NOW, map_)


YEAR = (date(2025, 1, 1), date(2025, 12, 31))


def test_a_set_has_the_sum_of_its_units() -> None:
    view = view_of([("00004", REFORM, 0, ADDITIVE, 2), ("00025", REFORM, 0, ADDITIVE, 5)])

    told = sums(view, Map.IS, YEAR, units="00004,00025")

    assert told["figures"][ADDITIVE]["value"] == 7
    assert told["positions"] == {PATROLS.name: {"00004": 1, "00025": 1}}


@pytest.mark.parametrize(
    ("map_", "asked"),
    [
        (Map.IS, {"units": "00004,00025"}),
        (Map.IS, {"units": "00004"}),
        (Map.IS, {"district": "001"}),
        (Map.WAS, {"district": "001"}),
        (Map.WAS, {"units": "00004@2025-06-30,00025"}),
    ],
)
def test_the_series_of_a_set_adds_up_to_its_figure(map_: Map, asked: dict[str, str]) -> None:
    view = view_of(
        [("00004", REFORM - DAY, 0, ADDITIVE, 2), ("00004", REFORM, 0, ADDITIVE, 5), ("00025", REFORM, 0, ADDITIVE, 7)]
    )
    wanted = WantedSet(CITY, asked.get("units"), asked.get("district"))

    told = queries().series(view, wanted, ADDITIVE, Tier.DAY, *YEAR, NOW, map_)
    figure = sums(view, map_, YEAR, **asked)

    assert sum(amount for _, amount in told["points"]) == figure["figures"][ADDITIVE]["value"]
    assert {name: told[name] for name in ("set", "units", "note_en")} == {
        name: figure[name] for name in ("set", "units", "note_en")
    }


def test_a_divided_unit_counts_in_a_set_that_has_all_its_successors_and_is_estimated_in_one_that_has_some() -> None:
    divided = next(u for u in places().historic_communes_of(CITY, REFORM - DAY) if len(u.successors) == 2)
    view = view_of([(divided.code, REFORM - DAY, 0, ADDITIVE, 5)])

    both = sums(view, Map.IS, YEAR, units=",".join(divided.successors))
    main = sums(view, Map.IS, YEAR, units=divided.successors[0])

    assert both["figures"][ADDITIVE]["value"] == 5
    assert "estimated" not in both
    assert main["figures"][ADDITIVE]["value"] == 0
    assert main["estimated"]["values"][ADDITIVE] == 3


@pytest.mark.parametrize(
    ("units", "map_", "named"),
    [
        ("99999", Map.IS, "99999"),
        ("99999", Map.WAS, "99999"),
        ("00004,00004", Map.IS, "00004"),
        ("01,00004", Map.IS, "01"),
        ("00004,26737", Map.IS, "26737"),
        ("00010,00004", Map.IS, "00010"),
        ("00004,00010", Map.IS, "00010"),
        ("00004@2025-06-30", Map.IS, "00004@2025-06-30"),
        ("00004@2025-06-30,00004@2025-05-30", Map.WAS, "00004@2025-05-30"),
        ("", Map.IS, ""),
    ],
)
def test_what_is_unknown_or_would_count_twice_is_refused_by_name(units: str, map_: Map, named: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        sums(view_of([]), map_, YEAR, units=units)

    assert refusal.value.extra["errors"] == [{"field": "units", "reason": refusal.value.detail.removeprefix("units: ")}]
    assert refusal.value.extra["unit"] == named


def test_a_set_is_either_units_or_a_district() -> None:
    for asked in ({}, {"units": "00004", "district": "001"}):
        with pytest.raises(InvalidInput):
            sums(view_of([]), Map.IS, YEAR, **asked)


def test_a_district_as_it_was_has_also_the_units_that_were_merged_in_its_time() -> None:
    view = view_of([("00010", date(2024, 12, 1), 0, ADDITIVE, 3), ("00004", REFORM - DAY, 0, ADDITIVE, 2)])
    days = (date(2024, 1, 1), date(2025, 12, 31))

    by_code, by_name = (sums(view, Map.WAS, days, district=text) for text in ("001", "ba dinh"))

    assert by_code["figures"][ADDITIVE]["value"] == by_name["figures"][ADDITIVE]["value"] == 5
    assert by_code["set"] == {"id": "001", "kind": "district", "title": "Quận Ba Đình"}
    assert {"00010@2024-12-31", "00004@2025-06-30"} <= {unit["key"] for unit in by_code["units"]}


def test_districts_as_they_are_share_out_todays_units_without_remainder() -> None:
    ask, view = queries(), view_of([])

    units = [
        unit["key"]
        for district in ask.sets(CITY)
        for unit in sums(view, Map.IS, YEAR, district=district["id"])["units"]
    ]

    assert len(ask.sets(CITY)) == 30
    assert sorted(units) == sorted(unit.code for unit in places().communes_of(CITY))


def test_two_districts_of_one_name_are_told_apart_by_code() -> None:
    asked = queries()
    titles = [each["title"] for each in asked.sets("82")]
    twice = next(title for title in titles if titles.count(title) == 2)

    with pytest.raises(InvalidInput) as refusal:
        asked.one_set(view_of([]), WantedSet("82", None, twice), None, *YEAR, NOW, Map.WAS)

    candidates = refusal.value.extra["candidates"]
    assert isinstance(candidates, list)
    assert [candidate["name"] for candidate in candidates] == [twice, twice]


def test_a_district_as_it_is_says_what_reaches_beyond_it() -> None:
    told = sums(view_of([]), Map.IS, YEAR, district="001")

    assert told["straddling"]
    assert "Quận Ba Đình" in told["note_vi"]
    assert "reach beyond" in told["note_en"]
    with pytest.raises(DomainError) as refusal:
        sums(view_of([]), Map.IS, YEAR, district="Nowhere")
    candidates = refusal.value.extra["candidates"]
    assert isinstance(candidates, list)
    assert len(candidates) == 30


TWO_UNITS_OF_ONE_CODE = [("00004", REFORM - DAY, 0, ADDITIVE, 2), ("00004", REFORM, 0, ADDITIVE, 5)]


def adds_up(history: list[Fact]) -> bool:
    units = column(table(view_of(history), Map.WAS, None, (date(2024, 11, 1), date(2026, 1, 1))), 0)
    return units.pop(CITY) == sum(units.values())


def test_without_the_cut_at_the_reform_a_fact_would_count_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    assert adds_up(TWO_UNITS_OF_ONE_CODE)

    monkeypatch.setattr(Part, "_cut", lambda self, tier, start, end: (start, end))

    assert not adds_up(TWO_UNITS_OF_ONE_CODE)


def test_without_taking_off_what_was_carried_over_a_fact_would_count_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    kept_code = next(
        unit
        for unit in places().historic_communes_of(CITY, REFORM - DAY)
        if len(unit.successors) == 1 and unit.successors != (unit.code,)
    )
    history = [(kept_code.code, REFORM - DAY, 1, ADDITIVE, 3)]
    assert adds_up(history)

    monkeypatch.setattr(View, "origins", lambda self, today: ())

    assert not adds_up(history)
