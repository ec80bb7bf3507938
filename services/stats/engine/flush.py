"""What comes out of a fold: the fate of each event, and what is to be written."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from services.stats.engine.state import Record, UnitState


class Outcome(Enum):
    """What became of one event."""

    APPLIED = "applied"
    REPAIRED = "repaired"
    SKIPPED = "skipped"
    DUPLICATE = "duplicate"
    HOLE = "hole"


class LineageChanged(Exception):
    """The log goes on with the events of another database: its positions would be taken for duplicates."""


@dataclass(frozen=True, slots=True)
class Flush:
    """What is to be written, in this order: all `records` acknowledged, then all `heads`. A value of None deletes."""

    records: tuple[tuple[bytes, bytes | None], ...]
    heads: tuple[tuple[bytes, bytes], ...]
    offset: int
    units: tuple[UnitState, ...]
    panes: tuple[tuple[UnitState, Record], ...]
    windows: Mapping[bytes, bytes]
    expired: tuple[bytes, ...]
    tombstones: tuple[bytes, ...]

    def __bool__(self) -> bool:
        return bool(self.records or self.heads)


@dataclass(frozen=True, slots=True)
class Size:
    """How much a fold holds."""

    units: int
    records: int
    amounts: int
