"""How the demonstration bears with services that are away, and what it remembers between two starts."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from random import Random

import httpx
import pytest

from deploy.demo.client import Refused, Services
from deploy.demo.simulator import Simulator
from deploy.demo.state import State


def services(handler: httpx.MockTransport) -> Services:
    urls = {"tips": "http://tips", "patrols": "http://gateway/patrols", "awards": "http://awards"}
    return Services(urls, lambda: "a-token", transport=handler, rng=Random(1), first_pause_s=0.001)


async def test_a_request_waits_until_its_service_is_back() -> None:
    answers: Iterator[httpx.Response | Exception] = iter(
        [httpx.ConnectError("away"), httpx.Response(503), httpx.Response(201, json={"id": "p"})]
    )
    keys = []

    def handle(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    made = await services(httpx.MockTransport(handle)).post("patrols", "/v1/patrols", {}, key="k")

    assert made == {"id": "p"}
    assert keys == ["k", "k", "k"]


async def test_a_service_behind_a_gateway_is_reached_under_its_prefix_with_a_token() -> None:
    seen = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append((str(request.url), request.headers.get("authorization")))
        return httpx.Response(200, json={})

    client = services(httpx.MockTransport(handle))
    await client.get("patrols", "/v1/patrols", unit="01")
    await client.post("tips", "/v1/tips", {}, key="k", anonymous=True)

    assert seen == [("http://gateway/patrols/v1/patrols?unit=01", "Bearer a-token"), ("http://tips/v1/tips", None)]


async def test_a_refusal_is_not_repeated() -> None:
    asked = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(409, json={"detail": "It is completed."})

    with pytest.raises(Refused, match="It is completed"):
        await services(httpx.MockTransport(handle)).post("patrols", "/v1/patrols/x/completion", {})

    assert asked == ["/patrols/v1/patrols/x/completion"]


async def test_a_refused_step_or_a_fault_ends_one_story_and_nothing_else(tmp_path: Path) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/completion"):
            return httpx.Response(409, json={})
        return httpx.Response(201, json={"id": "x"} if "patrols" in request.url.path else {})

    simulator = Simulator(services(httpx.MockTransport(handle)), State(tmp_path), pace=1, seed="s", minute_s=0)
    await simulator.tell("patrol")
    await simulator.tell("award")

    assert simulator.told["refused"] == 1
    assert simulator.told["failed"] == 1


async def test_the_simulator_ends_at_once_and_remembers_what_is_under_way(tmp_path: Path) -> None:
    started = asyncio.Event()

    def handle(request: httpx.Request) -> httpx.Response:
        started.set()
        return httpx.Response(201, json={"id": "x", "items": [], "receipt": "r"})

    simulator = Simulator(services(httpx.MockTransport(handle)), State(tmp_path), pace=1000, seed="s")
    running = asyncio.create_task(simulator.run())
    await asyncio.wait_for(started.wait(), 20)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 2)

    assert State(tmp_path).begin(0)[1] > 0


def test_a_name_that_was_cut_off_is_not_remembered(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.add_loaded("review/tips/1")
    with (tmp_path / "chunks.txt").open("a") as file:
        file.write("review/ti")

    assert state.loaded() == {"review/tips/1"}


def test_the_first_start_decides_how_far_the_history_reaches(tmp_path: Path) -> None:
    state = State(tmp_path)

    assert state.begin(1_000) == (1_000, 1_000)
    state.live(5_000)
    assert State(tmp_path).begin(9_000) == (1_000, 5_000)
