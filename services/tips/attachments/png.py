"""PNG without metadata: keeps the chunks that make the picture and drops all the rest."""

import zlib
from typing import Final

from services.tips.attachments.damaged import Damaged

MAGIC: Final = b"\x89PNG\r\n\x1a\n"
_HEADER, _POINTS, _END = b"IHDR", b"IDAT", b"IEND"
_KEPT: Final = frozenset({_HEADER, b"PLTE", b"tRNS", _POINTS, _END})
_ANCILLARY_BIT: Final = 0x20  # of a chunk's first letter: a decoder may pass over it


def stripped(picture: bytes) -> bytes:
    """The same picture without texts, times, places and whatever follows it. Raises: Damaged.

    Source: ISO/IEC 15948, chunks.
    """
    kept = bytearray(MAGIC)
    at = len(MAGIC)
    names: list[bytes] = []
    while not names or names[-1] != _END:
        name, chunk = _chunk(picture, at)
        if name not in _KEPT and not name[0] & _ANCILLARY_BIT:
            raise Damaged("it has a part that is not known")
        if name in _KEPT:
            kept += chunk
        at += len(chunk)
        names.append(name)
    if names[0] != _HEADER or _POINTS not in names:
        raise Damaged("it has no picture points")
    return bytes(kept)


def _chunk(picture: bytes, at: int) -> tuple[bytes, bytes]:
    """The name of the chunk that begins here, and the whole of it."""
    length = int.from_bytes(picture[at : at + 4], "big")
    chunk = picture[at : at + 12 + length]
    if len(chunk) < 12 + length or len(chunk) < 12:
        raise Damaged("a part is cut off")
    if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
        raise Damaged("a part is altered")
    return chunk[4:8], chunk
