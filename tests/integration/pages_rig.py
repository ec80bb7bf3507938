"""The pages for reporters as a browser sees them: intake and desk on a real store, behind the gateway's prefix."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.embedded.servers import free_port
from tests.integration.tips_desk_rig import DeskRig

PREFIX: Final = "/tips"
DESK: Final = "/desk"
T = TypeVar("T")


class PagesRig:
    """A server in a thread of its own, and what a test does beside the browser."""

    def __init__(self, desk: DeskRig, address: str, loop: asyncio.AbstractEventLoop) -> None:
        self.desk = desk
        self.address = address
        self.url = f"{address}{PREFIX}/report"
        self._loop = loop

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """What a coroutine gives, run where the server runs."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def ask(self, text: str) -> None:
        """An officer asks the reporter of the only tip."""
        tip = self.do(self.desk.intake.only_tip())["id"]
        answer = self.do(self.desk.post(f"/v1/tips/{tip}/messages", {"text": text}))
        assert answer.status_code == 201, answer.text


def behind_prefixes(apps: Mapping[str, ASGIApp]) -> ASGIApp:
    """The applications as the gateway hands requests to them: nothing outside their prefix, which they never see."""

    async def gateway(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        prefix = next((prefix for prefix in apps if path.startswith(f"{prefix}/")), PREFIX)
        inner = path.removeprefix(prefix) if path.startswith(f"{prefix}/") else "/outside-of-the-prefix"
        await apps[prefix]({**scope, "path": inner, "raw_path": quote(inner).encode()}, receive, send)

    return gateway


@contextmanager
def pages(mongodb_uri: str, directory: Path) -> Iterator[PagesRig]:
    """The rig, on a port of its own."""
    port, ready, stop = free_port(), threading.Event(), threading.Event()
    started: list[PagesRig] = []

    async def serve() -> None:
        async with DeskRig.running(mongodb_uri, directory) as desk:
            apps = behind_prefixes({PREFIX: desk.intake.app, DESK: desk.app})
            config = uvicorn.Config(apps, host="127.0.0.1", port=port, lifespan="off", log_level="warning")
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve())
            while not server.started and not serving.done():
                await asyncio.sleep(0.01)
            started.append(PagesRig(desk, f"http://127.0.0.1:{port}", asyncio.get_running_loop()))
            ready.set()
            await asyncio.to_thread(stop.wait)
            server.should_exit = True
            await serving

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(30), "the pages did not start"
    try:
        yield started[0]
    finally:
        stop.set()
        thread.join(30)
