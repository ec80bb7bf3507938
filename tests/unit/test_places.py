"""The committed tables hold what is known about the country, and lead from one map to the next."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.places import MERGERS, REFORM, Kind, Places, local_date, places
from shared.places.tables import DATA, Tables

HANOI, HO_CHI_MINH, DONG_THAP = "01", "79", "82"
LAST_DAY = date(2025, 6, 30)
NOW = date(2026, 11, 23)

_TABLES = Tables.read(DATA)
ALL_CODES = sorted({code for rows in _TABLES.maps for code in rows})
FORMER_CODES = sorted({code for rows in _TABLES.maps[:2] for code in rows})
KEPT_CODES = sorted(_TABLES.maps[1].keys() & _TABLES.maps[2].keys())
UNHURRIED = settings(deadline=None)  # whichever example comes first pays for reading the tables
DAYS = st.sampled_from([date(2019, 5, 1), date(2024, 12, 31), MERGERS, LAST_DAY, REFORM, NOW])


def test_country_has_34_cities_and_3321_communes() -> None:
    country = places()

    communes = [unit for city in country.cities() for unit in country.communes_of(city.code)]

    assert len(country.cities()) == 34
    assert Counter(unit.kind for unit in communes) == {Kind.COMMUNE: 2621, Kind.WARD: 687, Kind.SPECIAL_ZONE: 13}


@pytest.mark.parametrize(
    ("city", "day", "count"),
    [
        (HANOI, date(2024, 12, 31), 579),
        (HANOI, MERGERS, 526),
        (HANOI, LAST_DAY, 526),
        (HANOI, REFORM, 126),
        (HO_CHI_MINH, REFORM, 168),
        (DONG_THAP, REFORM, 102),
    ],
)
def test_city_has_as_many_communes_as_its_map_of_the_day(city: str, day: date, count: int) -> None:
    communes = places().historic_communes_of(city, day)

    assert len(communes) == count
    assert all(unit.valid_on(day) and unit.city == city for unit in communes)


def test_hanoi_has_51_wards_and_75_communes_today() -> None:
    kinds = Counter(unit.kind for unit in places().communes_of(HANOI))

    assert kinds == {Kind.WARD: 51, Kind.COMMUNE: 75}


def test_199_of_hanois_526_communes_were_split() -> None:
    former = places().historic_communes_of(HANOI, LAST_DAY)

    parts = Counter(len(unit.successors) for unit in former)

    assert parts == {1: 327, 2: 147, 3: 36, 4: 15, 5: 1}


def test_every_commune_of_today_took_over_some_area() -> None:
    country = places()

    orphans = [code for code in _TABLES.maps[2] if not country.predecessors(code)]

    assert orphans == []


def test_code_means_the_unit_of_the_day() -> None:
    country = places()

    before, today = country.get("00004", LAST_DAY), country.get("00004", REFORM)

    assert before is not None
    assert today is not None
    assert (before.name, before.district) == ("Phường Trúc Bạch", "Quận Ba Đình")
    assert (today.name, today.district) == ("Phường Ba Đình", None)
    assert country.get("00004") == today


def test_dissolved_commune_is_valid_until_its_last_day_only() -> None:
    country = places()

    days = [country.valid_on("00010", day) for day in (date(2024, 12, 31), MERGERS, REFORM)]

    assert days == [True, False, False]
    assert country.today_unit("00010", date(2024, 5, 1)) == "00004"


def test_former_province_lies_in_the_one_it_was_merged_into() -> None:
    country = places()

    former = country.get("87", date(2024, 9, 27))

    assert former is not None
    assert (former.name, former.city) == ("Tỉnh Đồng Tháp", DONG_THAP)
    assert country.city_of("87") == country.city_of("82") == DONG_THAP
    assert country.get("82", date(2024, 9, 27)) != country.get("82", NOW)
    assert not country.valid_on("87", NOW)
    assert country.is_city("87")
    assert not country.is_city("00070")


def test_codes_of_a_city_hold_its_former_provinces_and_communes() -> None:
    codes = places().codes_of(DONG_THAP)

    assert {"82", "87"} <= set(codes)
    assert "79" not in codes


def test_city_of_a_code_that_never_existed_is_refused() -> None:
    with pytest.raises(LookupError, match="99999"):
        places().city_of("99999")


def test_phu_nhuan_had_13_wards_in_january_2023() -> None:
    wards = places().communes_of_district("Phú Nhuận", HO_CHI_MINH, date(2023, 1, 12))

    assert len(wards) == 13
    assert {unit.district for unit in wards} == {"Quận Phú Nhuận"}
    assert len(places().communes_of_district("quan phu nhuan", HO_CHI_MINH)) == 11


def test_district_name_that_two_districts_share_is_refused() -> None:
    with pytest.raises(LookupError, match="2 districts"):
        places().communes_of_district("Kỳ Anh", "42")

    assert places().communes_of_district("Huyện Kỳ Anh", "42")


@UNHURRIED
@given(st.sampled_from(FORMER_CODES))
def test_successors_lie_in_the_same_city(code: str) -> None:
    country = places()

    successors = country.successors(code)

    assert successors
    assert {country.city_of(successor) for successor in successors} == {country.city_of(code)}
    assert all(country.valid_on(successor, NOW) for successor in successors)


@UNHURRIED
@given(st.sampled_from(KEPT_CODES))
def test_kept_code_lies_in_its_own_successor(code: str) -> None:
    assert code in places().successors(code)


@UNHURRIED
@given(st.sampled_from(ALL_CODES), DAYS)
def test_fact_lies_in_one_unit_of_today_or_is_marked_split(code: str, day: date) -> None:
    country = places()

    today = country.today_unit(code, day)

    assert today is None or country.valid_on(today, NOW)
    assert (today is None) == (
        len(country.successors(code)) != 1 and not (day >= REFORM and country.valid_on(code, NOW))
    )


def test_digest_follows_the_tables() -> None:
    assert places().digest() == Places.load().digest() == _TABLES.digest


def test_local_day_begins_in_the_evening_of_the_utc_day() -> None:
    assert local_date(datetime(2025, 6, 30, 16, 59, tzinfo=UTC)) == LAST_DAY
    assert local_date(datetime(2025, 6, 30, 17, 0, tzinfo=UTC)) == REFORM


def test_instant_without_offset_has_no_local_day() -> None:
    with pytest.raises(ValueError, match="offset"):
        local_date(datetime(2025, 7, 1))
