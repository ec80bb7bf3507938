"""What tests of the fact ledger share: the ledger as a process, its collections, and an API that explains from them."""

import asyncio
import hashlib
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec
from pydantic import SecretStr

from services.stats.app import make_app
from services.stats.ledger.blocks import unpacked
from services.stats.ledger.entries import BookedEntry
from services.stats.ledger.process import LEASE, ledger_generation
from services.stats.ledger.repository import LedgerRepository, collections_of
from services.stats.settings import DATABASE, StatsSettings
from shared.clock import SystemClock
from shared.contracts.topics import FACT_TOPICS
from shared.outbox.names import LEASES
from shared.settings import Settings
from shared.store.client import Store
from tests.integration.worker_rig import ROOT, Log, WorkerProcess, until

LAUNCHER = Path(__file__).with_name("ledger_launcher.py")


class LedgerProcess(WorkerProcess):
    """The ledger as it runs in production: `python -m services.stats ledger`, or a sabotaged one."""

    def __init__(self, settings: Settings, *, sabotage: str | None = None) -> None:
        super().__init__(settings)
        command = [str(LAUNCHER), sabotage] if sabotage else ["-m", "services.stats", "ledger"]
        self._command = [sys.executable, *command]
        self._environment |= {
            "MONGODB_URI": settings.mongodb_uri.get_secret_value(),
            "PULSE_LEDGER_METRICS_PORT": str(self.port),
        }


@dataclass(frozen=True)
class Kept:
    """What the ledger holds."""

    store: Store
    repository: LedgerRepository
    names: tuple[str, str]

    @classmethod
    @asynccontextmanager
    async def of(cls, settings: Settings) -> AsyncIterator[Self]:
        """An empty ledger that nobody writes."""
        generation = ledger_generation(stats_settings(settings))
        store = Store.open(settings.mongodb_uri.get_secret_value(), DATABASE)
        kept = cls(store, LedgerRepository(store, generation), collections_of(generation))
        await kept.forget()
        try:
            yield kept
        finally:
            await asyncio.shield(kept.forget())
            store.close()

    async def forget(self) -> None:
        for name in self.names:
            await self.store.collection(name).drop()
        await self.store.collection(LEASES).delete_one({"_id": LEASE})

    async def positions(self) -> dict[tuple[str, str], int]:
        """How far each sequence is booked."""
        found: dict[tuple[str, str], int] = {}
        for topic in FACT_TOPICS:
            heads, _ = await self.repository.heads(topic.name)
            found |= {(topic.name, unit): at for head in heads for unit, at in head.positions.items()}
        return found

    async def past(self, events: int) -> None:
        """Wait until the heads vouch for so many events."""

        async def booked() -> bool:
            return sum((await self.positions()).values()) >= events

        await until(booked, what=f"{events} booked events")

    async def complete(self, log: Log) -> str:
        """The digest of all entries, once every event of the log is booked."""

        async def reached() -> bool:
            return await self.positions() == dict(log.positions)

        await until(reached, what="the ledger at the end of the log")
        return await self.digest()

    async def entries(self) -> list[tuple[str, BookedEntry]]:
        """(topic, entry) of everything, in order; each once, however often it is in a block."""
        found = unpacked(await self.store.collection(self.names[1]).find({}).to_list(None))
        return sorted(found, key=lambda each: (each[0], each[1].unit, each[1].position))

    async def digest(self) -> str:
        return hashlib.sha256(msgspec.json.encode(await self.entries())).hexdigest()


def stats_settings(settings: Settings, **more: Any) -> StatsSettings:
    """The settings of an API or a ledger on these servers."""
    return StatsSettings(
        KAFKA_BOOTSTRAP_SERVERS=settings.kafka_bootstrap_servers, MONGODB_URI=settings.mongodb_uri, **more
    )


def settings_of(kafka_bootstrap: str, store_uri: str) -> Settings:
    return Settings(KAFKA_BOOTSTRAP_SERVERS=kafka_bootstrap, MONGODB_URI=SecretStr(store_uri))


@asynccontextmanager
async def explaining(settings: Settings, **more: Any) -> AsyncIterator[httpx.AsyncClient]:
    """An API in this process."""
    app = make_app(stats_settings(settings, local_reader=True, **more), SystemClock())
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://stats", timeout=30) as client,
    ):
        yield client


async def pages(client: httpx.AsyncClient, **question: Any) -> list[dict[str, Any]]:
    """All pages of an explanation."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while not found or cursor:
        answer = await client.get("/v1/explain", params=question | cursor)
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        cursor = {"cursor": found[-1]["next"]} if found[-1]["next"] else {}
    return found


def total(some: list[dict[str, Any]]) -> int:
    return sum(entry["amount"] for page in some for entry in page["events"])


async def command(settings: Settings, *arguments: str) -> tuple[int, str]:
    """Exit code and output of `python -m services.stats …`."""
    told = os.environ | {
        "MONGODB_URI": settings.mongodb_uri.get_secret_value(),
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.stats", *arguments, env=told, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()
