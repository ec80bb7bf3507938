"""Runs the ledger with its order switched, or to its death at the worst moment: ledger_launcher.py SWITCH,…"""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from services.stats.ledger.blocks import BlockDocument
from services.stats.ledger.partition import LedgerHead
from services.stats.ledger.process import run_ledger
from services.stats.ledger.repository import LedgerRepository
from services.stats.ledger.writer import Writer
from services.stats.settings import StatsSettings

# Two writes a flush: the process is gone after the first write of the third flush that has blocks.
LAST_WRITE: Final = 5

add, vouch, written = LedgerRepository.add, LedgerRepository.vouch, 0


def count_a_write() -> None:
    global written
    written += 1
    if written == LAST_WRITE:
        os.kill(os.getpid(), signal.SIGKILL)


async def add_counted(self: LedgerRepository, blocks: Sequence[BlockDocument]) -> None:
    await add(self, blocks)
    if blocks:
        count_a_write()


async def vouch_counted(self: LedgerRepository, writer: str, heads: Sequence[LedgerHead]) -> None:
    await vouch(self, writer, heads)
    if any(head.positions for head in heads):
        count_a_write()


def die_in_flush() -> None:
    LedgerRepository.add, LedgerRepository.vouch = add_counted, vouch_counted  # type: ignore[method-assign]


async def heads_before_blocks(self: Writer) -> None:
    touched, self._touched, self._waiting = sorted(self._touched), set(), 0
    partitions = [self._partitions[place] for place in touched]
    blocks = [block for partition in partitions for block in partition.drained()]
    await self._repository.vouch(self._name, [partition.head() for partition in partitions])
    await self._repository.add(blocks)


SWITCHES: Final[Mapping[str, Callable[[], None]]] = {
    "die-in-flush": die_in_flush,
    "heads-first": lambda: setattr(Writer, "flush", heads_before_blocks),
}

if __name__ == "__main__":
    for switch in sys.argv[1].split(","):
        SWITCHES[switch]()
    sys.exit(run_ledger(StatsSettings.load()))
