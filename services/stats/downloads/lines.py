"""An answer as lines of typed columns, one per unit and figure, or one per pane. Knows no file format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias

Answer: TypeAlias = Mapping[str, Any]
Cell: TypeAlias = str | int | float | bool | date | datetime | None
Line: TypeAlias = tuple[Cell, ...]


class Content(StrEnum):
    """What a column holds; any cell may be empty."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    MOMENT = "moment"
    DAY = "day"
    FLAG = "flag"


Columns: TypeAlias = Mapping[str, Content]


@dataclass(frozen=True, slots=True)
class Table:
    """Lines under their columns, and what the file is called without its ending."""

    name: str
    columns: Columns
    lines: Sequence[Line]


_AREA: Final = {
    "city": Content.TEXT,
    "map": Content.TEXT,
    "unit": Content.TEXT,
    "name": Content.TEXT,
    "valid_from": Content.DAY,
    "valid_to": Content.DAY,
}
_PAIR: Final = ("start", "end", "value", "current_start", "current_end", "current_value", "reason")
_PAIR_CONTENT: Final = (*[Content.MOMENT] * 2, Content.NUMBER, *[Content.MOMENT] * 2, Content.NUMBER, Content.TEXT)
_COMPLETENESS: Final = {
    "has_reported": Content.FLAG,
    "last_event": Content.MOMENT,
    "incomplete": Content.FLAG,
    "patrol_logs_expected": Content.WHOLE,
    "patrol_logs_received": Content.WHOLE,
}
FIGURES: Final[Columns] = {
    **_AREA,
    "metric": Content.TEXT,
    "title": Content.TEXT,
    "unit_of_measure": Content.TEXT,
    "kind": Content.TEXT,
    "window": Content.TEXT,
    "window_title": Content.TEXT,
    "start": Content.MOMENT,
    "end": Content.MOMENT,
    "as_of": Content.MOMENT,
    "value": Content.NUMBER,
    "estimated_value": Content.NUMBER,
    "numerator": Content.WHOLE,
    "denominator": Content.WHOLE,
    "n": Content.WHOLE,
    "lower": Content.NUMBER,
    "upper": Content.NUMBER,
    **{f"previous_{name}": content for name, content in zip(_PAIR, _PAIR_CONTENT, strict=True)},
    **{f"year_earlier_{name}": content for name, content in zip(_PAIR, _PAIR_CONTENT, strict=True)},
    **_COMPLETENESS,
    "state": Content.TEXT,
    "simulated": Content.FLAG,
    "positions_digest": Content.TEXT,
}
_COMPARISONS: Final = ("previous", "year_earlier")
_AT: Final = {name: at for at, name in enumerate(FIGURES)}
NOT_KNOWN: Final = "not_known"
"""Stands where nothing is known of the time to compare with."""
SERIES: Final[Columns] = {
    "map": Content.TEXT,
    "unit": Content.TEXT,
    "set": Content.TEXT,
    "metric": Content.TEXT,
    "tier": Content.TEXT,
    "start": Content.MOMENT,
    "end": Content.MOMENT,
    "as_of": Content.MOMENT,
    "pane": Content.TEXT,
    "amount": Content.WHOLE,
    **_COMPLETENESS,
    "simulated": Content.FLAG,
    "positions_digest": Content.TEXT,
}


def figures(table: Answer, units: Sequence[Answer], metrics: Sequence[Answer], *, simulated: bool) -> Table:
    """A table of figures, one line per row and figure.

    `units` and `metrics` are the listings that say what the keys of rows and the ids of figures stand for.
    """
    places = {unit["code"]: unit for unit in units}
    titles = {metric["id"]: metric for metric in metrics}
    common = _in_order(dict(_of_table(table), simulated=simulated))
    lines = []
    for key, row in table["rows"].items():
        of_row = _filled(common, _of_row(key, row, places.get(key, {}) | row))
        for at, metric in enumerate(table["metrics"]):
            lines.append(tuple(_filled(of_row, _of_figure(row, titles[metric], at))))
    return Table(_name("figures", table["city"], table["window"]["id"], table["as_of"]), FIGURES, lines)


def series(answer: Answer, *, simulated: bool) -> Table:
    """A series, one line per pane that has anything in it."""
    common = {name: answer[name] for name in SERIES if name in answer}
    common |= {**dict(_completeness(answer)), "set": answer.get("set", {}).get("title"), "simulated": simulated}
    lines = [
        tuple((common | {"pane": pane, "amount": amount}).get(name) for name in SERIES)
        for pane, amount in answer["points"]
    ]
    window = f"{answer['metric']}_{answer['tier']}_{answer['start']:%Y%m%d}_{answer['end']:%Y%m%d}"
    return Table(_name("series", answer["unit"], window, answer["as_of"]), SERIES, lines)


def _in_order(cells: Mapping[str, Cell]) -> list[Cell]:
    return [cells.get(name) for name in FIGURES]


def _filled(line: Sequence[Cell], cells: Iterable[tuple[str, Cell]]) -> list[Cell]:
    """The line with more cells; what is the same in a table or a row is put in once."""
    found = list(line)
    for name, cell in cells:
        found[_AT[name]] = cell
    return found


def _of_table(table: Answer) -> Iterator[tuple[str, Cell]]:
    yield from ((name, table[name]) for name in ("city", "map", "as_of", "positions_digest"))
    window = table["window"]
    yield from (("window", window["id"]), ("window_title", window["title_vi"]))
    yield from (("start", window["start"]), ("end", window["end"]), ("state", table["state"]["status"]))
    for name in _COMPARISONS:
        comparison = table["comparisons"][name]
        if "reason_code" in comparison:
            yield f"{name}_reason", comparison["reason_code"]
            continue
        current = comparison["current"]
        yield from ((f"{name}_start", comparison["start"]), (f"{name}_end", comparison["end"]))
        yield from ((f"{name}_current_start", current["start"]), (f"{name}_current_end", current["end"]))
        yield f"{name}_reason", NOT_KNOWN


def _of_row(key: str, row: Answer, area: Answer) -> Iterator[tuple[str, Cell]]:
    yield "unit", key
    yield from ((name, area.get(name)) for name in ("name", "valid_from", "valid_to"))
    yield from _completeness(row)


def _completeness(told: Answer) -> Iterator[tuple[str, Cell]]:
    yield from ((name, told[name]) for name in ("has_reported", "last_event", "incomplete"))
    yield from ((f"patrol_logs_{name}", amount) for name, amount in (told["patrol_logs"] or {}).items())


def _of_figure(row: Answer, metric: Answer, at: int) -> Iterator[tuple[str, Cell]]:
    figure = metric["id"]
    yield from (("metric", figure), ("title", metric["title_vi"]))
    yield from (("unit_of_measure", metric["unit_vi"]), ("kind", metric["kind"]), ("value", row["values"][at]))
    if "estimated" in row:
        yield "estimated_value", row["estimated"]["values"].get(figure)
    for beside in ("ratios", "percentiles"):
        yield from row[beside].get(figure, {}).items()
    for name in _COMPARISONS:
        pair = row[name][at]
        if pair is not None:
            yield from ((f"{name}_value", pair[0]), (f"{name}_current_value", pair[1]), (f"{name}_reason", None))


def _name(what: str, where: str, window: str, as_of: datetime) -> str:
    told = f"commune-pulse_{what}_{where}_{window}_{as_of:%Y%m%dT%H%M%S%z}"
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_+@.") else "-" for letter in told)
