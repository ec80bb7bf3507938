"""The table while events arrive, as an API with a processor to itself answers it: `python -m benchmarks.alone`.

For a machine that others keep busy, where `benchmarks.query` measures them. The clock of the event loop, and of the
figures, is the processor time that this process has taken, and skips ahead instead of waiting: what others take does
not show, and no socket is there. Flushes as the worker writes them are made beforehand and come in as from a broker.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from selectors import DefaultSelector, SelectorKey
from typing import Annotated, Any, Final

import httpx
import structlog
import typer

from benchmarks.arriving import cities_of, communes_of, just_now, within_a_year
from benchmarks.query import COUNTS, WINDOWS, told
from services.stats.app import make_app
from services.stats.catalogue import CATALOGUE
from services.stats.engine import Fold
from services.stats.feed.following import RECORDS_AT_ONCE
from services.stats.serving.figures import Figures
from services.stats.settings import StatsSettings
from services.stats.state.topic import Entry
from services.stats.view import View
from shared.contracts.topics import FACT_TOPICS, topic_of
from shared.garbage import spare_what_stays
from shared.messaging.codec import decode
from shared.places import places
from tests.chaos.stories import Chance, Stories

FLUSH_S: Final = 0.5
BREATH_S: Final = 0.05


class OwnTime:
    """Time as it goes by for a process that never has to wait for a processor. A clock, and a selector."""

    def __init__(self) -> None:
        self.skipped_s = 0.0
        self._began = datetime.now(UTC)

    def monotonic(self) -> float:
        return time.process_time() + self.skipped_s

    def now(self) -> datetime:
        return self._began + timedelta(seconds=self.monotonic())


class SkippingSelector(DefaultSelector):
    """Waits for nothing: the time until the next timer is skipped."""

    def __init__(self, own: OwnTime) -> None:
        super().__init__()
        self._own = own

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        self._own.skipped_s += max(0.0, timeout or 0.0)
        return super().select(0)


class World:
    """The work of some communes, folded as the worker does."""

    def __init__(self, units: Sequence[str], now: datetime) -> None:
        zone, known = StatsSettings().zone, places()
        self._positions: dict[tuple[str, str], int] = {}
        self._folds = {
            topic.name: Fold(
                topic.name, 0, generation="benchmark", cluster_id="c", zone=zone,
                today_unit=lambda unit, group, day: known.today_unit(unit, day, group),
            )
            for topic in FACT_TOPICS
        }  # fmt: skip
        self._now = now
        self._of_the_year = Stories(Chance(random.Random(1), units, within_a_year), name="y")
        self._of_now = Stories(Chance(random.Random(2), units, just_now), name="n")

    def year(self, count: int) -> list[Entry]:
        """The state after so many events of a year."""
        return self._folded(self._of_the_year, count)

    def flush(self, count: int) -> list[Entry]:
        """What the worker writes for so many events of this moment."""
        return self._folded(self._of_now, count)

    def _folded(self, stories: Stories, count: int) -> list[Entry]:
        done = 0
        while done < count:
            for event in stories.next(self._now):
                source = topic_of(event.type).name, event.partitionkey
                position = self._positions[source] = self._positions.get(source, 0) + 1
                record = event.record(position=position, lineage="l", recorded_at=self._now)
                self._folds[source[0]].apply(decode(record), position, self._now)
                done += 1
        return list(self._written())

    def _written(self) -> Iterator[Entry]:
        for fold in self._folds.values():
            flush = fold.dirty()
            yield from (*flush.records, *flush.heads)
            fold.flushed(flush)


class OneView:
    """Stands in for the feed."""

    def __init__(self, view: View) -> None:
        self.view = view

    def state(self) -> dict[str, Any]:
        return {"status": "live", "progress": None}


class Measured:
    """The API over one view, while flushes arrive."""

    def __init__(self, view: View, own: OwnTime) -> None:
        self.view = view
        self.own = own
        self._app = make_app(StatsSettings(local_reader=True, simulated_data=True), own)
        feed: Any = OneView(view)
        self._figures: Figures = self._app.state.figures
        self._app.state.feed = self._figures._feed = feed

    async def run(self, cities: Sequence[str], windows: Sequence[str], flushes: Sequence[list[Entry]]) -> list[float]:
        """How long each table took, in milliseconds."""
        keeping = asyncio.create_task(self._figures.run(self.own))
        arriving = asyncio.create_task(self._arrive(flushes))
        took: list[float] = []
        number = 0
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url="http://stats") as client:
            while not arriving.done():
                window, number = windows[number % len(windows)], number + 1
                began = self.own.monotonic()
                for city in cities:
                    answer = await client.get("/v1/figures", params={"city": city, "window": window})
                    answer.raise_for_status()
                if number > len(windows):  # nothing is remembered for the first round
                    took.append((self.own.monotonic() - began) * 1e3)
                await asyncio.sleep(BREATH_S)
        keeping.cancel()
        return took

    async def _arrive(self, flushes: Sequence[list[Entry]]) -> None:
        for entries in flushes:
            due = self.own.monotonic() + FLUSH_S
            for start in range(0, len(entries), RECORDS_AT_ONCE):
                for key, value in entries[start : start + RECORDS_AT_ONCE]:
                    rows = self.view.take(key, value)
                    if rows:
                        self._figures.notify(rows, self.own.now())
                await asyncio.sleep(0)
            await asyncio.sleep(max(0.0, due - self.own.monotonic()))


def main(
    units: Annotated[int, typer.Option(help="126 (the city) or 3,321 (the country)")] = 126,
    events: Annotated[int, typer.Option(help="of the year before, for each commune")] = 400,
    rate: Annotated[int, typer.Option(help="events that arrive each second")] = 5_000,
    seconds: Annotated[float, typer.Option(help="of each run, in time of its own")] = 20.0,
) -> None:
    """Measure and print."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    own = OwnTime()
    loop = asyncio.SelectorEventLoop(SkippingSelector(own))
    loop.time = own.monotonic  # type: ignore[method-assign]
    codes = communes_of(units)
    world = World(codes, own.now())
    view = View(generation="benchmark", city_of=places().city_of, topic_of=CATALOGUE.topics)
    for key, value in world.year(events * len(codes)):
        view.take(key, value)
    for count in COUNTS:
        flushes = [world.flush(round(rate * FLUSH_S)) for _ in range(round(seconds / FLUSH_S))] if rate else []
        spare_what_stays()
        took = loop.run_until_complete(Measured(view, own).run(cities_of(units), WINDOWS[:count], flushes))
        print(json.dumps({"windows": count, "asked": len(took), **told(took)}), flush=True)


if __name__ == "__main__":
    typer.run(main)
