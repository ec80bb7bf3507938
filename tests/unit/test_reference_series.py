"""Published values as CSV: what is taken, what is refused with line and field, and what they are compared with."""

from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo import reference_series as demo
from services.stats.reference_series.answers import value_answer
from services.stats.reference_series.areas import area_of
from services.stats.reference_series.csv_file import PublishedValue, read_csv
from services.stats.reference_series.periods import PublishedPeriod
from shared.errors import InvalidInput
from shared.places import places

TODAY = date(2026, 11, 23)
HEADER = "series,unit,period,value,source,assumed"


def read(*lines: str, header: str = HEADER) -> list[PublishedValue]:
    return read_csv("\n".join((header, *lines)).encode(), places=places(), today=TODAY)


def refusal(*lines: str, header: str = HEADER) -> list[dict[str, Any]]:
    with pytest.raises(InvalidInput) as refused:
        read(*lines, header=header)
    errors: Any = refused.value.extra["errors"]
    return list(errors)


def test_line_says_what_who_published_of_which_area_and_period() -> None:
    header = f"{HEADER},simulated"

    first, second = read(
        'criminal_offences,79/phu nhuan,2022,214,"Công an quận, báo cáo năm",true,true',
        "clearance_rate,01,2025-H1,81.5,City police,false,false",
        header=header,
    )

    assert first == PublishedValue(
        "criminal_offences", "79/Quận Phú Nhuận", "2022", 214, "Công an quận, báo cáo năm", assumed=True, simulated=True
    )
    assert (second.unit, second.value, second.simulated) == ("01", 81.5, False)


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ("burglaries,01,2025,1,s,false", "series", "must be one of"),
        ("criminal_offences,01,2025,1.5,s,false", "value", "whole number"),
        ("criminal_offences,01,2025,-1,s,false", "value", "negative"),
        ("criminal_offences,01,2025,1e999,s,false", "value", "number"),
        ("criminal_offences,01,2025,NaN,s,false", "value", "number"),
        ("criminal_offences,01,2025,=1+1,s,false", "value", "number"),
        ("clearance_rate,01,2025,100.1,s,false", "value", "above 100"),
        ("clearance_rate,01,2025-13,90,s,false", "period", "the year has"),
        ("clearance_rate,01,2025-Q5,90,s,false", "period", "the year has"),
        ("clearance_rate,01,last year,90,s,false", "period", "must be a year"),
        ("clearance_rate,01,2026-12,90,s,false", "period", "future"),
        ("clearance_rate,99999,2025,90,s,false", "unit", "code of a unit"),
        ("clearance_rate,79/Phú Nhuận,2026,90,s,false", "unit", "no districts"),
        ("clearance_rate,79/Nowhere,2022,90,s,false", "unit", "not the name"),
        ("clearance_rate,01,2025,90,,false", "source", "who published it"),
        ("clearance_rate,01,2025,90,s,perhaps", "assumed", "true or false"),
        ("clearance_rate,01,2025,90,s", "body", "as many values"),
        ("clearance_rate,01,2025,90,s,false,more", "body", "as many values"),
    ],
)
def test_wrong_line_is_refused_with_its_number_field_and_reason(line: str, field: str, reason: str) -> None:
    errors = refusal("criminal_offences,01,2024,1,s,false", line)

    assert [(error["line"], error["field"]) for error in errors] == [(3, field)]
    assert reason in errors[0]["reason"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    errors = refusal("burglaries,01,2025,1,,false", "clearance_rate,01,2025,x,s,false")

    assert [(error["line"], error["field"]) for error in errors] == [(2, "series"), (2, "source"), (3, "value")]


def test_same_thing_said_twice_in_a_file_is_refused() -> None:
    errors = refusal("clearance_rate,01,2025,90,s,false", "clearance_rate,01,2025,91,s,false")

    assert errors == [{"line": 3, "field": "period", "reason": "line 2 has the same series, unit, period and source"}]


@pytest.mark.parametrize("header", ["", "series,unit", f"{HEADER},colour", f"{HEADER},value"])
def test_columns_have_to_be_the_known_ones(header: str) -> None:
    assert refusal(header=header)[0]["field"] == "body"


@pytest.mark.parametrize("body", [b"\xff\xfe\x00", HEADER.encode(), b"", f'{HEADER}\n"open'.encode()])
def test_what_is_no_csv_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_csv(body, places=places(), today=TODAY)


def test_byte_order_mark_of_a_spreadsheet_does_no_harm() -> None:
    body = f"\ufeff{HEADER}\r\nclearance_rate,01,2025,90,s,false\r\n".encode()

    assert len(read_csv(body, places=places(), today=TODAY)) == 1


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(InvalidInput):
        assert read_csv(HEADER.encode() + b"\n" + body, places=places(), today=TODAY)


PERIODS = st.builds(
    lambda year, part: f"{year}{part}",
    st.integers(2001, 2098),
    st.sampled_from(["", "-H1", "-H2", "-Q1", "-Q2", "-Q3", "-Q4", *(f"-{month:02d}" for month in range(1, 13))]),
)


@given(PERIODS)
def test_period_before_ends_where_the_period_begins_and_is_of_the_same_kind(text: str) -> None:
    period = PublishedPeriod.parse(text)

    assert period.id == text
    assert period.previous.last + timedelta(days=1) == period.first
    assert period.previous.months == period.year_earlier.months == period.months
    assert period.year_earlier.first == period.first.replace(year=period.year - 1)


def test_area_of_a_question_may_be_of_any_time() -> None:
    assert area_of("79/phú nhuận", places()) == "79/Quận Phú Nhuận"
    assert area_of("00070", places()) == "00070"
    with pytest.raises(ValueError, match="not the code"):
        area_of("00000", places())


def document(period: str, value: float, **more: Any) -> dict[str, Any]:
    kept = {"series": "criminal_offences", "unit": "01", "period": period, "value": value, "source": "s"}
    return {**kept, "assumed": True, "simulated": False, "revision": 1, "recorded_at": "then", **more}


def test_value_stands_beside_that_of_the_period_before_and_of_the_year_before_of_the_same_source() -> None:
    now, before = document("2022-Q1", 180.0), document("2021-Q4", 200.0)
    known = {("criminal_offences", "01", "2021-Q4", "s"): before}

    answer = value_answer(now, known, None)

    assert (answer["previous"]["value"], answer["previous"]["difference"]) == (200.0, -20.0)
    assert answer["previous"]["relative_change"] == -0.1
    assert answer["year_earlier"]["reason_code"] == "not_published"


def test_nothing_is_a_relative_change_from_zero() -> None:
    known = {("criminal_offences", "01", "2021", "s"): document("2021", 0)}

    answer = value_answer(document("2022", 5), known, None)

    assert answer["previous"]["relative_change"] is None
    assert answer["previous"]["difference"] == 5


def test_demonstration_has_the_published_signs_and_says_that_its_numbers_are_assumed_and_simulated() -> None:
    values = read_csv(demo.lines().encode(), places=places(), today=TODAY)

    told = {(value.series, value.period): value.value for value in values}
    assert told["criminal_offences", "2022"] < told["criminal_offences", "2021"]
    assert told["clearance_rate", "2022"] > told["clearance_rate", "2021"]
    assert all(value.assumed and value.simulated and value.unit == "79/Quận Phú Nhuận" for value in values)
