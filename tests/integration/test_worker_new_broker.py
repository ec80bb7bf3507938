"""A broker that comes back empty: the worker notices, begins anew in the same process and folds from zero."""

from pathlib import Path

from deploy.embedded.servers import start_broker
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
