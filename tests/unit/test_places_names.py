"""Codes and names are understood in every spelling, and never guessed."""

import csv
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import InvalidInput
from shared.places import REFORM, Places, places, plain
from shared.places.names import spelling
from shared.places.tables import DATA, Group, Row, Tables

BEFORE, NOW = date(2024, 5, 1), date(2026, 11, 23)
UNHURRIED = settings(deadline=None)  # whichever example comes first pays for the name index
HOA_LAC = "09988"  # a new commune of Hanoi

ALL_CODES = sorted({code for rows in Tables.read(DATA).maps for code in rows})
TODAYS_UNITS = [unit for city in places().cities() for unit in (city, *places().communes_of(city.code))]


@pytest.fixture
def small(tmp_path: Path) -> Places:
    """A country of one city: commune 10001 was split into 10001 and 10002, and 10003 is new."""
    _write(tmp_path / "earlier.csv", Row._fields, [])
    city = Row("10", "tỉnh", "Nhỏ", successors="10")
    former = Row("10001", "xã", "Cũ", province="10", successors="10001 10002")
    closed = Row("10009", "xã", "Chia", province="10", successors="10002 10003")
    today = [Row(code, "xã", f"Mới {code[-1]}", province="10") for code in ("10001", "10002", "10003")]
    _write(tmp_path / "before.csv", Row._fields, [city, former, closed])
    _write(tmp_path / "today.csv", Row._fields, [city._replace(successors=""), *today])
    _write(tmp_path / "groups.csv", Group._fields, [Group("thôn-1", "10009", "10003")])
    return Places.load(tmp_path)


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def _candidates(refusal: InvalidInput) -> list[str]:
    found: Any = refusal.extra["candidates"]
    return [candidate["code"] for candidate in found]


@pytest.mark.parametrize(
    "typed", ["hoa lac", "HOA LAC", "Hoà Lạc", "Hòa Lạc", "hoalac", "xã Hòa Lạc", "x. hoa lac", HOA_LAC]
)
def test_commune_is_found_in_every_spelling(typed: str) -> None:
    hits = places().search(f"{typed}, Hà Nội")

    assert (hits[0].unit.code, hits[0].unit.name, hits[0].now) == (HOA_LAC, "Xã Hòa Lạc", ())


def test_d_with_and_without_bar_match() -> None:
    found = {hit.unit.name for hit in places().search("dong xuan", BEFORE)}

    assert {"Xã Đông Xuân", "Phường Đồng Xuân"} <= found


def test_marks_that_were_typed_decide_the_order() -> None:
    first = places().search("Đông Xuân", BEFORE)[0].unit

    assert first.short_name == "Đông Xuân"


def test_former_name_says_what_it_is_now() -> None:
    hit = places().search("Phúc Xá")[0]

    assert hit.unit.valid_to == REFORM
    assert hit.note == "nay thuộc Phường Hồng Hà"


def test_name_that_lives_on_is_listed_once() -> None:
    hits = places().search("Hồ Chí Minh")

    assert [hit.unit.code for hit in hits if hit.unit.is_city] == ["79"]


def test_district_name_finds_its_communes() -> None:
    hits = places().search("bac tu liem", limit=50)

    assert len(hits) >= 13
    assert all(hit.now for hit in hits)


def test_search_for_nothing_finds_nothing() -> None:
    assert places().search(" , ") == ()


@UNHURRIED
@given(st.sampled_from(TODAYS_UNITS))
def test_every_unit_is_found_by_its_plain_name_and_city(unit: Any) -> None:
    city = places().get(unit.city, NOW)
    assert city is not None

    hits = places().search(f"{plain(unit.name)}, {plain(city.name)}", limit=5)

    assert unit.code in {hit.unit.code for hit in hits}


@UNHURRIED
@given(st.text(max_size=30))
def test_any_text_can_be_searched_and_resolved(text: str) -> None:
    hits = places().search(text, limit=3)
    resolution = places().resolve(text, NOW)

    assert len(hits) <= 3
    assert all(unit.valid_on(NOW) for unit in resolution.candidates)


@UNHURRIED
@given(st.text(alphabet="aàáảãạăâđeêoôơuưỉyhđ ẮỘ", max_size=20))
def test_plain_and_spelling_are_stable(name: str) -> None:
    assert plain(plain(name)) == plain(name)
    assert plain(spelling(name)) == plain(name)


def test_name_of_the_day_comes_before_a_former_one() -> None:
    before = places().resolve("Nguyễn Trung Trực, Ba Đình", BEFORE)
    now = places().resolve("Nguyễn Trung Trực, Ba Đình", NOW)

    assert before.unit is not None
    assert before.unit.code == "00010"
    assert now.unit is not None
    assert now.unit.name == "Phường Ba Đình"


def test_split_commune_resolves_to_all_its_parts() -> None:
    resolution = places().resolve("00142", NOW)

    assert resolution.unit is None
    assert resolution.ambiguous
    assert {unit.code for unit in resolution.candidates} == set(places().successors("00142"))


def test_province_name_resolves_to_the_code_of_its_day() -> None:
    codes = [resolution.unit and resolution.unit.code for resolution in _dong_thap(BEFORE, NOW)]

    assert codes == ["87", "82"]


def _dong_thap(*days: date) -> list[Any]:
    return [places().resolve("tỉnh Đồng Tháp", day) for day in days]


def test_unknown_name_resolves_to_nothing() -> None:
    resolution = places().resolve("Atlantis", NOW)

    assert resolution.candidates == ()
    assert not resolution.ambiguous


@UNHURRIED
@given(st.sampled_from(ALL_CODES), st.sampled_from([BEFORE, date(2025, 3, 1), REFORM, NOW]))
def test_accepted_code_is_valid_on_its_day(code: str, day: date) -> None:
    country = places()

    accepted, candidates = _validated(code, day)

    assert (accepted == code) == country.valid_on(code, day)
    assert accepted is None or country.valid_on(accepted, day)
    assert all(country.valid_on(candidate, day) for candidate in candidates)
    assert (accepted is None) == (len(candidates) > 1)


def _validated(code: str, day: date) -> tuple[str | None, list[str]]:
    try:
        return places().validate_for(code, day), []
    except InvalidInput as refusal:
        return None, _candidates(refusal)


def test_former_code_with_one_successor_is_accepted_after_the_reform() -> None:
    assert places().validate_for("00001", REFORM) == "00097"
    assert places().validate_for("00001", date(2025, 6, 30)) == "00001"
    assert places().validate_for("87", NOW) == "82"


def test_split_code_is_refused_with_its_parts(small: Places) -> None:
    with pytest.raises(InvalidInput) as refusal:
        small.validate_for("10009", NOW, field="commune")

    assert refusal.value.extra["errors"] == [
        {"field": "commune", "reason": f"10009 was divided: choose the unit of {NOW} that the place lies in"}
    ]
    assert refusal.value.extra["candidates"] == [
        {"code": "10002", "name": "Xã Mới 2", "kind": "xã"},
        {"code": "10003", "name": "Xã Mới 3", "kind": "xã"},
    ]


def test_new_code_is_refused_for_a_day_before_it_existed(small: Places) -> None:
    with pytest.raises(InvalidInput, match="not in use yet") as refusal:
        small.validate_for("10003", BEFORE)

    assert _candidates(refusal.value) == ["10009"]


def test_residential_group_settles_a_split(small: Places) -> None:
    assert small.validate_for("10009", NOW, residential_group="thôn-1") == "10003"
    assert small.resolve("Chia", NOW, residential_group="thôn-1").unit == small.get("10003", NOW)
    assert small.today_unit("10009", BEFORE) is None
    assert small.today_unit("10009", BEFORE, "thôn-1") == "10003"
    assert small.resolve("10009", NOW, residential_group="thôn-2").ambiguous


def test_residential_group_elsewhere_does_not_move_a_record(small: Places) -> None:
    assert small.today_unit("10001", BEFORE, "thôn-1") is None
    assert small.validate_for("10001", NOW, residential_group="thôn-1") == "10001"


@pytest.mark.parametrize(
    ("typed", "meant"), [("0007", "00070"), ("000700", "00070"), ("00071", "00070"), ("hoa lac", HOA_LAC)]
)
def test_mistyped_code_is_refused_with_near_ones(typed: str, meant: str) -> None:
    with pytest.raises(InvalidInput, match="is not the code of a unit") as refusal:
        places().validate_for(typed, NOW)

    assert meant in _candidates(refusal.value)


def test_table_with_another_header_is_refused(tmp_path: Path) -> None:
    for name in ("earlier.csv", "before.csv", "today.csv"):
        _write(tmp_path / name, ("code", "name"), [])

    with pytest.raises(ValueError, match="begins with"):
        Places.load(tmp_path)
