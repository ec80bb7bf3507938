"""Whether the search for marks would find them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.canaries import forms, sightings

MARK = "Nguyễn Thị Yến 7f3a"


@given(before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_a_mark_is_found_in_base64_wherever_it_begins(before: bytes, after: bytes) -> None:
    content = before + MARK.encode() + after

    for form, encode in (("base64", base64.b64encode), ("base64-url", base64.urlsafe_b64encode)):
        assert form in {each.form for each in sightings([MARK], {"place": b"x" + encode(content) + b"x"})}


@pytest.mark.parametrize("form", sorted(forms(MARK)))
def test_a_mark_is_found_in_each_form_and_only_where_it_is(form: str) -> None:
    for written in forms(MARK)[form]:
        found = sightings([MARK], {"here": b"..." + written + b"...", "there": b"..."})

        assert {(each.mark, each.place) for each in found} == {(MARK, "here")}
        assert form in {each.form for each in found}
