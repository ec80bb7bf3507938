"""Reads the committed tables; must not interpret names or dates."""

import csv
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from pathlib import Path
from typing import Final, NamedTuple

from shared.places.unit import MERGERS, REFORM

DATA: Final = Path(__file__).parent / "data"
GROUPS: Final = "groups.csv"  # optional: residential groups, which the source does not have


class Era(IntEnum):
    """The map that a row is on; the earliest lists only what is not on the map before the reform."""

    EARLIER = 0
    BEFORE = 1
    TODAY = 2

    @property
    def table(self) -> str:
        """The name of its file."""
        return f"{self.name.lower()}.csv"

    @property
    def since(self) -> date:
        """Its first day."""
        return (date.min, MERGERS, REFORM)[self]


class Row(NamedTuple):
    """One line of a map's table, as text; the field names are the header."""

    code: str
    kind: str
    name: str
    province: str = ""
    district_code: str = ""
    district: str = ""
    latitude: str = ""
    longitude: str = ""
    area_km2: str = ""
    successors: str = ""
    former_names: str = ""


class Group(NamedTuple):
    """One residential group: the commune that it lay in before the reform and the one that it lies in since."""

    group: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Tables:
    """All rows of each map by code, in the order of the codes."""

    maps: tuple[Mapping[str, Row], Mapping[str, Row], Mapping[str, Row]]
    groups: Mapping[str, Group]
    digest: str

    @classmethod
    def read(cls, directory: Path) -> "Tables":
        """The tables of a directory. Raises: ValueError when a header is not the expected one."""
        digest = hashlib.sha256()

        def rows(era: Era) -> dict[str, Row]:
            return {row[0]: Row._make(row) for row in _lines(_content(directory / era.table, digest), Row._fields)}

        maps = (rows(Era.EARLIER), rows(Era.BEFORE), rows(Era.TODAY))
        groups = _lines(_content(directory / GROUPS, digest), Group._fields)
        return cls(maps, {row[0]: Group._make(row) for row in groups}, digest.hexdigest())


def _content(path: Path, digest: "hashlib._Hash") -> str | None:
    if path.name == GROUPS and not path.exists():
        return None
    content = path.read_bytes()
    digest.update(path.name.encode() + b"\n" + content)
    return content.decode()


def _lines(content: str | None, fields: tuple[str, ...]) -> Iterator[list[str]]:
    if content is None:
        return
    lines = csv.reader(content.splitlines())
    header = next(lines, [])
    if tuple(header) != fields:
        raise ValueError(f"the table begins with {header}, not with {list(fields)}")
    yield from lines
