"""Runs the stats worker with a guard switched off, or to its death at the worst moment: worker_launcher.py SWITCH,…"""

import asyncio
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from services.stats.catalogue import CATALOGUE
from services.stats.engine.state import Record, UnitState
from services.stats.folding import watchdog
from services.stats.folding.folding import Folding
from services.stats.folding.worker import run_worker
from services.stats.generations import scheduling
from services.stats.panes import PaneRecord
from services.stats.settings import StatsSettings
from services.stats.state import broker
from services.stats.state.topic import Entry, TopicWriter

# Two writes a flush: the process is gone after the first write of the third flush, or of the very first.
THIRD_FLUSH: Final = 5
FIRST_FLUSH: Final = 1
CHECK_LAUNCHER: Final = Path(__file__).with_name("check_launcher.py")

write, written, last_write = TopicWriter.write, 0, THIRD_FLUSH
written_as_it_is = UnitState.written


async def die_in_the_third_flush(self: TopicWriter, entries: Mapping[int, Sequence[Entry]]) -> None:
    global written
    await write(self, entries)
    written += any(key.startswith((b"pane/", b"head/")) for some in entries.values() for key, _ in some)
    if written == last_write:
        os.kill(os.getpid(), signal.SIGKILL)


def die_in_the_first_flush() -> None:
    global last_write
    last_write = FIRST_FLUSH
    TopicWriter.write = die_in_the_third_flush  # type: ignore[method-assign]


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


def count_awards_otherwise() -> None:
    CATALOGUE.__dict__["digests"] = {**CATALOGUE.digests, "awards_conferred": "otherwise"}


def write_one_more(self: UnitState, topic: str, record: Record, generation: str) -> PaneRecord:
    pane = written_as_it_is(self, topic, record, generation)
    series = {name: {at: amount + 1 for at, amount in cells.items()} for name, cells in pane.series.items()}
    return msgspec.structs.replace(pane, series=series)


def check_often(*switches: str) -> None:
    scheduling.next_check = lambda now, *_: now + timedelta(seconds=3)
    scheduling.AGAIN = timedelta(seconds=3)  # type: ignore[misc]
    scheduling.COMMAND = (str(CHECK_LAUNCHER), *switches)  # type: ignore[misc,assignment]


SWITCHES: Final[Mapping[str, Callable[[], None]]] = {
    "die-in-flush": lambda: setattr(TopicWriter, "write", die_in_the_third_flush),
    "die-early": die_in_the_first_flush,
    "heads-first": lambda: setattr(Folding, "_write", heads_before_records),
    "no-fence": lambda: setattr(Record, "lacks", let_everything_in),
    "hang": lambda: setattr(Folding, "take", hang),
    "block": lambda: setattr(Folding, "take", block),
    "impatient": be_impatient,
    "no-watchdog": lambda: setattr(watchdog.Stillness, "verdict", lambda *_: None),
    "no-look": look_away,
    "other-rules": count_awards_otherwise,
    "miscount": lambda: setattr(UnitState, "written", write_one_more),
    "check-often": check_often,
    "check-often-no-lease": lambda: check_often("no-lease"),
    "no-offsets": lambda: setattr(TopicWriter, "_follow", lambda *_: None),
}

if __name__ == "__main__":
    for switch in sys.argv[1].split(","):
        SWITCHES[switch]()
    sys.exit(run_worker(StatsSettings.load()))
