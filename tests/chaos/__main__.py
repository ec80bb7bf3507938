"""Breaks everything around the figures while work goes on, and counts what differs: python -m tests.chaos --seed 1.

The same seed gives the same faults in the same order and the same stories; what they meet depends on the machine.
"""

import asyncio
import logging
import sys
import tempfile
from pathlib import Path
from random import SystemRandom
from typing import Annotated

import orjson
import typer

from tests import servers
from tests.chaos import broker as brokers
from tests.chaos.faults import FAULTS
from tests.chaos.plan import Plan, shuffled
from tests.chaos.report import Report
from tests.chaos.run import Run


def main(
    seed: Annotated[int | None, typer.Option(help="decides faults and stories; chosen and told unless given")] = None,
    seconds: Annotated[float, typer.Option(help="how long work goes on at least")] = 780.0,
    events: Annotated[int, typer.Option(help="how many events at least")] = 300_000,
    rate: Annotated[float, typer.Option(help="events a second")] = 400.0,
    each: Annotated[int, typer.Option(help="faults of each kind")] = 6,
    kinds: Annotated[str, typer.Option(help="only faults with these words in their names, by commas")] = "",
    fence: Annotated[bool, typer.Option(help="without the fence the same seed has to fail")] = True,
    report: Annotated[Path, typer.Option(help="where the report goes")] = Path("build/chaos.json"),
) -> None:
    """Exit code 0 only if every fault was confirmed and not one figure differs."""
    # Clients tell of every lost connection, several times a second while the broker is away.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    seed = SystemRandom().randrange(10**6) if seed is None else seed
    chosen = [kind for kind in FAULTS if any(word in kind for word in kinds.split(","))]
    plan = Plan(seed, seconds, events, rate, shuffled(seed, chosen, each), fence)
    print(f"seed {seed}: {len(plan.faults)} faults, at least {events:,} events in {seconds:.0f} s", flush=True)
    found = asyncio.run(carry_out(plan))
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_bytes(orjson.dumps(found.as_json(), option=orjson.OPT_INDENT_2))
    print(f"\n{found.table()}\n{report}")
    sys.exit(0 if found.is_clean else 1)


async def carry_out(plan: Plan) -> Report:
    """The plan on servers of its own."""
    kind = servers.chosen()
    with tempfile.TemporaryDirectory() as directory, servers.store(kind, Path(directory)) as uri:
        broker = await brokers.start(kind, Path(directory))
        try:
            run = Run(plan, broker, servers.store_version(uri), lambda text: print(text, flush=True))
            return await run.run(uri)
        finally:
            await broker.stop()


if __name__ == "__main__":
    typer.run(main)
