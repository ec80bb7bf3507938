"""What tests of the stats worker share: a log as relays write it, workers as processes, and an oracle of figures."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import httpx
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from services.stats.generations.rules import rules_of
from services.stats.panes import Head, Snapshot, newest
from shared.contracts.base import Event
from shared.contracts.patrols import PatrolChange, PatrolCompleted, PatrolCorrected, PatrolFacts, PatrolKind
from shared.contracts.stats import Tier
from shared.contracts.topics import FACT_TOPICS, PANES, PATROLS, REGISTRY, Topic, state_topic, topic_of
from shared.messaging.admin import ensure_topics
from shared.messaging.codec import record_headers
from shared.messaging.producer import open_producer, partition_of
from shared.settings import Settings
from tests import servers

ROOT = Path(__file__).parents[2]
LAUNCHER = Path(__file__).with_name("worker_launcher.py")
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
PARTITIONS = 12
ALL_PARTITIONS = PARTITIONS * len(FACT_TOPICS)
PATIENCE_S = 120.0  # a worker joins its group within ten seconds; a busy machine may take its time
# Units of today's Hanoi: each figure stays in the unit that its event names.
UNITS = ("00004", "00070", "00082", "00091", "00103", "00118", "00127", "00145", "00160", "00166", "00175", "00190")
GENERATION = rules_of(Settings()).generation
STATE = state_topic(GENERATION)
NOON = datetime.now(UTC).replace(hour=5, minute=0, second=0, microsecond=0) - timedelta(days=1)

members_come_back = pytest.mark.skipif(
    servers.chosen() == "embedded",
    reason="Tansu 0.6 rebalances a group for ever once two members have come back to it under their static ids; two "
    "plain aiokafka consumers see it too, so several workers want Apache Kafka",
)

Figures = Counter[tuple[str, str, str]]
"""(unit, metric, local day) -> amount."""


async def until(condition: Callable[[], Awaitable[Any]], *, within_s: float = PATIENCE_S, what: str = "") -> Any:
    """The first true answer. Raises: TimeoutError with the last one."""
    deadline = time.monotonic() + within_s
    answer = await condition()
    while not answer:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what or condition} did not come true within {within_s} s")
        await asyncio.sleep(0.05)
        answer = await condition()
    return answer


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def patrol(index: int, *, unit: str | None = None) -> PatrolCompleted:
    """The index-th patrol of a made-up day: units in turn, ten seconds apart, two to five participants."""
    at = NOON + timedelta(seconds=10 * index % 86_400)
    facts = PatrolFacts(kind=PatrolKind.SECURITY, teams=1, participants=2 + index % 4, started_at=at, completed_at=at)
    change = PatrolChange(was=None, is_=facts)
    return PatrolCompleted(
        time=at, subject=f"patrol-{index}", partitionkey=unit or UNITS[index % len(UNITS)], data=change
    )


def corrected(event: PatrolCompleted, *, participants: int) -> PatrolCorrected:
    """The correction of a patrol's participants, with its facts before and after."""
    was = event.data.is_
    assert was is not None
    now = was.model_copy(update={"participants": participants})
    return PatrolCorrected(
        time=event.time, subject=event.subject, partitionkey=event.partitionkey, data=PatrolChange(was=was, is_=now)
    )


def oracle(events: Iterable[Event]) -> Figures:
    """Patrols and participant turns by a fold of its own: f(is) - f(was), in the day of the completion."""
    figures: Figures = Counter()
    for event in events:
        for facts, sign in ((event.data.was, -1), (event.data.is_, 1)):
            if facts is None or facts.completed_at is None:
                continue
            day = facts.completed_at.astimezone(ZONE).date().isoformat()
            figures[event.partitionkey, "patrols_completed", day] += sign
            figures[event.partitionkey, "participant_turns", day] += sign * facts.participants
    return +figures


@dataclass
class Log:
    """The fact topics as relays fill them: every unit's events numbered without holes, at least once."""

    settings: Settings
    producer: AIOKafkaProducer
    lineage: str = "lineage-of-the-tests"
    positions: Counter[tuple[str, str]] = field(default_factory=Counter)
    records: dict[tuple[str, str, int], bytes] = field(default_factory=dict)

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        await ensure_topics(settings, [*REGISTRY, STATE])
        return cls(settings, await open_producer(settings))

    async def close(self) -> None:
        await self.producer.stop()

    def number(self, events: Iterable[Event]) -> list[tuple[str, str, int]]:
        """Give the events their positions without sending them."""
        placed = []
        for event in events:
            key = topic_of(event.type).name, event.partitionkey
            self.positions[key] += 1
            at = (*key, self.positions[key])
            self.records[at] = event.record(position=at[2], lineage=self.lineage, recorded_at=datetime.now(UTC))
            placed.append(at)
        return placed

    async def send(self, places: Iterable[tuple[str, str, int]], *, values: Mapping[Any, bytes] | None = None) -> None:
        """Publish what stands at these places, or something else instead of it."""
        sent = []
        for topic, unit, position in places:
            value = (values or {}).get((topic, unit, position), self.records.get((topic, unit, position)))
            sent.append(
                await self.producer.send(
                    topic,
                    key=unit.encode(),
                    value=value,
                    headers=record_headers(position),
                    partition=partition_of(unit, PARTITIONS),
                )
            )
        for one in sent:
            await one

    async def publish(self, events: Iterable[Event]) -> list[tuple[str, str, int]]:
        """Number the events and send them."""
        places = self.number(events)
        await self.send(places)
        return places


class WorkerProcess:
    """A worker as it runs in production: `python -m services.stats worker`, or a sabotaged one."""

    def __init__(self, settings: Settings, *, instance: str = "a", sabotage: str | None = None) -> None:
        self.port = free_port()
        command = [str(LAUNCHER), sabotage] if sabotage else ["-m", "services.stats", "worker"]
        self._command = [sys.executable, *command]
        self._environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
            "PULSE_KAFKA_PARTITIONS": str(PARTITIONS),
            "PULSE_WORKER_METRICS_PORT": str(self.port),
            # A worker of another test that was killed stays in its group for the session's length.
            "PULSE_WORKER_GROUP": f"stats-worker-{os.getpid()}-{id(settings)}",
            "PULSE_WORKER_INSTANCE": instance,
            "PYTHONPATH": str(ROOT),
        }
        self._process: asyncio.subprocess.Process | None = None
        self.output: list[str] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        assert self._process is not None
        return self._process.returncode

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._command, env=self._environment, cwd=ROOT, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, limit=2**20,
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read())

    async def ready(self, within_s: float = PATIENCE_S) -> None:
        await until(self._is_ready, within_s=within_s, what="the worker's readiness")

    async def kill(self) -> None:
        """SIGKILL: nothing runs any more in the process."""
        if self.returncode is None:
            os.kill(self.pid, signal.SIGKILL)
        await self.ended()

    async def terminate(self) -> int:
        os.kill(self.pid, signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        assert self._process is not None
        code = await asyncio.wait_for(self._process.wait(), PATIENCE_S)
        await self._reading
        return code

    async def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that carry these labels."""
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://127.0.0.1:{self.port}/metrics")).text
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        lines = [line for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(line.rpartition(" ")[2]) for line in lines if all(label in line for label in wanted))

    async def _is_ready(self) -> bool:
        if self.returncode is not None:
            raise RuntimeError("the worker has ended:\n" + "\n".join(self.output[-30:]))
        try:
            async with httpx.AsyncClient() as client:
                answer = await client.get(f"http://127.0.0.1:{self.port}/health/ready")
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.output.append(line.decode(errors="replace").rstrip())


def assignments(worker: WorkerProcess) -> list[int]:
    """How many partitions the worker had after each rebalance."""
    told = [orjson.loads(line) for line in worker.output if '"partitions assigned"' in line]
    return [line["kept"] + line["recovered"] for line in told]


async def shared_by(*workers: WorkerProcess) -> None:
    """Wait until these workers, and no others, have all partitions between them."""

    async def shared() -> bool:
        last = [assignments(worker)[-1:] for worker in workers]
        return all(last) and sum(map(sum, last)) == ALL_PARTITIONS

    await until(shared, what=f"{len(workers)} workers to share the partitions")


class State:
    """One state as a reader sees it: per partition the newest version of every record."""

    def __init__(self, settings: Settings, topic: Topic = STATE) -> None:
        self._consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap_servers, fetch_max_wait_ms=20)
        self._partitions = [TopicPartition(topic.name, partition) for partition in range(PARTITIONS)]
        self._entries: list[tuple[bytes, bytes | None]] = []

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        self._consumer.assign(self._partitions)
        await self._consumer.seek_to_beginning()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def read(self) -> Snapshot:
        """Everything written so far."""
        while batches := await self._consumer.getmany(*self._partitions, timeout_ms=150):
            for records in batches.values():
                self._entries.extend((record.key, record.value) for record in records)
        return newest(self._entries)

    async def heads(self) -> dict[tuple[str, str], Head]:
        return {(head.topic, head.unit): head for head in (await self.read()).heads.values()}

    async def figures(self, *metrics: str) -> Figures:
        """What the day records say; only of these metrics."""
        found: Figures = Counter()
        for pane in (await self.read()).panes.values():
            if pane.tier is not Tier.DAY:
                continue
            for name, days in pane.series.items():
                metric, _, _unit_today = name.partition("|")
                if metric in metrics:
                    for day, amount in days.items():
                        found[pane.unit, metric, f"{pane.bucket}-{day:02d}"] += amount
        return +found

    async def past(self, events: int) -> None:
        """Wait until the heads vouch for so many events."""

        async def folded() -> bool:
            return sum(head.position for head in (await self.heads()).values()) >= events

        await until(folded, what=f"{events} folded events")

    async def reached(self, positions: Mapping[tuple[str, str], int]) -> bool:
        """Whether the heads stand at these positions."""
        heads = await self.heads()
        return all(key in heads and heads[key].position >= position for key, position in positions.items())

    async def complete(self, log: Log) -> Figures:
        """The figures once every event of the log is folded."""

        async def reached() -> bool:
            return await self.reached(log.positions)

        await until(reached, what="the heads at the end of the log")
        return await self.figures("patrols_completed", "participant_turns")


async def records_of(settings: Settings, topic: str) -> Sequence[Any]:
    """Every record that a topic holds."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap_servers, fetch_max_wait_ms=20)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        found: list[Any] = []
        while batches := await consumer.getmany(*partitions, timeout_ms=250):
            found.extend(record for records in batches.values() for record in records)
        return found
    finally:
        await consumer.stop()


async def wiped(settings: Settings, topics: Sequence[Topic] = REGISTRY) -> None:
    """Leave none of these topics on the broker, and with the one that tells of states none of these."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        names = {topic.name for topic in topics}
        names |= {name for name in await admin.list_topics() if PANES in topics and name.startswith(f"{PANES.name}.")}
        await admin.delete_topics([name for name in await admin.list_topics() if name in names])

        async def gone() -> bool:
            return not names & set(await admin.list_topics())

        await until(gone)
    finally:
        await admin.close()


async def rewrite_with_older(settings: Settings, unit: str) -> tuple[bytes, int]:
    """Do as a paused worker that woke up: put the first version of the unit's day record on top of the log."""
    prefix = f"pane/{PATROLS.name}/{unit}/day/".encode()
    first = next(record for record in await records_of(settings, STATE.name) if record.key.startswith(prefix))
    producer = await open_producer(settings)
    await producer.send_and_wait(STATE.name, key=first.key, value=first.value, partition=first.partition)
    await producer.stop()
    return first.key, json_of(first)["fence"]


def json_of(record: Any) -> Any:
    return orjson.loads(record.value)
