"""A thin slice of the demonstration through the real services: loading, starting again, and living on."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import orjson
import pytest

from deploy.demo.client import Services
from deploy.demo.history import History
from deploy.demo.loader import Loader
from deploy.demo.rhythm import moment_of
from deploy.demo.simulator import Simulator
from deploy.demo.state import State
from services.awards import app as awards
from services.patrols import app as patrols
from shared.contracts.topics import AWARDS, INCIDENTS, PATROLS
from shared.security import Role
from tests.integration.service_rig import ServiceRig
from tests.integration.tips_rig import TipsRig

SCALE = 0.0002  # the honours are always loaded whole
NOW = moment_of(datetime.now(UTC))


class Gateway(httpx.AsyncBaseTransport):
    """Leads to each service by its name, with a token of its administrator wherever one is sent."""

    def __init__(self, rigs: Mapping[str, ServiceRig | TipsRig]) -> None:
        self._rigs = rigs
        self.batches = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        rig = self._rigs[request.url.host]
        self.batches += request.url.path == "/v1/imports"
        if "authorization" in request.headers:
            request.headers.update(rig.mint.headers(Role.ADMINISTRATOR, "*"))
        answer = await rig.client.request(
            request.method, request.url.raw_path.decode(), content=request.content, headers=request.headers
        )
        headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
        return httpx.Response(answer.status_code, headers=headers, content=answer.content)


@pytest.fixture
async def gateway(store_uri: str, tmp_path: Path) -> AsyncIterator[Gateway]:
    for name in ("tips", "patrols", "awards"):
        (tmp_path / name).mkdir()
    async with (
        TipsRig.running(store_uri, tmp_path / "tips") as tips,
        ServiceRig.running(patrols.assemble, (PATROLS, INCIDENTS), store_uri, tmp_path / "patrols") as force,
        ServiceRig.running(awards.assemble, (AWARDS,), store_uri, tmp_path / "awards") as honours,
    ):
        yield Gateway({"tips": tips, "patrols": force, "awards": honours})


@pytest.fixture
async def services(gateway: Gateway) -> AsyncIterator[Services]:
    urls = {name: f"http://{name}" for name in ("tips", "patrols", "awards")}
    async with Services(urls, lambda: "sent", transport=gateway, rng=Random(1)) as services:
        yield services


async def load(services: Services, directory: Path) -> dict[str, int]:
    loader = Loader(History(scale=SCALE), services, State(directory))
    return dict(await loader.load(NOW, directory / "progress.json"))


async def test_everything_is_taken_in_once_however_often_it_is_loaded(
    services: Services, gateway: Gateway, tmp_path: Path
) -> None:
    expected = sum(1 for chunk in History(scale=SCALE).chunks(NOW) for _ in chunk.records())

    first = await load(services, tmp_path / "demo")
    sent = gateway.batches
    second = await load(services, tmp_path / "demo")
    probes = gateway.batches - sent
    third = await load(services, tmp_path / "another")

    assert first == {"created": expected}
    assert second == {"already_known": probes}
    assert probes == 3  # one record for each service shows that all are still there
    assert third == {"already_known": expected}
    progress = orjson.loads((tmp_path / "demo" / "progress.json").read_bytes())
    assert progress["finished"]
    assert progress["done"] == progress["total"]


async def test_what_a_service_has_lost_is_loaded_anew(services: Services, tmp_path: Path) -> None:
    state = State(tmp_path / "demo")
    state.begin(NOW)
    for chunk in History(scale=SCALE).chunks(NOW):
        state.add_loaded(chunk.name)

    outcomes = await load(services, tmp_path / "demo")

    expected = sum(1 for chunk in History(scale=SCALE).chunks(NOW) for _ in chunk.records())
    assert outcomes["created"] == expected


async def test_every_kind_of_story_runs_to_its_end(services: Services, gateway: Gateway, tmp_path: Path) -> None:
    simulator = Simulator(services, State(tmp_path / "demo"), pace=1, seed="stories", minute_s=0)

    for kind in simulator.kinds:
        for number in range(4):
            await simulator.tell(kind, number)

    told = simulator.told
    assert told["failed"] == 0
    assert told["refused"] == 0
    assert told["completion"] == told["patrols"] == 4
    assert told["response"] == told["resolution"] == told["incidents"] == 12
    assert told["tips"] == 8
    assert told["registration"] >= 4
    assert told["outreach-sessions"] == told["advisory-documents"] == told["conferral"] == told["awards"] == 4


async def test_a_patrol_that_was_under_way_at_the_end_is_completed_after_the_next_start(
    services: Services, tmp_path: Path
) -> None:
    body: dict[str, Any] = {
        "unit": "00070", "kind": "security", "team_count": 1, "participants": 4,
        "started_at": (datetime.now(UTC) - timedelta(minutes=20)).isoformat(),
    }  # fmt: skip
    patrol = await services.post("patrols", "/v1/patrols", body, key="under-way")
    state = State(tmp_path / "demo")
    state.keep_under_way({patrol["id"]: "patrol"})
    simulator = Simulator(services, state, pace=0, seed="again", minute_s=0)

    await simulator.finish_under_way()

    shown = await services.get("patrols", f"/v1/patrols/{patrol['id']}")
    assert shown["status"] == "completed"
    assert state.under_way() == {}
