"""A process of its own that looks at the clocks of tips, and may be told to die right after so many of them.

python -m tests.integration.clockwork_process URI DATABASE NOW [DIE_AFTER]
"""

import asyncio
import os
import signal
import sys
from datetime import datetime

from services.tips.cases import Cases
from services.tips.clockwork import Clockwork
from services.tips.domain import Tip
from shared.clock import FixedClock
from shared.contracts.topics import TIPS
from shared.outbox.entries import Outbox
from shared.store.client import Store


class Mortal(Clockwork):
    """Dies without a word once it has struck so many tips."""

    left = -1

    async def strike(self, before: Tip) -> Tip:
        after = await super().strike(before)
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return after


async def main(uri: str, database: str, now: str, die_after: str = "-1") -> None:
    store, clock = Store.open(uri, database), FixedClock(datetime.fromisoformat(now))
    outbox = Outbox(store, clock=clock, topics=(TIPS,))
    await outbox.open()
    clockwork = Mortal(Cases(store), outbox, clock=clock)
    clockwork.left = int(die_after)
    await clockwork.run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
