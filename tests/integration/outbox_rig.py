"""What the tests of outbox and relay share: an outbox with a database of its own, and relays beside it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from shared.clock import SystemClock
from shared.contracts.patrols import PatrolChange, PatrolCompleted, PatrolFacts, PatrolKind
from shared.contracts.topics import PATROLS, Topic
from shared.ids import new_id
from shared.outbox.entries import Outbox
from shared.outbox.relay import Relay
from shared.outbox.topic_relay import Parts
from shared.settings import Settings
from shared.store.client import Session, Store
from shared.testing.recorder import EventRecorder

UNIT: Final = "00070"
OTHER: Final = "00004"


def patrol(unit: str = UNIT) -> PatrolCompleted:
    at = datetime.now(UTC)
    facts = PatrolFacts(kind=PatrolKind.SECURITY, teams=1, participants=3, started_at=at, completed_at=at)
    change = PatrolChange.model_validate({"was": None, "is": facts})
    return PatrolCompleted(time=at, subject=new_id(), partitionkey=unit, data=change)


async def nothing_else(session: Session) -> None:
    """The part of a transaction that these tests do not care for."""


def settings_for(kafka_bootstrap: str) -> Settings:
    return Settings(kafka_bootstrap_servers=kafka_bootstrap)


def outbox_on(store: Store, topics: Sequence[Topic] = (PATROLS,)) -> Outbox:
    return Outbox(store, clock=SystemClock(), topics=topics)


@asynccontextmanager
async def fresh_outbox(uri: str, topics: Sequence[Topic] = (PATROLS,)) -> AsyncIterator[Outbox]:
    """An open outbox in a database that is dropped at the end."""
    store = Store.open(uri, f"outbox_{uuid4().hex[:12]}")
    outbox = outbox_on(store, topics)
    await outbox.open()
    try:
        yield outbox
    finally:
        await asyncio.shield(store.drop())
        store.close()


async def commit(outbox: Outbox, unit: str = UNIT, *, times: int = 1, events: int = 1) -> None:
    for _ in range(times):
        await outbox.commit([patrol(unit) for _ in range(events)], nothing_else)


@asynccontextmanager
async def relaying(
    outbox: Outbox, settings: Settings, *, hinted: bool = True, parts: Parts | None = None
) -> AsyncIterator[Relay]:
    """A relay that runs for as long as the block lasts, and ends as a stopped process does."""
    stop = asyncio.Event()
    relay = Relay(outbox.store, settings, outbox.topics, hints=outbox.hints if hinted else None, parts=parts)
    running = asyncio.create_task(relay.run(stop))
    try:
        yield relay
    finally:
        stop.set()
        await running


@asynccontextmanager
async def recording(settings: Settings, outbox: Outbox) -> AsyncIterator[EventRecorder]:
    """What reaches the log of this outbox, and of no other that used the broker before."""
    async with EventRecorder.following(settings, PATROLS, lineage=outbox.lineage) as recorder:
        yield recorder
