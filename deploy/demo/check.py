"""Compares the published figures with what the statistics show; changes nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from deploy.demo.client import Services
from deploy.demo.published import FIGURES, WINDOWS

LOOK_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the comparison."""

    what: str
    where: str
    when: str
    published: str
    expected: str
    actual: str

    @property
    def agrees(self) -> bool:
        return self.expected == self.actual


async def compare(services: Services) -> list[Row]:
    """Every published figure and every named window beside what the statistics show. Raises: Refused."""
    shown: dict[tuple[str, str, str], dict[str, Any]] = {}
    rows = []
    for figure in FIGURES:
        first, last = figure.first.isoformat(), figure.last.isoformat()
        asked = (figure.unit, first, last)
        if asked not in shown:
            answer = await services.get("stats", f"/v1/figures/{figure.unit}", **{"from": first, "to": last})
            shown[asked] = answer["figures"]
        actual = shown[asked].get(figure.metric, {}).get("value", "not shown")
        days = first if first == last else f"{first} to {last}"
        rows.append(Row(figure.what, figure.unit, days, figure.published, str(figure.amount), str(actual)))
    return [*rows, *await _windows(services)]


async def _windows(services: Services) -> list[Row]:
    """Each named window of the demonstration; a campaign of somebody else does no harm."""
    answer = await services.get("stats", "/v1/windows")
    found = {(one["kind"], str(one["start"])[:10], str(one["end"])[:10]) for one in answer["windows"]}
    begun = {shown[:2] for shown in found}
    rows = []
    for kind, first, last in WINDOWS:
        window = (kind, first.isoformat())
        there = window in begun if last is None else (*window, (last + timedelta(days=1)).isoformat()) in found
        days = f"from {first}" if last is None else f"{first} to {last}"
        rows.append(Row(kind.replace("_", " "), "", days, "named window", "there", "there" if there else "missing"))
    return rows


async def wait_until_applied(services: Services, seconds: float) -> bool:
    """Whether the figures hold, within so many seconds, everything that the services have taken in."""
    for _ in range(max(1, round(seconds / LOOK_EVERY_S))):
        freshness = await services.get("stats", "/v1/freshness")
        if freshness["status"] == "live" and not any(topic["behind"] for topic in freshness["topics"]):
            return True
        await asyncio.sleep(LOOK_EVERY_S)
    return False


def show(rows: Sequence[Row]) -> None:
    """Print the comparison."""
    table = Table("", "figure", "unit", "days", "published", "expected", "actual", box=None, pad_edge=False)
    for row in rows:
        mark, style = ("✓", "green") if row.agrees else ("✗", "bold red")
        table.add_row(f"[{style}]{mark}[/]", row.what, row.where, row.when, row.published, row.expected, row.actual)
    console = Console(width=None if Console().is_terminal else 140)
    console.print(table)
    wrong = sum(not row.agrees for row in rows)
    console.print(f"{len(rows) - wrong} of {len(rows)} come out as published.")
