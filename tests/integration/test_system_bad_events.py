"""The whole system on the broker of this run: shared work, unreadable and unknown events, and a database made anew."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import orjson
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from deploy.embedded.servers import start_broker
from shared.clock import SystemClock
from shared.contracts import topics
from shared.contracts.patrols import PatrolChange, PatrolCompleted, PatrolEvent, PatrolFacts, PatrolKind
from shared.contracts.topics import PATROLS, dead_letters_of
from shared.messaging.producer import open_producer
from shared.outbox.entries import Outbox
from shared.outbox.topic_relay import Parts
from shared.settings import Settings
from shared.store.client import Session
from tests.integration.system_rig import SecondWorker, System
from tests.integration.system_writer import Writer
from tests.integration.worker_rig import records_of, until, wiped

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON_S = 60.0
UNIT, OTHER = "00070", "00082"
DONE, TURNS = "patrols_completed", "participant_turns"
GARBAGE = b"\xff no event"
PARTICIPANTS = 3


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    await wiped(Settings(KAFKA_BOOTSTRAP_SERVERS=kafka_bootstrap))
    directory = tmp_path_factory.mktemp("system")
    async with System.running(directory, KAFKA_BOOTSTRAP_SERVERS=kafka_bootstrap) as system:
        yield system


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def writer(system: System) -> AsyncIterator[Writer]:
    async with system.services() as services:
        yield Writer(services, seed=1945)


async def test_of_two_workers_one_is_killed_and_comes_back(system: System, writer: Writer) -> None:
    async with SecondWorker(system) as second, writer.at_work():
        await second.ready()
        await second.kill()
        await system.exact(within_s=SOON_S)

        await second.start()
        await second.ready()
        await system.exact(within_s=SOON_S)

    await system.exact(within_s=SOON_S)
    assert await system.totals([*writer.promised]) == writer.promised


async def test_an_unreadable_event_is_set_aside_and_its_unit_is_whole_again_after_a_replay(
    system: System, writer: Writer
) -> None:
    here, there = await system.total(DONE, UNIT), await system.total(DONE, OTHER)

    async with system.relaying_instead("patrols", PATROLS, Parts(producer=garbling(UNIT))):
        await writer.patrol(UNIT)
        await writer.patrol(OTHER)
        await until(lambda: incomplete(system, UNIT), within_s=SOON_S, what="the unit to be told as incomplete")
        await until(lambda: stands(system, OTHER, there + 1), within_s=SOON_S, what="the other unit")

        rows = (await system.get("stats", "/v1/figures", city="01", window="day"))["rows"]
        assert [rows[unit]["incomplete"] for unit in (UNIT, OTHER)] == [True, False]
        assert await system.total(DONE, UNIT) == here
        assert (await system.verify()).code == 1

    [letter] = await records_of(system.settings, dead_letters_of(PATROLS).name)
    headers = dict(letter.headers)
    assert (letter.key, letter.value) == (UNIT.encode(), GARBAGE)
    assert headers["reason"]
    assert headers["origin-topic"] == PATROLS.name.encode()

    code, output = await system.command("shared.messaging.dead_letters", "replay", "--unit", UNIT)

    assert code == 0, output
    assert "1 of 1 asked for" in output
    await until(lambda: incomplete(system), within_s=SOON_S, what="the unit to be whole again")
    assert await system.total(DONE, UNIT) == here + 1
    await system.exact(within_s=SOON_S)


async def test_events_of_a_newer_release_are_tolerated(
    system: System, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(topics._TOPIC_OF, PatrolPraised.event_type(), PATROLS)
    done, turns = await system.total(DONE, UNIT), await system.total(TURNS, UNIT)

    await commit(system, PatrolPraised(**of_now()), NewerPatrolCompleted(**of_now()))
    await writer.patrol(UNIT, participants=4)

    await until(lambda: stands(system, UNIT, done + 2), within_s=SOON_S, what="both patrols")
    assert await system.total(TURNS, UNIT) == turns + PARTICIPANTS + 4
    assert await incomplete(system)
    await system.exact(within_s=SOON_S)


async def test_a_fresh_database_under_an_old_log_stops_the_fold_and_says_so(tmp_path: Path) -> None:
    with start_broker(tmp_path) as broker:
        told = {"KAFKA_BOOTSTRAP_SERVERS": broker.address, "PULSE_WORKER_INSTANCE": "the-worker"}
        async with System.running(tmp_path / "first", **told) as first:
            async with first.services() as services:
                await Writer(services, seed=1).patrol(UNIT)
            await first.exact(within_s=SOON_S)

        async with System.starting(tmp_path / "second", **told) as second:
            async with second.services() as services:
                await Writer(services, seed=2).patrol(UNIT)
            said = await until(
                lambda: notice(second, "fold has stopped"), within_s=SOON_S, what="a word in the terminal"
            )
            await until(lambda: is_behind(second, PATROLS.name), within_s=SOON_S, what="freshness to tell it as well")

    assert "stats-worker" in said
    assert "database was replaced under an unchanged log" in said


class PatrolPraised(PatrolEvent):
    """A type that this release has never heard of."""

    type: Literal["patrol.praised.v1"] = "patrol.praised.v1"


class NewerPatrolCompleted(PatrolCompleted):
    """A known type of a later minor version, which says more than this one knows."""

    def record(self, **numbered: Any) -> bytes:
        event = orjson.loads(super().record(**numbered))
        event["data"]["is"]["weather"] = "rain"
        event["data"]["because"] = {"festival": True}
        return orjson.dumps(event | {"sampledrate": 1})


def of_now() -> dict[str, Any]:
    now = datetime.now(UTC)
    facts = PatrolFacts(kind=PatrolKind.SECURITY, teams=1, participants=PARTICIPANTS, started_at=now, completed_at=now)
    return {
        "time": now,
        "subject": "of-a-newer-release",
        "partitionkey": UNIT,
        "data": PatrolChange(was=None, is_=facts),
    }


async def commit(system: System, *events: PatrolEvent) -> None:
    """Commit events to the outbox of the patrols service as another release of it would."""

    async def nothing_else(_: Session) -> None: ...

    store = system.store("patrols")
    outbox = Outbox(store, clock=SystemClock(), topics=[PATROLS])
    await outbox.open()
    await outbox.commit(events, nothing_else)
    store.close()


def garbling(unit: str) -> Callable[[Settings], Awaitable[AIOKafkaProducer]]:
    """A producer that spoils every record of one unit on its way."""

    async def open_garbling(settings: Settings) -> AIOKafkaProducer:
        producer = await open_producer(settings)
        send = producer.send

        async def garbled(topic: str, value: bytes, key: bytes, partition: int, **more: Any) -> Any:
            return await send(topic, GARBAGE if key == unit.encode() else value, key, partition, **more)

        producer.send = garbled
        return producer

    return open_garbling


async def stands(system: System, unit: str, patrols: int) -> bool:
    return await system.total(DONE, unit) == patrols


async def incomplete(system: System, *units: str) -> bool:
    """Whether these units, and no others, are told as incomplete."""
    return bool((await system.freshness())["incomplete_units"] == [*units])


async def is_behind(system: System, topic: str) -> bool:
    return any(told["behind"] > 0 for told in (await system.freshness())["topics"] if told["topic"] == topic)


async def notice(system: System, word: str) -> str | None:
    return next((line for line in system.notices.lines if word in line), None)
