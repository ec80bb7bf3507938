"""Runs the stats worker with a guard switched off, or to its death at the worst moment: worker_launcher.py SWITCH,…"""

import asyncio
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from services.stats import broker, watchdog
from services.stats.engine.state import Record
from services.stats.folding import Folding
from services.stats.settings import StatsSettings
from services.stats.state import Entry, TopicWriter
from services.stats.worker import run_worker

# Two writes a flush: the process is gone after the first write of the third flush.
LAST_WRITE: Final = 5

write, written = TopicWriter.write, 0


async def die_in_the_third_flush(self: TopicWriter, entries: Mapping[int, Sequence[Entry]]) -> None:
    global written
    await write(self, entries)
    written += 1
    if written == LAST_WRITE:
        os.kill(os.getpid(), signal.SIGKILL)


async def heads_before_records(self: Folding, flushes: Sequence[tuple[int, object]]) -> None:
    records: defaultdict[int, list[Entry]] = defaultdict(list)
    heads: defaultdict[int, list[Entry]] = defaultdict(list)
    for partition, flush in flushes:
        records[partition].extend(flush.records)  # type: ignore[attr-defined]
        heads[partition].extend(flush.heads)  # type: ignore[attr-defined]
    if flushes:
        await self._writer.write(heads)
        await self._writer.write(records)


def let_everything_in(self: Record, position: int) -> bool:
    return True


async def hang(*_: object) -> None:
    await asyncio.Event().wait()


def block(*_: object) -> None:
    time.sleep(3_600)


def be_impatient() -> None:
    watchdog.PATIENCE_S, watchdog.LOOK_S = 3.0, 1.0  # type: ignore[misc]


def look_away() -> None:
    broker.LOOK_S = broker.FRESH_S = 3_600.0  # type: ignore[misc]


SWITCHES: Final[Mapping[str, Callable[[], None]]] = {
    "die-in-flush": lambda: setattr(TopicWriter, "write", die_in_the_third_flush),
    "heads-first": lambda: setattr(Folding, "_write", heads_before_records),
    "no-fence": lambda: setattr(Record, "lacks", let_everything_in),
    "hang": lambda: setattr(Folding, "take", hang),
    "block": lambda: setattr(Folding, "take", block),
    "impatient": be_impatient,
    "no-watchdog": lambda: setattr(watchdog.Stillness, "verdict", lambda *_: None),
    "no-look": look_away,
    "no-offsets": lambda: setattr(TopicWriter, "_follow", lambda *_: None),
}

if __name__ == "__main__":
    for switch in sys.argv[1].split(","):
        SWITCHES[switch]()
    sys.exit(run_worker(StatsSettings.load()))
