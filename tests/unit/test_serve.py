"""The life of a serving process, from its own standard output and from outside."""

import asyncio
import json
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

PROGRAM = """
import asyncio, sys
from contextlib import asynccontextmanager
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from shared.security import Authenticator
from shared.settings import Settings
from shared.web import Readiness, create_app, serve

settings = Settings.load()
readiness = Readiness()
router = APIRouter()

@router.get("/v1/slow")
async def slow() -> str:
    print('{"event": "slow began"}', flush=True)
    await readiness.stopping.wait()
    await asyncio.sleep(0.3)
    return "done"

@router.get("/v1/stream")
async def stream() -> StreamingResponse:
    async def frames():
        yield "data: 1\\n\\n"
        await readiness.stopping.wait()
    return StreamingResponse(frames(), media_type="text/event-stream")

@asynccontextmanager
async def lifespan(app):
    yield
    print('{"event": "closed"}', flush=True)

serve(create_app(service="things", title="Things", description="", settings=settings, lifespan=lifespan,
    routers=[router], readiness=readiness, authenticator=Authenticator(settings, local_reader=True)), settings)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def line_saying(process: Process, text: str) -> dict[str, Any]:
    assert process.stdout is not None
    async with asyncio.timeout(20):
        while line := await process.stdout.readline():
            if text in line.decode():
                found: dict[str, Any] = json.loads(line)
                return found
    raise AssertionError(f"the process ended without saying {text!r}")


@asynccontextmanager
async def serving(**settings: str) -> AsyncIterator[tuple[Process, httpx2.AsyncClient]]:
    port = free_port()
    environment = {"PULSE_PORT": str(port), "PYTHONPATH": ".", **settings}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, env=environment, stdout=PIPE, stderr=PIPE
    )
    try:
        await line_saying(process, "Uvicorn running")
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            yield process, client
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stopping_process_finishes_what_it_began_and_ends_well(number: signal.Signals) -> None:
    async with serving() as (process, client):
        slow = asyncio.create_task(client.get("/v1/slow"))
        await line_saying(process, "slow began")

        process.send_signal(number)

        assert (await slow).json() == "done"
        await line_saying(process, "closed")
        assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_while_draining_it_answers_but_is_not_ready() -> None:
    async with serving(PULSE_DRAIN_S="1") as (process, client):
        assert (await client.get("/health/ready")).status_code == 200

        process.send_signal(signal.SIGTERM)
        await line_saying(process, "stopping")

        assert (await client.get("/health/ready")).status_code == 503
        assert (await client.get("/health/live")).status_code == 200
        assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_open_streams_do_not_hold_up_the_end() -> None:
    async with serving(PULSE_SHUTDOWN_GRACE_S="20") as (process, client), client.stream("GET", "/v1/stream") as stream:
        chunks = stream.aiter_text()
        assert await anext(chunks) == "data: 1\n\n"

        process.send_signal(signal.SIGTERM)

        assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_the_answer_names_no_server_software() -> None:
    async with serving() as (_, client):
        assert "server" not in (await client.get("/health/live")).headers
