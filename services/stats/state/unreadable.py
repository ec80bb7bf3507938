"""Records that cannot be read: where they belong all the same, and whole as dead letters want them. Sends nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from shared.contracts.base import UNIT_PATTERN
from shared.messaging.codec import Fetched, Headers, position_of

_UNIT: Final = re.compile(UNIT_PATTERN)


@dataclass(frozen=True, slots=True)
class Whole:
    """A fetched record with the partition that it was fetched from."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    @classmethod
    def of(cls, record: Fetched, topic: str, partition: int) -> Whole:
        """The record as it came from there."""
        return cls(topic, partition, record.offset, record.timestamp, record.key, record.value, record.headers)


def place_of(record: Fetched) -> tuple[str, int] | None:
    """Unit and position of a record by its key and headers alone; None if it is no event of any unit."""
    unit, position = (record.key or b"").decode(errors="replace"), position_of(record.headers) or 0
    return (unit, position) if position > 0 and _UNIT.fullmatch(unit) else None
