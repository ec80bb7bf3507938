"""JPEG without metadata: keeps what a decoder needs, names each segment that stays, and drops all the rest."""

from typing import Final

from services.tips.attachments.damaged import Damaged

MAGIC: Final = b"\xff\xd8\xff"
_SOI, _EOI, _SOS, _APP0, _APP1, _APP14 = 0xD8, 0xD9, 0xDA, 0xE0, 0xE1, 0xEE
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_TABLES: Final = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD})  # Huffman, arithmetic, quantisation, lines, restart interval
_RESTARTS: Final = frozenset(range(0xD0, 0xD8))
_ADOBE: Final = b"Adobe"
_ADOBE_BYTES: Final = 12
_JFIF: Final = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"  # version 1.1, no density, no thumbnail
_EXIF: Final = b"Exif\0\0"
_ORIENTATION: Final = 0x0112
_SHORT: Final = 3


def stripped(picture: bytes) -> bytes:
    """The same picture without comments, thumbnails, places, times and names; it only still knows which way is up.

    Raises: Damaged.
    Source: ITU-T T.81 annex B; Exif 2.32, tag 0x0112.
    """
    kept = bytearray(picture[:2])
    at, frame = 2, False
    while True:
        code, at = _marker(picture, at)
        if code == _EOI:
            break  # what follows belongs to no picture
        payload, at = _payload(picture, at)
        frame = frame or code in _FRAMES
        told = _told(code, payload)
        if told is not None:
            kept += bytes((0xFF, code)) + (len(told) + 2).to_bytes(2, "big") + told
        if code == _SOS:
            end = _end_of_scan(picture, at)
            kept += picture[at:end]
            at = end
    if not frame:
        raise Damaged("it has no frame")
    return bytes(kept) + bytes((0xFF, _EOI))


def _told(code: int, payload: bytes) -> bytes | None:
    """What stays of a segment; None if nothing does."""
    if code in _FRAMES or code in _TABLES or code == _SOS:
        return payload
    if code == _APP0 and payload.startswith(_JFIF[:5]):
        return _JFIF
    if code == _APP14 and payload.startswith(_ADOBE) and len(payload) >= _ADOBE_BYTES:
        return payload[:_ADOBE_BYTES]  # tells how colours are stored
    if code == _APP1 and payload.startswith(_EXIF):
        return _upright(_orientation(payload[len(_EXIF) :]))
    return None


def _marker(picture: bytes, at: int) -> tuple[int, int]:
    """The next marker and where it ends."""
    if at >= len(picture) or picture[at] != 0xFF:
        raise Damaged("a marker is missing")
    while at < len(picture) and picture[at] == 0xFF:
        at += 1
    if at >= len(picture) or picture[at] in (0x00, _SOI):
        raise Damaged("a marker is missing")
    return picture[at], at + 1


def _payload(picture: bytes, at: int) -> tuple[bytes, int]:
    """The content of a segment and where it ends."""
    length = int.from_bytes(picture[at : at + 2], "big")
    if length < 2 or at + length > len(picture):
        raise Damaged("a segment is cut off")
    return picture[at + 2 : at + length], at + length


def _end_of_scan(picture: bytes, at: int) -> int:
    """Where the compressed picture points end: at a marker that is neither a stuffed byte nor a restart."""
    while True:
        at = picture.find(b"\xff", at)
        if at < 0 or at + 1 >= len(picture):
            raise Damaged("its end is missing")
        if picture[at + 1] != 0x00 and picture[at + 1] not in _RESTARTS:
            return at
        at += 2


def _orientation(tiff: bytes) -> int:
    """Which way is up: 1 to 8, where 1 is as stored; 1 for whatever cannot be read."""
    if tiff[:2] not in (b"II", b"MM"):
        return 1
    little = tiff[:2] == b"II"

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], "little" if little else "big")

    directory = number(4, 4)
    for entry in range(directory + 2, directory + 2 + 12 * number(directory, 2), 12):
        if entry + 12 > len(tiff):
            return 1
        if number(entry, 2) == _ORIENTATION and number(entry + 2, 2) == _SHORT:
            told = number(entry + 8, 2)
            return told if told in range(1, 9) else 1
    return 1


def _upright(orientation: int) -> bytes | None:
    """A segment that tells the orientation and nothing else; none for a picture that is upright as it is."""
    if orientation == 1:
        return None
    tag = _ORIENTATION.to_bytes(2, "big") + _SHORT.to_bytes(2, "big") + (1).to_bytes(4, "big")
    return _EXIF + b"MM\0*\0\0\0\x08\0\x01" + tag + orientation.to_bytes(2, "big") + bytes(6)
