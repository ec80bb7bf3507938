"""Whether the search for marks would find them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.canaries import forms, halves, sightings, typed

MARK = "Nguyễn Thị Yến 7f3a"


@given(before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_a_mark_is_found_in_base64_wherever_it_begins(before: bytes, after: bytes) -> None:
    content = before + MARK.encode() + after

    for form, encode in (("base64", base64.b64encode), ("base64-url", base64.urlsafe_b64encode)):
        assert form in {each.form for each in sightings([MARK], {"place": b"x" + encode(content) + b"x"})}


@pytest.mark.parametrize("cased", [MARK.lower(), MARK.upper()])
def test_a_mark_is_found_in_base64_in_letters_of_either_case(cased: str) -> None:
    content = base64.b64encode(cased.encode())

    assert sightings([MARK], {"place": content}) != []


@pytest.mark.parametrize(
    "way",
    [
        "ABCD1FGH0KMNPQRSTVWX",
        "abcd1fgh0kmnpqrstvwx",
        "ABCD-1FGH-0KMN-PQRS-TVWX",
        "abcd 1fgh 0kmn pqrs tvwx",
        "ABCDIFGHOKMNPQRSTVWX",
        "abcdlfghokmnpqrstvwx",
    ],
)
def test_half_a_receipt_is_found_however_it_was_typed(way: str) -> None:
    marks = [half for typing in typed("ABCD1FGH0KMNPQRSTVWX") for half in halves(typing)]

    for half in halves(way):
        for content in (half.encode(), half.encode("utf-16-le"), half.encode().hex().encode()):
            assert sightings(marks, {"place": content}) != []
        assert sightings(marks, {"place": base64.b64encode(half.encode())}) != []


@pytest.mark.parametrize("form", sorted(forms(MARK)))
def test_a_mark_is_found_in_each_form_and_only_where_it_is(form: str) -> None:
    for written in forms(MARK)[form]:
        found = sightings([MARK], {"here": b"..." + written + b"...", "there": b"..."})

        assert {(each.mark, each.place) for each in found} == {(MARK, "here")}
        assert form in {each.form for each in found}
