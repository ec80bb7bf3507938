"""Marks that must turn up nowhere, in every form in which they could: what a leak would look like, and where it is."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

GROUP: Final = 4  # characters of a receipt that stand together on the page and on paper
_MISTAKEN: Final = [str.maketrans("01", letters) for letters in ("OI", "OL")]


@dataclass(frozen=True)
class Sighting:
    """One mark, found in one place in one form."""

    mark: str
    form: str
    place: str


def typed(receipt: str) -> list[str]:
    """A receipt as people write it: in one piece or in groups, and with the letters that it has no use for."""
    groups = [receipt[at : at + GROUP] for at in range(0, len(receipt), GROUP)]
    return [receipt, "-".join(groups), " ".join(groups), *(receipt.translate(wrong) for wrong in _MISTAKEN)]


def halves(text: str) -> list[str]:
    """Either half of something tells too much."""
    middle = len(text) // 2
    return [text[:middle], text[middle:]]


def forms(mark: str) -> dict[str, list[bytes]]:
    """The mark as it could be written down, in small and capital letters too: hex and base64 tell them apart."""
    cases = [_forms(case) for case in sorted({mark, mark.lower(), mark.upper()})]
    return {form: [written for case in cases for written in case[form]] for form in cases[0]}


def _forms(mark: str) -> dict[str, list[bytes]]:
    """Of base64 the part that is the same whatever stands before and after."""
    plain, escaped = mark.encode(), json.dumps(mark)[1:-1]
    return {
        "utf-8": [plain],
        "utf-16-le": [mark.encode("utf-16-le")],
        "utf-16-be": [mark.encode("utf-16-be")],
        "hex": [plain.hex().encode()],
        "url": [quote(mark, safe="").encode(), quote(mark).encode(), mark.replace(" ", "+").encode()],
        "json": [escaped.encode(), escaped.replace("\\", "\\\\").encode()],  # the latter within JSON, or in a label
        "base64": [_inner(plain, shift, base64.b64encode) for shift in range(3)],
        "base64-url": [_inner(plain, shift, base64.urlsafe_b64encode) for shift in range(3)],
    }


def sightings(marks: Iterable[str], places: Mapping[str, bytes]) -> list[Sighting]:
    """Every mark in every form in every place; letters of either case count."""
    looked = {place: (content, content.lower()) for place, content in places.items()}
    return [
        Sighting(mark, form, place)
        for mark in marks
        for form, written in forms(mark).items()
        for place, (content, lower) in looked.items()
        if any(each in content if form.startswith("base64") else each.lower() in lower for each in written)
    ]


def _inner(plain: bytes, shift: int, encode: object) -> bytes:
    assert callable(encode)
    encoded: bytes = encode(bytes(shift) + plain + bytes(2))
    whole = (shift + len(plain)) * 8 // 6
    return encoded[-(-shift * 8 // 6) : whole]
