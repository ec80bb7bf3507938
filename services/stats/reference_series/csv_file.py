"""Reads published values from CSV: every line is judged, and a file with a single bad line is refused. Pure."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import StringIO
from typing import Any, Final, TypeVar

from services.stats.reference_series.areas import area_of
from services.stats.reference_series.periods import PublishedPeriod
from services.stats.reference_series.series import SERIES, ReferenceSeries
from shared.errors import InvalidInput
from shared.places import Places

REQUIRED: Final = ("series", "unit", "period", "value", "source", "assumed")
OPTIONAL: Final = ("simulated",)
MOST_LINES: Final = 10_000
MOST_ERRORS: Final = 100
LONGEST_SOURCE: Final = 300
_ANSWERS: Final = {"true": True, "false": False}

T = TypeVar("T")
Key = tuple[str, str, str, str]
"""(series, area, period, source)."""


@dataclass(frozen=True, slots=True)
class PublishedValue:
    """What one source says of one series, area and period. `assumed` numbers are nobody's but the importer's."""

    series: str
    unit: str
    period: str
    value: float
    source: str
    assumed: bool
    simulated: bool

    @property
    def key(self) -> Key:
        return self.series, self.unit, self.period, self.source


@dataclass(slots=True)
class _Line:
    """One line while it is read: what is wrong with it is noted, field by field."""

    number: int
    cells: dict[str, str]
    problems: list[dict[str, str | int]] = field(default_factory=list)

    def read(self, name: str, convert: Callable[[str], T]) -> T | None:
        try:
            return convert(self.cells.get(name, ""))
        except ValueError as error:
            self.refuse(name, str(error))
            return None

    def refuse(self, name: str, reason: str) -> None:
        self.problems.append({"line": self.number, "field": name, "reason": reason})


def read_csv(body: bytes, *, places: Places, today: date) -> list[PublishedValue]:
    """The values of the file. Raises: InvalidInput with line, field and reason of everything that is wrong."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput.of("body", "must be UTF-8 text") from None
    rows = csv.reader(StringIO(text, newline=""), strict=True)
    values: list[PublishedValue] = []
    problems: list[dict[str, str | int]] = []
    lines: dict[Key, int] = {}
    try:
        columns = _columns(next(rows, []))
        for row in rows:
            if rows.line_num > MOST_LINES:
                raise InvalidInput.of("body", f"must not have more than {MOST_LINES:,} lines")
            line = _Line(rows.line_num, dict(zip(columns, (cell.strip() for cell in row), strict=False)))
            value = _value(line, len(columns) == len(row), places, today)
            if value is not None:
                first = lines.setdefault(value.key, line.number)
                if first != line.number:
                    line.refuse("period", f"line {first} has the same series, unit, period and source")
                values.append(value)
            problems += line.problems
    except csv.Error as error:
        raise InvalidInput.of("body", f"line {rows.line_num} is not CSV: {error}") from None
    if problems:
        raise _refusal(problems)
    if not values:
        raise InvalidInput.of("body", "must have at least one line below the names of the columns")
    return values


def _columns(names: Sequence[str]) -> Sequence[str]:
    columns = [name.strip() for name in names]
    if not set(REQUIRED) <= set(columns) <= {*REQUIRED, *OPTIONAL} or len(set(columns)) != len(columns):
        wanted = f"{', '.join(REQUIRED)} and, if need be, {', '.join(OPTIONAL)}"
        raise InvalidInput.of("body", f"the first line must name the columns {wanted}")
    return columns


def _value(line: _Line, whole: bool, places: Places, today: date) -> PublishedValue | None:
    """The value that a line tells; None with at least one problem noted."""
    if not whole:
        line.refuse("body", "has not as many values as there are columns")
        return None
    series = line.read("series", _series)
    value = None if series is None else line.read("value", series.value)
    period = line.read("period", lambda text: _begun(text, today))
    unit = None if period is None else line.read("unit", lambda text: area_of(text, places, min(period.last, today)))
    source = line.read("source", _source)
    told: dict[str, Any] = {name: line.read(name, _yes_or_no) for name in ("assumed", *OPTIONAL) if name in line.cells}
    if series is None or value is None or period is None or unit is None or source is None or None in told.values():
        return None
    return PublishedValue(series.id, unit, period.id, value, source, told["assumed"], told.get("simulated", False))


def _series(text: str) -> ReferenceSeries:
    if text not in SERIES:
        raise ValueError(f"must be one of {', '.join(SERIES)}")
    return SERIES[text]


def _begun(text: str, today: date) -> PublishedPeriod:
    period = PublishedPeriod.parse(text)
    if period.first > today:
        raise ValueError("must not lie in the future")
    return period


def _source(text: str) -> str:
    if not 0 < len(text) <= LONGEST_SOURCE or not text.isprintable():
        raise ValueError(f"must say who published it, in at most {LONGEST_SOURCE} characters")
    return text


def _yes_or_no(text: str) -> bool:
    if text not in _ANSWERS:
        raise ValueError("must be true or false")
    return _ANSWERS[text]


def _refusal(problems: Sequence[dict[str, str | int]]) -> InvalidInput:
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    detail = f"line {first['line']}, {first['field']}: {first['reason']}{more}"
    return InvalidInput(detail, errors=list(problems[:MOST_ERRORS]))
