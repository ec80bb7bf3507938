"""The run of verify: read the tables, recount the journals, compare, report."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from services.stats.verify.comparing import SHOWN, Report, compare
from services.stats.verify.recount import Recount
from services.stats.verify.sources import Journals, Owner, Served
from shared.contracts.topics import AWARDS, INCIDENTS, PATROLS, TIPS
from shared.places import REFORM, places
from shared.settings import Settings

CATCH_UP_S: Final = 30.0  # figures of a working system are less than a second behind
SHORTEST: Final = "PT5M"

Table: TypeAlias = dict[str, Any]
UnitSequence: TypeAlias = tuple[Owner, str, str, int]


def owners(tips: str, patrols: str, awards: str) -> tuple[Owner, ...]:
    return (
        Owner("tips", tips, (TIPS.name,)),
        Owner("patrols", patrols, (PATROLS.name, INCIDENTS.name)),
        Owner("awards", awards, (AWARDS.name,)),
    )


def verify(settings: Settings, served: Served, journals: Journals) -> Report:
    """Compare every figure of every city, unit and window with a recount of the journals.

    The figures have to contain at least what was committed when this began; what is committed meanwhile is told apart
    by the positions that each answer states.
    """
    report = Report()
    tables = _tables(served, list(journals.units()), report)
    recount = Recount(places(), settings.zone, settled=_settled(tables))
    # Listed anew: a unit may have had its first event between that list and the tables.
    for owner, topic, unit, _ in journals.units():
        for page in journals.events(owner, topic, unit):
            recount.take(topic, unit, page)
    for table in tables:
        compare(report, recount, table)
    report.events = recount.events
    return report


def summary(report: Report) -> str:
    """What an operator reads at the end."""
    lines = [f"  {count:>9,} figures  {window}" for window, count in report.compared.items()]
    lines += [f"  ! {difference}" for difference in report.differences[:SHOWN]]
    if len(report.differences) > SHOWN:
        lines.append(f"  ! and {len(report.differences) - SHOWN:,} more")
    lines += [
        f"{report.events:,} events recounted, {report.total:,} figures compared, "
        f"{report.unknown:,} comparisons served as unknown",
        f"{len(report.differences):,} differences, digest {report.digest}",
    ]
    return "\n".join(lines)


def _tables(served: Served, sequences: Sequence[UnitSequence], report: Report) -> list[Table]:
    """The tables of all cities and windows, read once the figures contain what was committed."""
    deadline = time.monotonic() + CATCH_UP_S
    while missing := _missing(served, sequences):
        if time.monotonic() > deadline:
            report.differences += missing
            break
        time.sleep(0.2)
    tables = [served.table(city, window) for city in served.cities() for window in served.windows()]
    return [*tables, *(_as_was(served, table) for table in tables if _on_former_maps(table))]


def _as_was(served: Served, table: Table) -> Table:
    return served.table(table["city"], table["window"]["id"], map_="was")


def _on_former_maps(table: Table) -> bool:
    """Whether the two maps differ in the window; of the others one is enough to know that they do not."""
    begins = datetime.fromisoformat(table["window"]["start"]).date()
    return begins < REFORM or table["window"]["id"] == "year"


def _missing(served: Served, sequences: Sequence[UnitSequence]) -> list[str]:
    contained: dict[tuple[str, str], int] = {}
    for city in served.cities():
        for topic, units in served.table(city, SHORTEST)["positions"].items():
            contained.update({(topic, unit): position for unit, position in units.items()})
    return [
        f"{topic}/{unit}: {committed} events are committed, the figures contain {contained.get((topic, unit), 0)}"
        for _, topic, unit, committed in sequences
        if contained.get((topic, unit), 0) < committed
    ]


def _settled(tables: Sequence[Table]) -> dict[str, dict[str, int]]:
    """The position of each unit that every table of its city contains."""
    by_city: dict[str, list[Table]] = {}
    for table in tables:
        by_city.setdefault(table["city"], []).append(table)
    settled: dict[str, dict[str, int]] = {}
    for some in by_city.values():
        for topic, unit in {
            (topic, unit) for table in some for topic, units in table["positions"].items() for unit in units
        }:
            lowest = min(table["positions"].get(topic, {}).get(unit, 0) for table in some)
            settled.setdefault(topic, {})[unit] = lowest
    return settled
