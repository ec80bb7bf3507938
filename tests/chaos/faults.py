"""The faults of a chaos run, one function each; every one confirms that it happened and that the system came round."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts.topics import FACT_TOPICS
from shared.messaging import dead_letters
from shared.messaging.admin import BROKER_ERRORS, cluster_id
from shared.messaging.codec import record_headers
from shared.messaging.producer import open_producer, partition_of
from shared.outbox.sequences import Sequences
from tests.chaos.relay import POISON
from tests.chaos.scene import ChaosWorker, Scene
from tests.integration.worker_rig import STATE, assignments, records_of, shared_by, until

LONGEST_STRETCH: Final = 400
STRETCHES: Final = 5

Fault = Callable[[Scene], Awaitable[str]]
"""Does harm and returns what it saw of it. Raises: Unconfirmed, or TimeoutError where the system did not come round."""


class Unconfirmed(Exception):
    """A fault that did not happen as it should have: it would count for nothing."""


def confirm(happened: bool, what: str) -> None:
    if not happened:
        raise Unconfirmed(what)


async def kill_worker(scene: Scene) -> str:
    worker = scene.rng.choice(scene.workers)
    await worker.kill()
    confirm(worker.returncode == -signal.SIGKILL, f"{worker.name} ended with {worker.returncode}")
    return await _start_again(worker)


async def kill_worker_between_records_and_heads(scene: Scene) -> str:
    worker = scene.rng.choice(scene.workers)
    worker.signal(signal.SIGUSR2)
    await worker.ended()
    confirm(worker.returncode == -signal.SIGKILL, f"{worker.name} ended with {worker.returncode}")
    return await _start_again(worker)


async def terminate_worker(scene: Scene) -> str:
    worker = scene.rng.choice(scene.workers)
    code = await worker.terminate()
    confirm(code == 0, f"{worker.name} ended with {code}")
    return await _start_again(worker)


async def pause_worker_past_its_session(scene: Scene) -> str:
    worker = scene.rng.choice(scene.workers)
    worker.signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        await shared_by(*scene.others(worker))  # the group has given its partitions to the others
        lost_s, before = time.monotonic() - began, len(assignments(worker))
    finally:
        worker.signal(signal.SIGCONT)

    async def back() -> bool:
        return len(assignments(worker)) > before

    await until(back, what=f"{worker.name} to get partitions again")
    await shared_by(*scene.workers)
    return f"{worker.name} lost its partitions after {lost_s:.1f} s and came back"


async def restart_broker(scene: Scene) -> str:
    identity = await _identity(scene)
    await scene.broker.restart()
    confirm(await _identity(scene) == identity, "another broker answers")
    positions = scene.accepted.positions
    await scene.caught_up(positions)
    return "away and back with what it held"


async def empty_broker(scene: Scene) -> str:
    positions, restarts = scene.accepted.positions, scene.follower.restarts
    identity, began = await _identity(scene), time.monotonic()
    await scene.broker.replace()
    confirm(await _identity(scene) != identity, "the same broker answers")
    await _begun_anew(scene, restarts)
    await scene.caught_up(positions)
    return f"{sum(positions.values()):,} events published and folded again in {time.monotonic() - began:.1f} s"


async def delete_state_topic(scene: Scene) -> str:
    positions, restarts, began = scene.accepted.positions, scene.follower.restarts, time.monotonic()
    admin = AIOKafkaAdminClient(bootstrap_servers=scene.settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        await admin.delete_topics([STATE.name])
    finally:
        await admin.close()
    await _begun_anew(scene, restarts)
    await scene.caught_up(positions)
    return f"{sum(positions.values()):,} events folded again in {time.monotonic() - began:.1f} s"


async def kill_relay(scene: Scene) -> str:
    await scene.relay.kill()
    confirm(scene.relay.returncode == -signal.SIGKILL, f"the relay ended with {scene.relay.returncode}")
    scene.relay.output.clear()
    await scene.relay.start()
    await scene.relay.ready()
    await scene.caught_up(scene.accepted.positions)
    return "another relay publishes all topics"


async def send_again(scene: Scene) -> str:
    dropped, sent = await _dropped(scene), 0
    producer = await open_producer(scene.settings)
    try:
        for _ in range(STRETCHES):
            (topic, unit), head = scene.rng.choice(sorted(scene.follower.view.heads.items()))
            after = scene.rng.randrange(head.position)
            entries = await Sequences(scene.outbox.store, topic).page(unit, after)
            records = [value for entry in entries for value in entry.records]
            values = records[: min(head.position - after, LONGEST_STRETCH)]
            partition = partition_of(unit, scene.settings.kafka_partitions)
            for position, value in enumerate(values, after + 1):
                headers = record_headers(position)
                await producer.send(topic, value, unit.encode(), partition, headers=headers)
            sent += len(values)
        await producer.flush()
    finally:
        await producer.stop()

    async def all_dropped() -> bool:
        return await _dropped(scene) >= dropped + sent

    await until(all_dropped, what=f"{sent} duplicates to be dropped")
    return f"{sent} old records sent again and dropped"


async def poison_record(scene: Scene) -> str:
    known = len(await dead_letters.letters(scene.settings, FACT_TOPICS))
    scene.relay.signal(signal.SIGUSR1)

    async def set_aside() -> list[dead_letters.Letter]:
        return (await dead_letters.letters(scene.settings, FACT_TOPICS))[known:]

    [*letters] = await until(set_aside, what="the poison to be set aside")
    values = [record.value for record in await records_of(scene.settings, f"{letters[0].topic}.dlq")]
    confirm(POISON in values, "another record was set aside")
    await dead_letters.replay(scene.settings, letters)
    await scene.caught_up(scene.accepted.positions)
    return f"{letters[0].topic}/{letters[0].unit}/{letters[0].position} set aside, sent again, and whole"


async def scale_workers(scene: Scene) -> str:
    """Out to three workers where there are two, else in to two."""
    if scene.spare not in scene.workers:
        scene.spare.output.clear()
        await scene.spare.start()
        scene.workers.append(scene.spare)
        await shared_by(*scene.workers)
        return "out: three workers share the partitions"
    scene.workers.remove(scene.spare)
    code = await scene.spare.terminate()
    confirm(code == 0, f"{scene.spare.name} ended with {code}")
    await shared_by(*scene.workers)
    return "in: two workers share the partitions"


FAULTS: Final[Mapping[str, Fault]] = {
    "SIGKILL of a worker": kill_worker,
    "SIGKILL between records and heads": kill_worker_between_records_and_heads,
    "SIGTERM of a worker": terminate_worker,
    "SIGSTOP past the session, SIGCONT": pause_worker_past_its_session,
    "broker restarted": restart_broker,
    "broker emptied": empty_broker,
    "state topic deleted": delete_state_topic,
    "relay killed": kill_relay,
    "duplicates": send_again,
    "poison": poison_record,
    "workers scaled": scale_workers,
}
WIPING: Final = frozenset({"broker emptied", "state topic deleted"})
"""Afterwards every figure has been folded anew: what was wrong before has to be found before."""


async def _start_again(worker: ChaosWorker) -> str:
    worker.output.clear()
    await worker.start()
    await worker.ready()
    confirm(bool(assignments(worker)), f"{worker.name} has no partitions")
    return f"{worker.name} recovered {assignments(worker)[-1]} partitions"


async def _identity(scene: Scene) -> str:
    async def told() -> str | None:
        try:
            return await cluster_id(scene.settings)
        except BROKER_ERRORS:
            return None

    return str(await until(told, what="the broker to tell its identity"))


async def _begun_anew(scene: Scene, restarts: int) -> None:
    async def anew() -> bool:
        return scene.follower.restarts > restarts

    await until(anew, what="the state to begin anew")


async def _dropped(scene: Scene) -> float:
    told = await asyncio.gather(*(worker.metric("pulse_worker_dropped_total") for worker in scene.workers))
    return sum(told)
