"""Records as the fold reads them; decodes, and judges nothing but form."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Protocol

import msgspec

from shared.contracts.base import CONTENT_TYPE

POSITION_HEADER: Final = "position"
CONTENT_TYPE_HEADER: Final = "content-type"

Headers = Sequence[tuple[str, bytes]]


class Fetched(Protocol):
    """A record as it was fetched; whoever fetched it knows of which partition."""

    @property
    def offset(self) -> int: ...

    @property
    def timestamp(self) -> int: ...

    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes | None: ...

    @property
    def headers(self) -> Headers: ...


class Record(Fetched, Protocol):
    """A consumed record, as every client hands it out."""

    @property
    def topic(self) -> str: ...

    @property
    def partition(self) -> int: ...


class Undecodable(Exception):
    """A record that cannot be read; the text is the reason, for people."""


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """What the fold needs of a CloudEvent; `data` stays as it came until its type is known."""

    id: str
    type: str
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    subject: str
    partitionkey: Annotated[str, msgspec.Meta(min_length=2, max_length=5)]
    position: Annotated[int, msgspec.Meta(ge=1)]
    lineage: str
    recordedtime: Annotated[datetime, msgspec.Meta(tz=True)]
    data: msgspec.Raw


class _Recorded(msgspec.Struct, gc=False):
    recordedtime: datetime


_decoder: Final = msgspec.json.Decoder(Envelope)
_recorded: Final = msgspec.json.Decoder(_Recorded)


def decode(value: bytes | None) -> Envelope:
    """The event in a record's value. Raises: Undecodable."""
    if not value:
        raise Undecodable("the record is empty")
    try:
        return _decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Undecodable(str(error)) from None


def record_headers(position: int) -> list[tuple[str, bytes]]:
    """Kafka headers of an event: what a reader may want without decoding the value."""
    return [(CONTENT_TYPE_HEADER, CONTENT_TYPE.encode()), (POSITION_HEADER, b"%d" % position)]


def recorded_ms(value: bytes) -> int:
    """When a finished record says that it was recorded, in milliseconds of Unix time."""
    return int(_recorded.decode(value).recordedtime.timestamp() * 1000)


def position_of(headers: Headers) -> int | None:
    """The position that the headers tell, if they do: it places a record whose value cannot be read."""
    for name, value in headers:
        if name == POSITION_HEADER and value is not None and value.isdigit():
            return int(value)
    return None
