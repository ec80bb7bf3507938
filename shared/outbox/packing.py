"""The form in which an entry keeps its records; owns nothing but the form."""

import zlib
from collections.abc import Sequence
from typing import Final

LEVEL: Final = 1  # events of one kind repeat themselves: more effort would save little more


def pack(records: Sequence[bytes]) -> bytes:
    """Records of one line each as one block, where they come in bulk a tenth of their size."""
    return zlib.compress(b"\n".join(records), LEVEL)


def unpack(lines: bytes) -> list[bytes]:
    """The records that `pack` was given, byte by byte."""
    return zlib.decompress(lines).split(b"\n")
