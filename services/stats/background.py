"""A process that works in the background and serves only probes and metrics; owns its exit codes, no work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from shared.settings import Settings
from shared.web import Readiness, health, serve

EXIT_FAILED: Final = 1
EXIT_REFUSED: Final = 65  # EX_DATAERR: going on would make wrong figures, and starting again does not help


def serve_probes(service: str, settings: Settings, readiness: Readiness, work: Callable[[], Awaitable[None]]) -> None:
    """Work until SIGTERM or SIGINT; then cancel what is left of it and return."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        working = asyncio.ensure_future(work())
        yield
        working.cancel()
        await asyncio.wait({working})

    # Probes and metrics only: no token is ever checked here, so that no key needs to be configured.
    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.state.service = service
    app.state.readiness = readiness
    app.include_router(health.router)
    serve(app, settings)


def first_of(reasons: BaseException) -> BaseException:
    """What went wrong first, out of however many groups."""
    while isinstance(reasons, BaseExceptionGroup):
        reasons = reasons.exceptions[0]
    return reasons
