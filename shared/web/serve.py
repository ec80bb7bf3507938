"""One HTTP server in this process, from the first request to the last; owns signals, no route."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from shared.garbage import spare_what_stays
from shared.settings import Settings
from shared.telemetry.logs import configure_logging
from shared.web.health import Readiness

_LAST_RESORT_S: Final = 5.0  # after the grace; with the longest drain and grace still a minute at most

_log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """uvicorn with signals of our own: ending when told to is a success, not death by signal."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(app: FastAPI, settings: Settings) -> None:
    """Answer requests until SIGTERM or SIGINT, then drain and return."""
    configure_logging(app.state.service, settings.log_level)
    spare_what_stays()
    asyncio.run(_serve(app, settings))


async def _serve(app: FastAPI, settings: Settings) -> None:
    server = _Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=int(settings.shutdown_grace_s),
        )
    )
    readiness: Readiness = app.state.readiness
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        _log.info("stopping", drain_s=settings.drain_s, grace_s=settings.shutdown_grace_s)
        readiness.stopping.set()
        _exit_at_last(settings.drain_s + settings.shutdown_grace_s + _LAST_RESORT_S)
        await asyncio.wait({serving}, timeout=settings.drain_s)
        server.should_exit = True
    stopping.cancel()
    await serving


def _exit_at_last(after_s: float) -> None:
    """End the process by force if something hangs: an orchestrator would otherwise do it, less politely."""
    timer = threading.Timer(after_s, os._exit, args=(1,))
    timer.daemon = True
    timer.start()
