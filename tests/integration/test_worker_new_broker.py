"""A broker that comes back empty: the worker notices, begins anew in the same process and folds from zero."""

import asyncio
from pathlib import Path

import pytest

from deploy.embedded.servers import start_broker
from services.stats.generations.control_topic import PARTITION, ControlTopic
from shared.clock import SystemClock
from shared.contracts.topics import PANES
from shared.messaging.admin import Admin, ensure_topics
from shared.messaging.producer import open_producer
from shared.settings import Settings
from tests.integration.worker_rig import Log, State, WorkerProcess, oracle, patrol


async def test_a_broker_that_lost_everything_is_folded_from_zero_without_anybodys_help(tmp_path: Path) -> None:
    events = [patrol(index) for index in range(600)]
    lost = start_broker(tmp_path)
    settings = Settings(KAFKA_BOOTSTRAP_SERVERS=lost.address)
    log = await Log.open(settings)

    async with WorkerProcess(settings) as worker:
        pid = worker.pid
        places = await log.publish(events[:400])
        async with State(settings) as state:
            assert await state.complete(log) == oracle(events[:400])
        await log.close()
        lost.kill()

        with start_broker(tmp_path, port=lost.port):
            log.producer = (await Log.open(settings)).producer
            await log.send(places)
            await log.publish(events[400:])
            async with State(settings) as state:
                figures = await state.complete(log)
            await log.close()

        assert figures == oracle(events)
        assert (worker.pid, worker.returncode) == (pid, None)
        assert any("starting over" in line for line in worker.output)


async def test_whoever_waits_for_a_record_in_vain_goes_on_once_the_topic_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = start_broker(tmp_path)
    settings = Settings(KAFKA_BOOTSTRAP_SERVERS=lost.address)
    await ensure_topics(settings, [PANES])
    producer = await open_producer(settings)
    lost.kill()
    with start_broker(tmp_path, port=lost.port), monkeypatch.context() as careless:
        await producer.send_and_wait(PANES.name, b"for a topic that is not there", partition=PARTITION)
        await producer.stop()
        careless.setattr(Admin, "_counted_in_vain", _nothing_counted)
        await ensure_topics(settings, [PANES])
        states = ControlTopic(settings, SystemClock())
        opening = asyncio.create_task(states.open())
        waits = not (await asyncio.wait([opening], timeout=3))[0]

        admin = Admin(settings)
        await admin.delete_topics([PANES.name])
        await ensure_topics(settings, [PANES])
        async with asyncio.timeout(20):
            control = await opening
        await states.close()
        await admin.close()

    assert waits
    assert control.pointer is None


async def _nothing_counted(*_: object) -> set[str]:
    return set()
