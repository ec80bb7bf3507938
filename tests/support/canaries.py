"""Marks that must turn up nowhere, in every form in which they could: what a leak would look like, and where it is."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Sighting:
    """One mark, found in one place in one form."""

    mark: str
    form: str
    place: str


def forms(mark: str) -> dict[str, list[bytes]]:
    """The mark as it could be written down; of base64 the part that is the same whatever stands before and after."""
    plain = mark.encode()
    return {
        "utf-8": [plain],
        "utf-16-le": [mark.encode("utf-16-le")],
        "utf-16-be": [mark.encode("utf-16-be")],
        "hex": [plain.hex().encode()],
        "url": [quote(mark, safe="").encode(), quote(mark).encode(), mark.replace(" ", "+").encode()],
        "json": [json.dumps(mark)[1:-1].encode()],
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
