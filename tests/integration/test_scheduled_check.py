"""The self-check as workers start it, on a real broker and store: one at a time, and none that dies is the last."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.stats.generations.checking import LEASE
from services.stats.settings import DATABASE
from shared.outbox.names import LEASES
from shared.settings import Settings
from shared.store.client import Store
from tests.integration.check_launcher import BEGINS, GATE
from tests.integration.ledger_rig import settings_of
from tests.integration.worker_rig import Log, State, WorkerProcess, patrol, shared_by, until, wiped

REFUSED = "another one folds everything anew at the moment"
COMPARED = "everything was folded a second time"
DONE = "the self-check of today is done"


class CheckingWorker(WorkerProcess):
    """A worker whose hour of the self-check begins every few seconds."""

    def __init__(self, settings: Settings, gate: Path, *, instance: str, guard: str | None) -> None:
        super().__init__(settings, instance=instance, sabotage=f"check-often{'-' + guard if guard else ''}")
        self._environment |= {
            "MONGODB_URI": settings.mongodb_uri.get_secret_value(),
            "PULSE_SELF_CHECK_HOUR": "3",
            GATE: str(gate),
        }

    def told(self, text: str) -> list[str]:
        return [line for line in self.output if text in line]

    @property
    def begun(self) -> list[int]:
        """The processes of its checks that the lease has let through."""
        return [int(line.removeprefix(BEGINS)) for line in self.told(BEGINS)]


@asynccontextmanager
async def two_workers(settings: Settings, gate: Path, guard: str | None = None) -> AsyncIterator[list[CheckingWorker]]:
    async with (
        CheckingWorker(settings, gate, instance="a", guard=guard) as first,
        CheckingWorker(settings, gate, instance="b", guard=guard) as second,
    ):
        yield [first, second]
        await asyncio.gather(first.terminate(), second.terminate())  # and with them their checks


@pytest.fixture
async def settings(kafka_bootstrap: str, store_uri: str) -> Settings:
    settings = settings_of(kafka_bootstrap, store_uri)
    await wiped(settings)
    store = Store.open(store_uri, DATABASE)
    await store.collection(LEASES).delete_one({"_id": LEASE})
    store.close()
    return settings


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


async def told(condition: Callable[[], object], what: str) -> None:
    async def look() -> object:
        return condition()

    await until(look, what=what)


def begun(workers: list[CheckingWorker]) -> list[int]:
    return [process for worker in workers for process in worker.begun]


def compared(workers: list[CheckingWorker]) -> list[str]:
    return [line for worker in workers for line in worker.told(COMPARED)]


@pytest.mark.parametrize("guard", [None, "no-lease"])
async def test_of_two_workers_one_checks_at_a_time_but_for_the_lease(
    settings: Settings, log: Log, gate: Path, guard: str | None
) -> None:
    await log.publish([patrol(index) for index in range(120)])

    async with two_workers(settings, gate, guard) as workers:
        first, second = workers
        # Each has begun or was refused, and the gate is shut: whatever began is under way still.
        await told(lambda: all(each.begun or each.told(REFUSED) for each in workers), "both to have tried")
        at_once = len(begun(workers))
        await shared_by(first, second)
        async with State(settings) as state:
            await state.complete(log)
        gate.touch()
        await told(lambda: compared(workers), "a comparison")
        await told(lambda: first.told(DONE) or second.told(DONE), "a start later on the same day")

    assert (at_once == 1) == (guard is None)
    assert '"outcome":"agrees"' in compared(workers)[0]


async def test_a_check_that_dies_lets_the_next_one_run(settings: Settings, log: Log, gate: Path) -> None:
    await log.publish([patrol(index) for index in range(120)])

    async with two_workers(settings, gate) as workers:
        await told(lambda: begun(workers), "a check")
        [dying] = begun(workers)
        os.kill(dying, signal.SIGKILL)
        await told(lambda: len(begun(workers)) == 2, "the next check")
        await shared_by(*workers)
        async with State(settings) as state:
            await state.complete(log)
        gate.touch()
        await told(lambda: compared(workers), "a comparison")

    assert '"outcome":"agrees"' in compared(workers)[0]
    assert len(begun(workers)) == len(set(begun(workers)))
