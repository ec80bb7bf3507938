"""Memory of the API's view over two years of a city on two maps, and the time that one event takes to be seen in it.

`python -m benchmarks.view`; the state is made up, of the size of the demonstration's patrols.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Final
from zoneinfo import ZoneInfo

from services.stats.catalogue import CATALOGUE
from services.stats.panes import SPLIT, Head, PaneRecord, encode
from services.stats.queries import Queries
from services.stats.queries.areas import Map
from services.stats.view import View
from shared.contracts.stats import Tier
from shared.contracts.topics import PATROLS
from shared.places import REFORM, Unit, places

CITY: Final = "01"
ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")
NOW: Final = datetime(2026, 11, 23, 15, 4, tzinfo=ZONE)
METRICS: Final = (
    "patrols_completed", "patrols_completed_security", "participant_turns", "violations_detected",
    "patrols_under_way", "teams_active",
)  # fmt: skip
EVENTS: Final = 300
PAGE_BYTES: Final = 4096


def record(unit: str, inner: str, tier: Tier, bucket: str, cells: dict[int, int], fence: int = 1) -> PaneRecord:
    series = {f"{metric}|{inner}": dict(cells) for metric in METRICS}
    return PaneRecord(PATROLS.name, unit, tier, bucket, fence, "benchmark", series)


def history(chance: Random) -> Iterator[PaneRecord]:
    """Seven months on the map before the reform, seventeen on today's, and the finer tiers as far as they are kept."""
    for unit in places().historic_communes_of(CITY, REFORM - timedelta(days=1)):
        inner = places().today_unit(unit.code, REFORM - timedelta(days=1)) or SPLIT
        yield from months(unit, inner, 2024 * 12 + 11, 7, chance)
    for unit in places().communes_of(CITY):
        yield from months(unit, unit.code, 2025 * 12 + 6, 17, chance)
        for back in range(62):
            day = (NOW - timedelta(days=back)).date()
            yield record(unit.code, unit.code, Tier.HOUR, str(day), dict.fromkeys(range(6, 22), 1))
        for back in range(72):
            hour = NOW - timedelta(hours=back)
            yield record(unit.code, unit.code, Tier.MINUTE, f"{hour:%Y-%m-%dT%H}", {chance.randrange(60): 1})


def months(unit: Unit, inner: str, first: int, count: int, chance: Random) -> Iterator[PaneRecord]:
    for month in range(first, first + count):
        cells = {day: chance.randint(1, 9) for day in range(1, 29)}
        yield record(unit.code, inner, Tier.DAY, f"{month // 12:04d}-{month % 12 + 1:02d}", cells)


def take(view: View, records: Iterable[PaneRecord], position: int) -> int:
    count, units = 0, set()
    for each in records:
        view.take(each.key, encode(each))
        units.add(each.unit)
        count += 1
    for unit in units:
        head = Head(PATROLS.name, unit, position, 1, 0, {}, "benchmark", "l", "c")
        view.take(head.key, encode(head))
    return count


def one_event(unit: str, fence: int) -> list[PaneRecord]:
    month = dict.fromkeys(range(1, 24), fence)
    return [
        record(unit, unit, Tier.DAY, f"{NOW:%Y-%m}", month, fence),
        record(unit, unit, Tier.HOUR, str(date(NOW.year, NOW.month, NOW.day)), dict.fromkeys(range(6, 16), 2), fence),
        record(unit, unit, Tier.MINUTE, f"{NOW:%Y-%m-%dT%H}", {0: 1, 3: 1, 4: fence}, fence),
    ]


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES / 1e6


def main() -> None:
    view = View(generation="benchmark", city_of=places().city_of, topic_of=CATALOGUE.topics)
    queries = Queries(CATALOGUE, places(), ZONE)
    before, began = resident_mb(), time.process_time()
    count = take(view, history(Random(1)), 1)
    print(f"{count:,} records in {time.process_time() - began:.1f} s of CPU, {resident_mb() - before:.0f} MB")
    for window in ("PT24H", "P30D", "year"):
        selection = queries.select(view, CITY, window, None, None, None)
        for map_ in Map:
            began = time.process_time()
            rows = queries.table(view, selection, NOW, map_)["rows"]
            took_ms = (time.process_time() - began) * 1e3
            print(f"table of {window} as {map_.value}: {len(rows)} units in {took_ms:.0f} ms of CPU")
    print(f"after all of these {resident_mb() - before:.0f} MB")
    unit, selection = places().communes_of(CITY)[0].code, queries.select(view, CITY, "PT24H", None, None, None)
    taken, shown = [], []
    for fence in range(2, EVENTS):
        records = one_event(unit, fence)
        start = time.perf_counter()
        take(view, records, fence)
        seen = time.perf_counter()
        queries.shown_rows(view, selection, (CITY, unit), NOW)
        taken.append((seen - start) * 1e3)
        shown.append((time.perf_counter() - seen) * 1e3)
    for what, times in (("taken in", taken), ("its two rows computed", shown)):
        cuts = quantiles(times, n=100)
        print(f"one event {what}: p50 {cuts[49]:.2f} ms, p99 {cuts[98]:.2f} ms")


if __name__ == "__main__":
    main()
