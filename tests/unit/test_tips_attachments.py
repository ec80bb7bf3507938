"""What is left of a picture that a reporter sends: the picture."""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tips.attachments.picture import MAX_BYTES, Picture
from shared.errors import InvalidInput

CANARY = b"CANARY-0912345678"
CONSOLE = Path(__file__).parents[2] / "docs" / "images" / "console.png"


def segment(code: int, payload: bytes) -> bytes:
    return bytes((0xFF, code)) + struct.pack(">H", len(payload) + 2) + payload


# Eight by eight grey points, the smallest picture that a decoder takes.
TABLE = segment(0xDB, b"\0" + b"\x01" * 64)
FRAME = segment(0xC0, struct.pack(">BHHB", 8, 8, 8, 1) + b"\x01\x11\0")
CODES = segment(0xC4, b"\0\x01" + bytes(15) + b"\0") + segment(0xC4, b"\x10\x01" + bytes(15) + b"\0")
SCAN = segment(0xDA, b"\x01\x01\0\0\x3f\0") + b"\x3f"
JFIF = segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")


def jpeg(*segments: bytes, tail: bytes = b"") -> bytes:
    return b"\xff\xd8" + b"".join((*segments, TABLE, FRAME, CODES, SCAN)) + b"\xff\xd9" + tail


def exif(orientation: int, order: str = "<") -> bytes:
    """Camera data with a name, and which way is up."""
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    made_by = struct.pack(f"{order}HHII", 0x010F, 2, len(CANARY), 38)
    upright = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    return segment(0xE1, b"Exif\0\0" + head + struct.pack(f"{order}H", 2) + made_by + upright + bytes(4) + CANARY)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(*between: bytes, tail: bytes = b"") -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    points = chunk(b"IDAT", zlib.compress(b"\0\x80"))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(between) + points + chunk(b"IEND", b"") + tail


@given(
    codes=st.lists(st.sampled_from([0xE0, 0xE1, 0xE2, 0xED, 0xEF, 0xFE]), max_size=6),
    payload=st.binary(max_size=60),
    tail=st.binary(max_size=60),
)
def test_nothing_but_the_picture_is_left_of_a_jpeg(codes: Sequence[int], payload: bytes, tail: bytes) -> None:
    told = jpeg(*(segment(code, CANARY + payload) for code in codes), tail=CANARY + tail)

    left = Picture.of(told)

    assert (left.media_type, left.content) == ("image/jpeg", jpeg())
    assert Picture.of(left.content) == left


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_of_camera_data_only_which_way_is_up_is_left(orientation: int, order: str) -> None:
    left = Picture.of(jpeg(JFIF, exif(orientation, order))).content

    assert CANARY not in left
    upright = b"\x01\x12\0\x03\0\0\0\x01" + bytes((0, orientation))
    assert (upright in left) == (orientation != 1)
    assert Picture.of(left).content == left
    assert left.startswith(b"\xff\xd8" + JFIF)


def test_a_thumbnail_within_jfif_goes_and_how_colours_are_stored_stays() -> None:
    thumbnail = segment(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\x10\x10" + CANARY)
    colours = b"Adobe\0\x64\0\0\0\0\x01"

    left = Picture.of(jpeg(thumbnail, segment(0xEE, colours + CANARY))).content

    assert left == jpeg(JFIF, segment(0xEE, colours))


@given(
    names=st.lists(st.sampled_from([b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"tIME", b"iCCP", b"prVt"]), max_size=5),
    content=st.binary(max_size=60),
)
def test_nothing_but_the_picture_is_left_of_a_png(names: Sequence[bytes], content: bytes) -> None:
    left = Picture.of(png(*(chunk(name, CANARY + content) for name in names), tail=CANARY))

    assert (left.media_type, left.content) == ("image/png", png())


def test_a_real_png_keeps_its_points() -> None:
    whole = CONSOLE.read_bytes()

    left = Picture.of(whole).content

    assert _points(left) == _points(whole)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "must be a JPEG or PNG"),
        (b"%PDF-1.7 " + CANARY, "must be a JPEG or PNG"),
        (b"GIF89a" + CANARY, "must be a JPEG or PNG"),
        (b"<svg onload='alert(1)'/>", "must be a JPEG or PNG"),
        (jpeg()[:-2], "its end is missing"),
        (jpeg()[:60], "a segment is cut off"),
        (b"\xff\xd8\xff\xd9", "it has no frame"),
        (b"\xff\xd8" + segment(0xFE, CANARY) + b"\0", "a marker is missing"),
        (png()[:-6], "a part is cut off"),
        (png().replace(b"IDAT", b"IDAU"), "a part is altered"),
        (png(chunk(b"EVIL", CANARY)), "not known"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""), "no picture points"),
        (jpeg(tail=bytes(MAX_BYTES)), "up to 5,000,000 bytes"),
    ],
)
def test_what_is_no_whole_picture_is_refused_without_repeating_it(sent: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as refused:
        Picture.of(sent)

    assert "CANARY" not in refused.value.detail


@given(damage=st.binary(min_size=1, max_size=4), at=st.integers(2, 200))
def test_a_damaged_picture_is_refused_or_stripped_and_never_more(damage: bytes, at: int) -> None:
    whole = jpeg(segment(0xFE, b"x" * 40), exif(6))
    damaged = whole[:at] + damage + whole[at + len(damage) :]

    try:
        left = Picture.of(damaged)
    except InvalidInput:
        return
    assert len(left.content) <= len(damaged) + 40


def _points(picture: bytes) -> bytes:
    at, points = 8, b""
    while at < len(picture):
        length = int.from_bytes(picture[at : at + 4], "big")
        if picture[at + 4 : at + 8] == b"IDAT":
            points += picture[at + 8 : at + 8 + length]
        at += 12 + length
    return zlib.decompress(points)
