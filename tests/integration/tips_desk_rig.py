"""What the tests of the desk share: intake and desk on one database, each with its own keys only."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI
from pydantic import SecretStr

from services.tips.desk.app import assemble_desk
from services.tips.settings import DeskSettings
from shared.clock import Clock
from shared.contracts.topics import TIPS_AUDIT
from shared.security import Role
from shared.service import ServiceRuntime
from tests.integration.tips_rig import NOWHERE, Json, TipsRig


@dataclass(slots=True)
class DeskRig:
    """The desk beside the intake, and what a test asks of both."""

    intake: TipsRig
    settings: DeskSettings
    client: httpx.AsyncClient
    directory: Path
    app: FastAPI
    officer: Mapping[str, str] = field(init=False)
    custodian: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.officer = self.intake.officer
        self.custodian = self.intake.mint.headers(Role.CUSTODIAN, "01", subject="custodian")

    @property
    def database(self) -> str:
        return self.intake.runtime.store.name

    @property
    def custodian_key_file(self) -> Path:
        """The custodian's private key, as it lies on a machine that is neither intake nor desk."""
        path = self.directory / "custodian.key"
        write_key(path, self.intake.custodian)
        return path

    async def submitted(self, **changes: Any) -> tuple[str, str]:
        """The receipt of a new report, and the id of the tip, which only officers know."""
        answer = await self.intake.submit(**changes)
        assert answer.status_code == 201, answer.text
        return answer.json()["receipt"], (await self.intake.only_tip())["id"]

    async def named(self, **changes: Any) -> str:
        """The id of a new report that an officer entered for somebody by name."""
        reporter = {"name": "Nguyễn Văn A", "contact": "0900 000 000"}
        answer = await self.intake.submit(headers=self.officer, reporter=reporter, **changes)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def get(self, path: str, *, by: Mapping[str, str] | None = None, **query: Any) -> httpx.Response:
        return await self.client.get(path, params=query, headers=self.officer if by is None else by)

    async def post(self, path: str, body: Any = None, *, by: Mapping[str, str] | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": str(uuid4()), **(self.officer if by is None else by)}
        return await self.client.post(path, json=body, headers=headers)

    async def audit(self) -> list[Json]:
        """All entries of the audit log."""
        answer = await self.get("/v1/audit", by=self.custodian, limit=500)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    @classmethod
    @asynccontextmanager
    async def running(cls, mongodb_uri: str, directory: Path, *, clock: Clock | None = None) -> AsyncIterator[Self]:
        """Intake and desk as they run in production, called in process."""
        async with TipsRig.running(mongodb_uri, directory, clock=clock) as intake:
            settings = desk_settings(directory, mongodb_uri, intake)
            runtime = ServiceRuntime.of(settings, database=intake.runtime.store.name, topics=(TIPS_AUDIT,), clock=clock)
            app = assemble_desk(runtime, settings)
            async with (
                app.router.lifespan_context(app),
                httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk") as client,
            ):
                yield cls(intake, settings, client, directory, app)


def desk_settings(directory: Path, mongodb_uri: str, intake: TipsRig) -> DeskSettings:
    """Settings of a desk that reads what this intake seals."""
    desk = directory / "desk"
    desk.mkdir(exist_ok=True)
    write_key(desk / "all.key", intake.commune)
    return DeskSettings(
        mongodb_uri=SecretStr(mongodb_uri),
        kafka_bootstrap_servers=NOWHERE,
        jwt_public_key_file=intake.mint.public_key_file,
        commune_keys_dir=directory / "communes",
        desk_keys_dir=desk,
    )


def write_key(path: Path, key: X25519PrivateKey) -> None:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
