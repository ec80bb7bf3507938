"""The whole system on the embedded servers, under continuous writing: whatever dies, it comes right by itself."""

from collections.abc import AsyncIterator
from random import Random

import httpx
import orjson
import pytest
import pytest_asyncio

from shared.messaging.codec import record_headers
from shared.messaging.producer import open_producer, partition_of
from tests.integration.system_rig import Json, System
from tests.integration.system_writer import Writer
from tests.integration.worker_rig import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON_S = 60.0
REBUILT_S = 180.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    async with System.running(tmp_path_factory.mktemp("system")) as system:
        yield system


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def writer(system: System) -> AsyncIterator[Writer]:
    async with system.services() as services:
        writer = Writer(services, seed=20250701)
        await writer.launch_campaign()
        await writer.write(stories=40)
        yield writer


@pytest.mark.parametrize("victim", ["stats-worker", "stats", "patrols", "tips", "awards", "store"])
async def test_after_the_death_of_a_process_the_figures_come_right(system: System, writer: Writer, victim: str) -> None:
    async with writer.at_work():
        await more_is_written(writer)
        await system.kill(victim)

        await system.exact(within_s=SOON_S)

    await everything_promised_is_there(system, writer)


async def test_a_broker_that_comes_back_empty_is_filled_again_while_the_last_figures_are_served(
    system: System, writer: Writer
) -> None:
    seen: list[Json] = []
    async with writer.at_work():
        await more_is_written(writer)
        before = await served(system)
        await system.kill("broker")
        await system.status("rebuilding", within_s=SOON_S)

        async def rebuilt() -> bool:
            seen.append(await served(system))
            return bool(seen[-1]["state"]["status"] == "live")

        await until(rebuilt, within_s=REBUILT_S, what="live figures")
        await system.exact(within_s=SOON_S)

    rebuilding = [table for table in seen if table["state"]["status"] == "rebuilding"]
    assert rebuilding
    assert all(contains(table, before) for table in seen)
    assert any(0 <= table["state"]["progress"] < 1 for table in rebuilding if table["state"]["progress"] is not None)
    await everything_promised_is_there(system, writer)


async def test_events_that_come_again_in_any_order_change_nothing(system: System, writer: Writer) -> None:
    figures = await system.totals([*writer.promised])
    journal = await system.journal()
    again = Random(1).sample(journal, k=len(journal) * 3 // 10)
    dropped = await system.metric("worker_metrics", "pulse_worker_dropped_total")

    await publish_again(system, again)

    async def all_dropped() -> bool:
        return await system.metric("worker_metrics", "pulse_worker_dropped_total") >= dropped + len(again)

    await until(all_dropped, within_s=SOON_S, what="the worker to drop what it knows")
    await system.exact(within_s=SOON_S)
    assert await system.totals([*writer.promised]) == figures == writer.promised


async def test_another_start_shows_the_last_figures_and_makes_them_exact(system: System, writer: Writer) -> None:
    figures = await system.totals([*writer.promised])

    assert await system.stop() <= 20
    await system.start()

    async def answered() -> Json | None:
        try:
            return await served(system)
        except httpx.TransportError:
            return None

    first = await until(answered, within_s=SOON_S, what="figures")
    assert first["state"]["status"] == "rebuilding"
    assert await system.totals([*writer.promised]) == figures

    await system.status("live", within_s=REBUILT_S)
    await system.exact(within_s=SOON_S)
    assert await system.totals([*writer.promised]) == figures == writer.promised


async def more_is_written(writer: Writer) -> None:
    told = writer.stories

    async def more() -> bool:
        return writer.stories > told + 10

    await until(more, within_s=SOON_S, what="ten more stories")


async def everything_promised_is_there(system: System, writer: Writer) -> None:
    """What callers were told is done, counted by hand: neither lost nor there twice."""

    async def there() -> bool:
        return await system.totals([*writer.promised]) == writer.promised

    await until(there, within_s=SOON_S, what=f"figures {writer.promised}")


async def served(system: System) -> Json:
    return await system.get("stats", "/v1/figures", city="01", window="year", positions="true")


def contains(table: Json, before: Json) -> bool:
    """Whether a table has all events that an earlier one had."""
    return all(
        table["positions"].get(topic, {}).get(unit, 0) >= position
        for topic, units in before["positions"].items()
        for unit, position in units.items()
    )


async def publish_again(system: System, events: list[tuple[str, str, Json]]) -> None:
    """Put records of the journals on the bus once more."""
    producer = await open_producer(system.settings)
    try:
        for topic, unit, event in events:
            partition = partition_of(unit, system.settings.kafka_partitions)
            value, headers = orjson.dumps(event), record_headers(event["position"])
            await producer.send(topic, value, unit.encode(), partition, headers=headers)
        await producer.flush()
    finally:
        await producer.stop()
