"""The events of a benchmark, from a process of its own: a year's at first, then so many a second until it is ended.

`python -m benchmarks.arriving ADDRESS UNITS EVENTS RATE` puts them on the broker as relays do, and tells on its output
when the year is there; the stream begins with the first line that it is given.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Final

import typer

from shared.contracts.base import Event
from shared.places import places
from shared.settings import Settings
from tests.chaos.soak import beat
from tests.chaos.stories import Chance, Stories
from tests.integration.worker_rig import Log

YEAR_S: Final = 365 * 86_400
AT_ONCE: Final = 5_000
TICK_S: Final = 0.05


def cities_of(units: int) -> list[str]:
    """The city of so many communes, or all of the country."""
    return ["01"] if units <= 126 else [city.code for city in places().cities()]


def communes_of(units: int) -> list[str]:
    return [unit.code for city in cities_of(units) for unit in places().communes_of(city)]


def within_a_year(rng: random.Random, now: datetime) -> datetime:
    return now - timedelta(seconds=rng.uniform(0, rng.choice((YEAR_S, 62 * 86_400, 3 * 86_400))))


def just_now(rng: random.Random, now: datetime) -> datetime:
    return now - timedelta(seconds=rng.uniform(0, 120))


async def publish_year(log: Log, codes: list[str], count: int) -> None:
    """The history that the figures begin with."""
    stories, now = Stories(Chance(random.Random(1), codes, within_a_year), name="y"), datetime.now(UTC)
    while (left := count - sum(log.positions.values())) > 0:
        await _publish(log, [event for _ in range(min(left, AT_ONCE)) for event in stories.next(now)])


async def stream(log: Log, codes: list[str], rate: int) -> None:
    """Events of this moment; a second that was missed is made up for, so that the rate holds over all."""
    stories = Stories(Chance(random.Random(2), codes, just_now), name="n")
    began, sent = time.monotonic(), 0
    while True:
        now, some = datetime.now(UTC), list[Event]()
        while sent + len(some) < (time.monotonic() - began) * rate and len(some) < AT_ONCE:
            some += stories.next(now)
        await _publish(log, some)
        sent += len(some)
        await asyncio.sleep(TICK_S)


async def _publish(log: Log, events: list[Event]) -> None:
    await log.publish(events)
    log.records.clear()  # nothing is sent again here


async def arrive(address: str, units: int, events: int, rate: int) -> None:
    log, codes = await Log.open(Settings(KAFKA_BOOTSTRAP_SERVERS=address)), communes_of(units)
    beating = asyncio.create_task(beat(log))
    await publish_year(log, codes, events * len(codes))
    print(sum(log.positions.values()), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await asyncio.gather(beating, *([stream(log, codes, rate)] if rate else []))


def main(address: str, units: int, events: int, rate: int) -> None:
    """To be ended by a signal."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # topics that were just made have no leader yet
    asyncio.run(arrive(address, units, events, rate))


if __name__ == "__main__":
    typer.run(main)
