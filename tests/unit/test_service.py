"""What a service answers when something that it stands on is away."""

from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from shared.contracts.topics import PATROLS
from shared.security import Role
from shared.service import ServiceRuntime, create_service
from shared.settings import Settings
from shared.store import client as store_client
from shared.testing.tokens import TokenMint

NOWHERE = "mongodb://127.0.0.1:1/"


async def test_a_store_that_is_away_is_told_as_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_client, "SERVER_SELECTION_MS", 100)
    mint = TokenMint(tmp_path)
    settings = Settings(mongodb_uri=SecretStr(NOWHERE), jwt_public_key_file=mint.public_key_file)
    runtime = ServiceRuntime.of(settings, database="away", topics=[PATROLS])

    async def opening(_: ServiceRuntime) -> None: ...

    app = create_service(
        runtime, service="patrols", title="Patrols", description="", routers=[], opening=opening, relay=False
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        answer = await client.get(
            "/v1/journal/units", params={"topic": PATROLS.name}, headers=mint.headers(Role.AUDITOR, "*")
        )

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["code"] == "unavailable"
