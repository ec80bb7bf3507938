"""What the tests of generations share: owners that beat, one worker, and the API as people and programs reach it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import orjson

from shared.contracts.outbox import Heartbeat
from shared.contracts.topics import FACT_TOPICS, HEADS
from shared.messaging.admin import cluster_id
from shared.messaging.producer import partition_of
from shared.settings import Settings
from tests.integration.worker_rig import PARTITIONS, Log, WorkerProcess, until

BEAT_S: Final = 1.0
WHOLE_YEARS: Final = {"city": "01", "from": "2020-01-01", "to": "2099-12-31"}

Json = dict[str, Any]


class ApiProcess(WorkerProcess):
    """The API as it runs in production, without a store."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, instance="api")
        self._command = [sys.executable, "-m", "services.stats", "api"]
        nowhere = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=500"
        self._environment |= {"PULSE_PORT": str(self.port), "PULSE_LOCAL_READER": "true", "MONGODB_URI": nowhere}

    async def get(self, path: str, **query: Any) -> Json:
        """What the API answers."""
        async with httpx.AsyncClient(timeout=20) as client:
            answer = await client.get(f"http://127.0.0.1:{self.port}{path}", params=query)
        answer.raise_for_status()
        content: Json = answer.json()
        return content

    async def freshness(self) -> Json:
        return await self.get("/v1/freshness")

    async def figures(self) -> Json:
        """Every counted figure of every commune over all years that has anything."""
        table = await self.get("/v1/figures", **WHOLE_YEARS)
        found: Json = {}
        for unit, row in table["rows"].items():
            for figure, value in zip(table["metrics"], row["values"], strict=True):
                if value:
                    found[f"{unit} {figure}"] = value
        return found

    async def status(self, status: str, *, within_s: float = 60.0) -> Json:
        """Wait until the figures have this status."""

        async def reached() -> Json | None:
            told = await self.freshness()
            return told if told["status"] == status else None

        found: Json = await until(reached, within_s=within_s, what=f"status {status}")
        return found

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[list[tuple[str, Json]]]:
        """The frames of one stream of changes, which has to last as long as the block."""
        frames: list[tuple[str, Json]] = []
        reading = asyncio.create_task(self._read_stream(frames))
        try:
            await until(lambda: _some(frames), within_s=20, what="a frame")
            yield frames
            if reading.done():
                reading.result()
                raise AssertionError("the stream ended by itself")
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading

    async def _read_stream(self, frames: list[tuple[str, Json]]) -> None:
        address = f"http://127.0.0.1:{self.port}/v1/changes"
        async with httpx.AsyncClient(timeout=None) as client, client.stream("GET", address, params=WHOLE_YEARS) as told:
            told.raise_for_status()
            event = ""
            async for line in told.aiter_lines():
                if line.startswith("event:"):
                    event = line.removeprefix("event:").strip()
                elif line.startswith("data:"):
                    frames.append((event, orjson.loads(line.removeprefix("data:"))))


@asynccontextmanager
async def owners_beating(log: Log) -> AsyncIterator[None]:
    """The owners tell what they have committed, as their relays do."""
    beating = asyncio.create_task(_beat(log))
    try:
        yield
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating


async def _beat(log: Log) -> None:
    cluster = await cluster_id(log.settings)
    while True:
        for topic in FACT_TOPICS:
            beat = Heartbeat(
                topic=topic.name,
                service=topic.producer.rpartition(".")[2],
                lineage=log.lineage,
                cluster_id=cluster,
                at=datetime.now(UTC),
                full=True,
                positions={unit: last for (name, unit), last in log.positions.items() if name == topic.name},
            )
            await log.producer.send(
                HEADS.name,
                beat.model_dump_json().encode(),
                topic.name.encode(),
                partition_of(topic.name, PARTITIONS),
            )
        await asyncio.sleep(BEAT_S)


async def _some(frames: list[tuple[str, Json]]) -> bool:
    return bool(frames)
