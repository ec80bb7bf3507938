"""What the tests of the tips service share: the service on a real store, callers with tokens, and its journal."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
from bson.raw_bson import RawBSONDocument
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI
from pydantic import SecretStr
from pymongo import MongoClient

from services.tips.app import assemble, intake_of
from services.tips.custody.vault import Vault
from services.tips.handlers import Intake
from services.tips.settings import TipsSettings
from shared.clock import Clock
from shared.contracts.topics import TIPS, TIPS_AUDIT
from shared.security import Role
from shared.service import ServiceRuntime
from shared.testing.tokens import TokenMint

UNIT = "00070"  # Phường Hoàn Kiếm, on the map of today and on the former one
OTHER = "00004"  # Phường Ba Đình today
NOWHERE = "127.0.0.1:1"  # no broker answers here

Json = dict[str, Any]


@dataclass(slots=True)
class TipsRig:
    """The service with a database of its own, and what a test asks of it."""

    runtime: ServiceRuntime
    client: httpx.AsyncClient
    mint: TokenMint
    custodian: X25519PrivateKey
    commune: X25519PrivateKey
    uri: str
    app: FastAPI
    officer: Mapping[str, str] = field(init=False)
    integrator: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.officer = self.mint.headers(Role.COMMUNE_OFFICER, UNIT, subject="officer")
        self.integrator = self.mint.headers(Role.INTEGRATOR, "*", subject="integrator")

    async def post(
        self, path: str, body: Any = None, *, headers: Mapping[str, str] = {}, key: str | None = None
    ) -> httpx.Response:
        """The answer to a POST with an idempotency key, a fresh one unless given."""
        sent = {"Idempotency-Key": key or str(uuid4()), **headers}
        return await self.client.post(path, json=body, headers=sent)

    async def submit(self, *, headers: Mapping[str, str] = {}, **changes: Any) -> httpx.Response:
        """The answer to a report; without headers to an anonymous one."""
        return await self.post("/v1/tips", report(**changes), headers=headers)

    async def step(self, tip_id: str, step: str, body: Any = None) -> httpx.Response:
        """The answer to a step of the unit's officer."""
        return await self.post(f"/v1/tips/{tip_id}/{step}", body, headers=self.officer)

    async def only_tip(self, unit: str = UNIT) -> Json:
        """The one tip of the unit, as officers see it."""
        headers = self.mint.headers(Role.ADMINISTRATOR, "*")
        answer = await self.client.get("/v1/tips", params={"unit": unit}, headers=headers)
        (tip,) = answer.json()["items"]
        return dict(tip)

    async def journal(self, unit: str = UNIT) -> list[Json]:
        """All events of a unit, as the journal tells them."""
        answer = await self.client.get(
            "/v1/journal", params={"topic": TIPS.name, "unit": unit, "limit": 5000}, headers=self.integrator
        )
        assert answer.status_code == 200, answer.text
        return list(answer.json()["events"])

    async def told(self, unit: str = UNIT) -> list[Json]:
        """The events of a unit without those of clocks, which change no facts."""
        return [event for event in await self.journal(unit) if not event["type"].startswith("tip.deadline_")]

    def everything_stored(self) -> bytes:
        """All documents of the database, as the bytes that the server sends."""
        with MongoClient[RawBSONDocument](self.uri, document_class=RawBSONDocument) as client:
            database = client[self.runtime.store.name]
            return b"".join(each.raw for name in database.list_collection_names() for each in database[name].find())

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        mongodb_uri: str,
        directory: Path,
        *,
        intake: Intake | None = None,
        relay: bool = False,
        clock: Clock | None = None,
    ) -> AsyncIterator[Self]:
        """The service as it runs in production, called in process; its database is dropped at the end."""
        mint, custodian, commune = TokenMint(directory), X25519PrivateKey.generate(), X25519PrivateKey.generate()
        settings = tips_settings(directory, mongodb_uri, mint, custodian, commune)
        runtime = ServiceRuntime.of(
            settings, database=f"tips_{uuid4().hex[:12]}", topics=(TIPS, TIPS_AUDIT), clock=clock
        )
        app = assemble(runtime, intake or intake_of(settings), relay=relay)
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://tips") as client,
        ):
            yield cls(runtime, client, mint, custodian, commune, mongodb_uri, app)
            await asyncio.shield(Vault(runtime.store).erasure.drop())
            await asyncio.shield(runtime.store.drop())


def tips_settings(
    directory: Path, mongodb_uri: str, mint: TokenMint, custodian: X25519PrivateKey, commune: X25519PrivateKey
) -> TipsSettings:
    """Settings with keys made for this test."""
    public, receipts, communes = directory / "sealing.pem", directory / "receipts.key", directory / "communes"
    communes.mkdir(exist_ok=True)
    for file, key in ((public, custodian), (communes / "all.pub", commune)):
        file.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    receipts.write_text(secrets.token_hex(32))
    return TipsSettings(
        mongodb_uri=SecretStr(mongodb_uri),
        kafka_bootstrap_servers=NOWHERE,
        jwt_public_key_file=mint.public_key_file,
        sealing_public_key_file=public,
        commune_keys_dir=communes,
        receipt_key_file=receipts,
        repeat_window_s=0,  # tests send the same report again and mean two
    )


def report(**changes: Any) -> Json:
    """A report that is taken as it is; changes replace fields, and `...` leaves one out."""
    body = {
        "unit": UNIT,
        "stream": "crime_report",
        "category": "theft",
        "text": "Mất xe máy trước cổng chợ lúc nửa đêm.",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}
