"""What tests of the patrols and awards services share: a service on a real store, callers and its journal."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from shared.contracts.topics import Topic
from shared.security import Role
from shared.service import ServiceRuntime
from shared.settings import Settings
from shared.testing.tokens import TokenMint

UNIT = "00070"  # Phường Hoàn Kiếm, on the map of today and on the former one
OTHER = "00004"  # Phường Ba Đình today
NOWHERE = "127.0.0.1:1"  # no broker answers here

Json = dict[str, Any]
Assemble = Callable[..., FastAPI]


@dataclass(slots=True)
class ServiceRig:
    """The service with a database of its own, and what a test asks of it."""

    runtime: ServiceRuntime
    client: httpx.AsyncClient
    mint: TokenMint

    def as_(self, role: Role, *units: str) -> dict[str, str]:
        """The headers of a caller with this role."""
        return self.mint.headers(role, *(units or (UNIT,)), subject=f"{role}-{'-'.join(units)}")

    def as_administrator(self) -> dict[str, str]:
        """The headers of the city's administrator."""
        return self.as_(Role.ADMINISTRATOR, "01")

    async def post(
        self, path: str, body: Any, *, by: Mapping[str, str] | None = None, key: str | None = None
    ) -> httpx.Response:
        """The answer to a POST with an idempotency key, a fresh one unless given, by the administrator unless told."""
        caller = self.as_administrator() if by is None else by
        return await self.client.post(path, json=body, headers={"Idempotency-Key": key or str(uuid4()), **caller})

    async def made(self, path: str, body: Any) -> Json:
        """What a POST made, or changed."""
        answer = await self.post(path, body)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    async def get(
        self, path: str, query: Mapping[str, str | int] = {}, *, by: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return await self.client.get(path, params=dict(query), headers=by or self.as_administrator())

    async def imported(self, *records: Json, by: Mapping[str, str] | None = None) -> Json:
        """The report on a batch."""
        caller = by or self.as_(Role.INTEGRATOR, "01")
        answer = await self.client.post("/v1/imports", json={"records": list(records)}, headers=caller)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def journal(self, topic: Topic, unit: str = UNIT) -> list[Json]:
        """All events of a unit, as the journal tells them."""
        query: Json = {"topic": topic.name, "unit": unit, "limit": 5000}
        answer = await self.client.get("/v1/journal", params=query, headers=self.as_(Role.INTEGRATOR, "*"))
        assert answer.status_code == 200, answer.text
        return list(answer.json()["events"])

    @classmethod
    @asynccontextmanager
    async def running(
        cls, assemble: Assemble, topics: Sequence[Topic], mongodb_uri: str, directory: Path
    ) -> AsyncIterator[Self]:
        """The service as it runs in production but for the relay, called in process on a database of its own."""
        mint = TokenMint(directory)
        settings = Settings(
            mongodb_uri=SecretStr(mongodb_uri),
            kafka_bootstrap_servers=NOWHERE,
            jwt_public_key_file=mint.public_key_file,
        )
        runtime = ServiceRuntime.of(settings, database=f"test_{uuid4().hex[:12]}", topics=topics)
        app = assemble(runtime, relay=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client,
        ):
            yield cls(runtime, client, mint)
            await asyncio.shield(runtime.store.drop())


def types(events: Sequence[Json]) -> list[str]:
    """The types of events, in order, without their version."""
    return [event["type"].removesuffix(".v1") for event in events]


def assert_chained(events: Sequence[Json]) -> None:
    """Positions have no holes, and what an event tells as `was` is what the one before told as `is`."""
    latest: dict[str, Any] = {}
    for position, event in enumerate(events, 1):
        assert event["position"] == position
        assert event["data"]["was"] == latest.get(event["subject"])
        latest[event["subject"]] = event["data"]["is"]
