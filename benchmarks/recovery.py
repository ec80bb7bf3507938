"""How long figures stand still when worker and API are killed: `python -m benchmarks.recovery`.

A year of made-up work of some communes goes onto a broker, as relays write it, and is folded. Then, some times over,
events arrive, worker and API are ended with SIGKILL in the middle of them, and started again. The worker is exact once
its heads stand at the end of the log; its time runs from the moment the group gave it its partitions.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from deploy.embedded.memory import resident_mb
from shared.places import places
from shared.settings import Settings
from tests import servers
from tests.chaos.soak import ApiProcess, beat
from tests.chaos.stories import Chance, Stories
from tests.integration.worker_rig import Log, State, WorkerProcess, until

YEAR_S: Final = 365 * 86_400
AT_ONCE: Final = 5_000
ARRIVING: Final = 2_000
WINDOW: Final = "PT24H"
GOALS_S: Final = {126: 2.0, 3_321: 10.0}
PATIENCE_S: Final = 900.0


class Recovery:
    """A log, and a worker and an API that are killed over it."""

    def __init__(self, log: Log, state: State, worker: WorkerProcess, api: ApiProcess, units: list[str]) -> None:
        self._log = log
        self._state = state
        self._worker = worker
        self._api = api
        self._now = datetime.now(UTC)
        self._stories = Stories(Chance(random.Random(1), units, self._within_a_year), name="r")

    async def publish(self, count: int) -> None:
        """Put so many more events on the log."""
        events = [event for _ in range(count) for event in self._stories.next(self._now)]
        for start in range(0, len(events), AT_ONCE):
            await self._log.publish(events[start : start + AT_ONCE])
            self._log.records.clear()  # nothing is sent again here

    async def folded(self) -> None:
        """Wait until the heads stand at the end of the log."""
        await until(lambda: self._state.reached(self._log.positions), within_s=PATIENCE_S, what="the end of the log")

    async def worker_killed(self) -> dict[str, float]:
        """Seconds from the kill, and from the assignment, until the figures are exact again."""
        publishing = asyncio.create_task(self.publish(ARRIVING))
        await self._worker.kill()
        await publishing
        self._worker.output.clear()
        began = time.time()
        await self._worker.start()
        await self.folded()
        exact = time.time()
        assigned = self._assigned_at()
        return {
            "from_start_s": exact - began,
            "from_assignment_s": exact - assigned,
            "mb": resident_mb(self._worker.pid),
        }

    async def api_killed(self) -> dict[str, float]:
        """Seconds from the start until the first table."""
        await self._api.kill()
        began = time.time()
        await self._api.start()
        await self._api.ready()
        await self._api.ask(WINDOW)
        return {"from_start_s": time.time() - began, "mb": resident_mb(self._api.pid)}

    def _assigned_at(self) -> float:
        """When the group gave the partitions: the worker tells how long ago that was once it has recovered."""
        told = next(orjson.loads(line) for line in self._worker.output if '"partitions assigned"' in line)
        return datetime.fromisoformat(told["timestamp"]).timestamp() - float(told["took_s"])

    @staticmethod
    def _within_a_year(rng: random.Random, now: datetime) -> datetime:
        return now - timedelta(seconds=rng.uniform(0, rng.choice((YEAR_S, 62 * 86_400, 3 * 86_400))))


async def measure(units: int, events: int, rounds: int) -> dict[str, Any]:
    """The rounds of one state."""
    kind, known = servers.chosen(), places()
    cities = ["01"] if units <= 126 else [city.code for city in known.cities()]
    codes = [unit.code for city in cities for unit in known.communes_of(city)]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with servers.broker(kind, directory) as address, servers.store(kind, directory) as uri:
            settings = Settings(KAFKA_BOOTSTRAP_SERVERS=address)
            log = await Log.open(settings)
            api = ApiProcess(settings, keys=directory / "keys", store_uri=uri)
            async with State(settings) as state, WorkerProcess(settings) as worker, api:
                recovery = Recovery(log, state, worker, api, codes)
                beating = asyncio.create_task(beat(log))
                await recovery.publish(events * len(codes))
                await recovery.folded()
                runs = [(await recovery.worker_killed(), await recovery.api_killed()) for _ in range(rounds)]
                beating.cancel()
            await log.close()
    result: dict[str, Any] = {"units": len(codes), "events": sum(log.positions.values()), "broker": kind}
    for name, of_process in zip(("worker", "api"), zip(*runs, strict=True), strict=True):
        result[name] = {key: round(statistics.median(run[key] for run in of_process), 2) for key in of_process[0]}
    return result


def main(
    units: Annotated[int, typer.Option(help="126 (the city) or 3,321 (the country)")] = 126,
    events: Annotated[int, typer.Option(help="of the year before, for each commune")] = 400,
    rounds: Annotated[int, typer.Option(help="kills of each process")] = 3,
    report: Annotated[Path, typer.Option(help="where the report goes")] = Path("build/recovery.json"),
) -> None:
    """Exit code 1 if the goal for so many units is missed."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # topics that were just made have no leader yet
    result = asyncio.run(measure(units, events, rounds))
    goal_s = GOALS_S.get(result["units"])
    met = goal_s is None or result["worker"]["from_assignment_s"] <= goal_s
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps(result | {"goal_s": goal_s, "met": met}, indent=2))
    print(f"{json.dumps(result)}\ngoal: {goal_s} s from assignment to exact: {'met' if met else 'missed'}; {report}")
    sys.exit(not met)


if __name__ == "__main__":
    typer.run(main)
