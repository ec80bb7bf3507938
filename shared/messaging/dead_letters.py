"""Records that a consumer could not read: set aside with reason and origin, listed, and replayed.

A record of a fact topic is repaired by its owner, whose journal holds every event as it was committed. To replay a
dead letter is therefore to ask the owner's relay on `outbox.resend.v1` to publish the unit again from the position
before it: the consumer takes the positions that it lacks and drops the others.

    python -m shared.messaging.dead_letters list    [--topic tips.v1] [--unit 00070]
    python -m shared.messaging.dead_letters replay  [--topic tips.v1] [--unit 00070]

Replaying twice is harmless. A letter that names no unit or no position cannot be replayed, and says so: it never was an
event of an owner.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from aiokafka import AIOKafkaProducer

from shared.contracts.base import UNIT_PATTERN
from shared.contracts.outbox import ResendRequest
from shared.contracts.topics import FACT_TOPICS, RESEND, Topic, dead_letters_of, topic_named
from shared.messaging.admin import BROKER_ERRORS, cluster_id
from shared.messaging.codec import Record, position_of
from shared.messaging.consumer import read_all
from shared.messaging.producer import open_producer, partition_of
from shared.settings import Settings
from shared.telemetry.metrics import DEAD_LETTERS

REQUESTED_BY: Final = "dead-letters"
REASON_BYTES: Final = 500
_ORIGIN: Final = ("reason", "consumer", "origin-topic", "origin-partition", "origin-offset")


class DeadLetters:
    """Sets records aside on `<topic>.dlq`, as they came."""

    def __init__(self, settings: Settings, *, consumer: str) -> None:
        self._settings = settings
        self._consumer = consumer
        self._producer: AIOKafkaProducer | None = None

    async def send(self, record: Record, reason: str) -> None:
        """Return once the broker has the letter. Raises: one of BROKER_ERRORS; send it again then."""
        if self._producer is None:
            self._producer = await open_producer(self._settings)
        told = (reason, self._consumer, record.topic, record.partition, record.offset)
        origin = [(name, str(value).encode()[:REASON_BYTES]) for name, value in zip(_ORIGIN, told, strict=True)]
        acknowledged = await self._producer.send(
            dead_letters_of(topic_named(record.topic)).name,
            record.value,
            record.key,
            record.partition,
            headers=[*origin, *(header for header in record.headers if header[0] not in _ORIGIN)],
        )
        await acknowledged
        DEAD_LETTERS.labels(record.topic).inc()

    async def close(self) -> None:
        if self._producer is not None:
            await self._producer.stop()


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter, as far as it tells about itself."""

    set_aside: datetime
    topic: str
    unit: str | None
    position: int | None
    reason: str
    origin: str

    @classmethod
    def of(cls, record: Record) -> "Letter":
        told = {name: value.decode(errors="replace") for name, value in record.headers}
        key = (record.key or b"").decode(errors="replace")
        topic = told.get("origin-topic", record.topic.removesuffix(".dlq"))
        return cls(
            set_aside=datetime.fromtimestamp(record.timestamp / 1000, UTC),
            topic=topic,
            unit=key if re.fullmatch(UNIT_PATTERN, key) else None,
            position=position_of(record.headers) or None,
            reason=told.get("reason", ""),
            origin=f"{topic}/{told.get('origin-partition', '?')}@{told.get('origin-offset', '?')}",
        )


async def letters(settings: Settings, topics: Sequence[Topic]) -> list[Letter]:
    """All dead letters of these topics, oldest first. Raises: Unavailable without a broker."""
    found = map(Letter.of, await read_all(settings, [dead_letters_of(topic) for topic in topics]))
    return sorted(found, key=lambda letter: (letter.set_aside, letter.origin))


async def replay(settings: Settings, chosen: Sequence[Letter]) -> list[Letter]:
    """Ask the owners for the events behind these letters; those that could be asked for."""
    lowest: dict[tuple[str, str], int] = {}
    asked: list[Letter] = []
    for letter in chosen:
        if letter.unit and letter.position:
            asked.append(letter)
            key = (letter.topic, letter.unit)
            lowest[key] = min(letter.position, lowest.get(key, letter.position))
    producer = await open_producer(settings)
    try:
        for (topic, unit), position in lowest.items():
            request = ResendRequest(topic=topic, unit=unit, after=position - 1, requested_by=REQUESTED_BY)
            partition = partition_of(unit, settings.kafka_partitions)
            value = request.model_dump_json().encode()
            acknowledged = await producer.send(RESEND.name, value, unit.encode(), partition)
            await acknowledged
    finally:
        await producer.stop()
    return asked


cli = typer.Typer(add_completion=False, help="Records that could not be read.")
TopicOption = Annotated[str | None, typer.Option(help="Only letters of this topic.")]
UnitOption = Annotated[str | None, typer.Option(help="Only letters of this unit.")]


@cli.command("list")
def list_letters(topic: TopicOption = None, unit: UnitOption = None) -> None:
    """Show dead letters, oldest first."""
    for letter in asyncio.run(_chosen(topic, unit)):
        typer.echo(_line(letter))


@cli.command("replay")
def replay_letters(topic: TopicOption = None, unit: UnitOption = None) -> None:
    """Ask the owners to publish the events behind the dead letters again."""
    chosen = asyncio.run(_chosen(topic, unit))
    asked = asyncio.run(replay(Settings.load(), chosen))
    for letter in chosen:
        typer.echo(f"{'asked for' if letter in asked else 'no event '}  {_line(letter)}")
    typer.echo(f"{len(asked)} of {len(chosen)} asked for.")


async def _chosen(topic: str | None, unit: str | None) -> list[Letter]:
    settings = Settings.load()
    try:
        await cluster_id(settings)
    except BROKER_ERRORS:
        raise SystemExit(f"No broker answers at {settings.kafka_bootstrap_servers}.") from None
    topics = [topic_named(topic)] if topic else FACT_TOPICS
    found = await letters(settings, topics)
    return [letter for letter in found if unit in (None, letter.unit)]


def _line(letter: Letter) -> str:
    place = f"{letter.topic}/{letter.unit or '?'}/{letter.position or '?'}"
    return f"{letter.set_aside.isoformat(timespec='seconds')}  {place}  from {letter.origin}: {letter.reason}"


if __name__ == "__main__":
    cli()
