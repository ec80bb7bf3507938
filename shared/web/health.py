"""Whether this process lives and may get work; owns the probes, restarts nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import orjson
import structlog
from fastapi import APIRouter, Request, Response

from shared.telemetry import metrics

Check = Callable[[], Awaitable[str | None]]

_CHECK_TIMEOUT_S: Final = 2.0  # a probe itself usually gives up after 3 to 5 s

_log = structlog.get_logger(__name__)


class Readiness:
    """The named conditions under which a process may get work.

    `stopping` is set as soon as the process is told to end; streams end on it.
    """

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self.stopping = asyncio.Event()

    def add(self, name: str, check: Check) -> None:
        """Ask `check` on each probe: None is fine, a text says why not."""
        self._checks[name] = check

    async def report(self) -> tuple[bool, dict[str, str]]:
        """Whether all is fine, and per condition "ok" or why not."""
        results = await asyncio.gather(*(self._ask(name, check) for name, check in self._checks.items()))
        report = dict(zip(self._checks, results, strict=True))
        if self.stopping.is_set():
            report["process"] = "is stopping"
        return all(result == "ok" for result in report.values()), report

    async def _ask(self, name: str, check: Check) -> str:
        try:
            async with asyncio.timeout(_CHECK_TIMEOUT_S):
                return await check() or "ok"
        except TimeoutError:
            return f"no answer within {_CHECK_TIMEOUT_S:.0f} s"
        except Exception as error:
            # What a driver says may hold addresses and names: the log gets it, the probe's answer does not.
            _log.warning("readiness check failed", check=name, error=type(error).__name__)
            return "check failed"


router = APIRouter(include_in_schema=False)


@router.get("/health/live")
async def live() -> dict[str, str]:
    """200 as long as the process answers at all; asks nobody else."""
    return {"status": "live"}


@router.get("/health/ready")
async def ready(request: Request) -> Response:
    """200 if the process may get work, else 503 with the reasons."""
    readiness: Readiness = request.app.state.readiness
    fine, report = await readiness.report()
    body = orjson.dumps({"status": "ready" if fine else "not ready", "checks": report})
    return Response(body, 200 if fine else 503, media_type="application/json")


@router.get("/metrics")
async def measurements() -> Response:
    """The metrics of this process for Prometheus."""
    return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)
