"""Which files are taken, and what is left of them; must not trust a name, a header or a tag of the sender."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from services.tips.attachments import jpeg, png
from services.tips.attachments.damaged import Damaged
from shared.errors import InvalidInput

MAX_BYTES: Final = 5_000_000
MAX_OF_A_TIP: Final = 10


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file that is taken."""

    media_type: str
    suffix: str
    magic: bytes
    strip: Callable[[bytes], bytes]


KINDS: Final = (
    Kind("image/jpeg", "jpg", jpeg.MAGIC, jpeg.stripped),
    Kind("image/png", "png", png.MAGIC, png.stripped),
)
SUFFIXES: Final[Mapping[str, str]] = {kind.media_type: kind.suffix for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture without a word about where, when, by whom and with what it was taken."""

    media_type: str
    content: bytes

    @classmethod
    def of(cls, sent: bytes) -> "Picture":
        """What is left of a file. Raises: InvalidInput unless it is a whole JPEG or PNG picture of at most 5 MB."""
        if len(sent) > MAX_BYTES:
            raise InvalidInput.of("content", f"takes pictures of up to {MAX_BYTES:,} bytes")
        kind = next((kind for kind in KINDS if sent.startswith(kind.magic)), None)
        if kind is None:
            raise InvalidInput.of("content", "must be a JPEG or PNG picture")
        try:
            return cls(kind.media_type, kind.strip(sent))
        except Damaged as damage:
            raise InvalidInput.of("content", f"is not a whole {kind.media_type} picture: {damage}") from None
