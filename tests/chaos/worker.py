"""The stats worker as it is, with two switches for the chaos run: no fence, and death between records and heads.

On SIGUSR2 the next flush is the last: the process is gone by SIGKILL when its records are acknowledged and its heads
are not yet written, the worst moment there is.
"""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from services.stats.engine.state import Record
from services.stats.folding.worker import run_worker
from services.stats.settings import StatsSettings
from services.stats.state.topic import Entry, TopicWriter

NO_FENCE: Final = "--no-fence"

write = TopicWriter.write
armed = False


def arm(*_: object) -> None:
    global armed
    armed = True


async def write_and_die_if_armed(self: TopicWriter, entries: Mapping[int, Sequence[Entry]]) -> None:
    await write(self, entries)
    if armed and any(key.startswith(b"pane/") for some in entries.values() for key, _ in some):
        os.kill(os.getpid(), signal.SIGKILL)


def let_everything_in(self: Record, position: int) -> bool:
    return True


if __name__ == "__main__":
    signal.signal(signal.SIGUSR2, arm)
    TopicWriter.write = write_and_die_if_armed  # type: ignore[method-assign]
    if NO_FENCE in sys.argv:
        Record.lacks = let_everything_in  # type: ignore[method-assign]
    sys.exit(run_worker(StatsSettings.load()))
