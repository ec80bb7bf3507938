"""Lines as CSV as RFC 4180 has it, in UTF-8, harmless to spreadsheets. Knows no figure."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Final

from services.stats.downloads.lines import Cell, Table

MEDIA_TYPE: Final = "text/csv; charset=utf-8; header=present"
BOM: Final = "\ufeff"
# A spreadsheet takes a text that begins like this for a formula, and titles of campaigns come from outside.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
GUARD: Final = "'"


def written(table: Table, *, bom: bool = False) -> bytes:
    """The file. `bom` puts a mark before it by which spreadsheet programs know that it is UTF-8."""
    file = io.StringIO(newline="")
    lines = csv.writer(file, lineterminator="\r\n")
    lines.writerow(table.columns)
    text = _Texts()
    lines.writerows([text.of(cell) for cell in line] for line in table.lines)
    return ((BOM if bom else "") + file.getvalue()).encode()


class _Texts:
    """Cells as text. A few moments stand in every line, and are made text once each."""

    def __init__(self) -> None:
        self._moments: dict[int, tuple[date, str]] = {}  # by identity: comparing moments costs more than writing them

    def of(self, cell: Cell) -> str | int | float:
        if cell is None:
            return ""
        if isinstance(cell, str):
            return guarded(cell)
        if isinstance(cell, bool):
            return "true" if cell else "false"
        if isinstance(cell, date):
            if id(cell) not in self._moments:
                self._moments[id(cell)] = (cell, cell.isoformat())
            return self._moments[id(cell)][1]
        return cell


def guarded(text: str) -> str:
    """The text behind an apostrophe where a spreadsheet would compute it, or where it begins with one."""
    return GUARD + text if text.startswith((*_FORMULA, GUARD)) else text
