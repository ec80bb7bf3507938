"""Runs the scheduled self-check, which tells when it begins and waits at a gate: check_launcher.py SWITCH,…"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from services.stats.generations import checking
from services.stats.generations.rebuilding import Wanted
from services.stats.settings import StatsSettings
from shared.contracts.stats import SelfCheck
from shared.outbox.leases import Lease

BEGINS: Final = "a check begins in process "
GATE: Final = "CHECK_GATE"  # the file that has to be there before anything is folded

check_once = checking.check_once


async def check_behind_the_gate(settings: StatsSettings, wanted: Wanted) -> SelfCheck | None:
    print(f"{BEGINS}{os.getpid()}", flush=True)
    gate, worker = Path(os.environ[GATE]), os.getppid()
    while not gate.exists() and os.getppid() == worker:
        await asyncio.sleep(0.05)
    return await check_once(settings, wanted)


async def always_mine(self: Lease) -> bool:
    return True


SWITCHES: Final[Mapping[str, Callable[[], None]]] = {
    "no-lease": lambda: setattr(Lease, "acquire", always_mine),
}

if __name__ == "__main__":
    checking.check_once = check_behind_the_gate
    # A death is followed within seconds, not half a minute.
    checking.LEASE_S, checking.RENEW_S = 3.0, 0.5  # type: ignore[misc]
    for switch in sys.argv[1:]:
        SWITCHES[switch]()
    sys.exit(checking.run_rebuild(StatsSettings.load(), scheduled=True, switch=False))
