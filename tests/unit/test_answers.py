import pytest
from starlette.requests import Request

from shared.errors import InvalidInput
from shared.web import decode_cursor, encode_cursor, etagged, positions_header


def asking(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": raw})


def test_a_cursor_comes_back_as_it_went() -> None:
    cursor = encode_cursor({"after": 17, "unit": "00070"})

    assert decode_cursor(cursor, after=int, unit=str) == {"after": 17, "unit": "00070"}


def test_a_changed_or_foreign_cursor_is_refused() -> None:
    cursor = encode_cursor({"after": 17})
    changed = ("A" if cursor[0] != "A" else "B") + cursor[1:]

    for text in ("", "x", "%%%", "é", changed, cursor[:-1], cursor + "AAAA", "a" * 10_000):
        with pytest.raises(InvalidInput) as refusal:
            decode_cursor(text, after=int)
        assert refusal.value.extra["errors"] == [
            {"field": "cursor", "reason": "is not a cursor of this list; begin again without one"}
        ]


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(InvalidInput):
        decode_cursor(encode_cursor({"after": "17"}), after=int)
    with pytest.raises(InvalidInput):
        decode_cursor(encode_cursor({"after": 17}), after=int, unit=str)


def test_a_known_body_is_not_sent_again() -> None:
    first = etagged(asking(), b"{}", headers={"Pulse-Position": "tips.v1/00070/17"})
    tag = first.headers["etag"]

    again = etagged(asking(if_none_match=f'"other", W/{tag}'), b"{}")
    changed = etagged(asking(if_none_match=tag), b"[]")

    assert first.status_code == 200
    assert first.headers["pulse-position"] == "tips.v1/00070/17"
    assert tag.startswith('"')
    assert (again.status_code, again.body) == (304, b"")
    assert again.headers["etag"] == tag
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


def test_positions_are_told_in_one_header() -> None:
    assert positions_header(["tips.v1/00070/17", "tips.v1/00091/3"]) == {
        "Pulse-Position": "tips.v1/00070/17, tips.v1/00091/3"
    }
