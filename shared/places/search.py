"""Finds units by name, in any spelling; must not decide what is valid at input."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from string import digits
from typing import NamedTuple

from shared.places.names import has_marks, plain, spelling
from shared.places.tables import Row
from shared.places.unit import Unit

_EXACT, _PREFIX, _WORD, _INSIDE, _DISTRICT = range(5)
_ABBREVIATIONS = {"p": "phuong", "x": "xa", "tt": "thi tran", "tp": "thanh pho", "t": "tinh"}
_KINDS = ("phuong", "xa", "thitran")


@dataclass(frozen=True, slots=True)
class Hit:
    """A found unit; for a former one also what its area belongs to now."""

    unit: Unit
    now: tuple[Unit, ...]

    @property
    def note(self) -> str | None:
        """What operators read beside a former name, such as "nay thuộc Phường Ba Đình, Phường Hồng Hà"."""
        return f"nay thuộc {', '.join(unit.name for unit in self.now)}" if self.now else None


class Match(NamedTuple):
    """A row that matches, and how well: smaller is better."""

    rank: int
    other_spelling: bool
    row: Row


class Query:
    """A name as typed: what is before the first comma names the unit, the rest its district or city."""

    def __init__(self, text: str) -> None:
        name, *around = text.split(",")
        first, _, rest = plain(name).partition(" ")
        self.key = f"{_ABBREVIATIONS.get(first, first)} {rest}" if rest else first
        self.compact = self.key.replace(" ", "")
        self.around = tuple(filter(None, map(plain, around)))
        self._spelling = spelling(name) if has_marks(name) else None

    def spelled_otherwise(self, row: Row) -> bool:
        """Whether the marks that were typed contradict the name."""
        return self._spelling is not None and self._spelling not in spelling(f"{row.kind} {row.name}")


class _Entry(NamedTuple):
    haystack: str
    own: int  # length of what names the unit itself; its district follows
    short: str
    full: str
    earlier: frozenset[str]
    row: Row

    @classmethod
    def of(cls, row: Row) -> "_Entry":
        short = plain(row.name)
        full = f"{plain(row.kind)} {short}"
        names = f"{row.code}|{full.replace(' ', '')}|{row.former_names}"
        return cls(f"{names}|{_compact(row.district)}", len(names), short, full, _earlier(row.former_names), row)

    def rank(self, query: Query) -> int:
        if query.key in (self.short, self.full, self.row.code):
            return _EXACT
        if query.compact in self.earlier or self.short.startswith(query.key) or self.full.startswith(query.key):
            return _PREFIX
        if f" {query.key}" in self.full:
            return _WORD
        return _INSIDE if query.compact in self.haystack[: self.own] else _DISTRICT


class Index:
    """The names of one map's table, ready to be searched."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._entries = tuple(map(_Entry.of, rows))

    def matches(self, query: Query) -> Iterator[Match]:
        """All rows whose code, name, earlier name or district contains what was typed."""
        if not query.compact:
            return
        for entry in self._entries:
            if query.compact in entry.haystack:
                yield Match(entry.rank(query), query.spelled_otherwise(entry.row), entry.row)

    def named(self, query: Query) -> list[Row]:
        """The rows of exactly that name; typed marks decide between names that differ only in them."""
        found = [match for match in self.matches(query) if match.rank == _EXACT]
        spelled = [match.row for match in found if not match.other_spelling]
        return spelled or [match.row for match in found]

    def once_named(self, query: Query) -> list[Row]:
        """The rows that are known to have had that name earlier."""
        return [entry.row for entry in self._entries if query.compact in entry.earlier]


@cache
def _compact(district: str) -> str:
    return plain(district).replace(" ", "")


def _earlier(former_names: str) -> frozenset[str]:
    names = former_names.split()
    short = (name.removeprefix(kind) for name in names for kind in _KINDS if name.startswith(kind))
    return frozenset(names).union(name for name in short if not name.isdigit()) if names else frozenset()


def codes_like(code: str) -> Iterator[str]:
    """Every code that one slip of the finger turns into this one: a digit too many, too few, wrong or swapped."""
    for at in range(len(code) + 1):
        head, tail = code[:at], code[at:]
        yield from (f"{head}{digit}{tail}" for digit in digits)
        yield head + tail[1:]
        yield from (f"{head}{digit}{tail[1:]}" for digit in digits)
        if len(tail) > 1:
            yield f"{head}{tail[1]}{tail[0]}{tail[2:]}"
