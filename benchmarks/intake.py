"""How many reports are taken in, how fast each is answered, and what is lost while the broker is down.

    make bench-intake                                    30 s, then 2 minutes with the broker standing still
    make bench-intake ARGS="--seconds 10 --down-s 20 --lines 16"
    make bench-intake ARGS="--url http://127.0.0.1:8001"   a system that runs already; its broker is left alone, and
                                                         PULSE_TOKEN has to be a token of an administrator

Without --url it starts a system of its own: all that `make run` starts, but for the demonstration. On each of so many
lines one reporter comes after the other and waits for the receipt. The broker's process is stopped (SIGSTOP), so that
connections hang as they do when a machine goes away, and goes on afterwards. "lost" are the receipts given beyond the
reports in the city's figure once everything is published. Prints a table and, as its last line, JSON.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import httpx
import structlog
import typer

from shared.contracts.topics import TIPS
from shared.places import places
from tests.integration.system_rig import CITY, System

RECEIVED = "security_information_received"
PATIENCE_S = 60.0
DRAINED_S = 300.0
FREE = {"PULSE_ANONYMOUS_PER_S": "1000", "PULSE_ANONYMOUS_BURST": "100000"}
"""The budget would ask for proof; what is measured here is the intake."""


@dataclass(frozen=True)
class Result:
    """One load. `refused` holds every answer but 201."""

    load: str
    taken: int
    refused: int
    per_s: float
    p50_ms: float
    p99_ms: float
    max_ms: float


class Reporters:
    """So many lines of reporters, each of whom waits for the receipt."""

    def __init__(self, url: str, lines: int, token: str | None) -> None:
        limits = httpx.Limits(max_connections=lines, keepalive_expiry=2.0)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.AsyncClient(timeout=PATIENCE_S, limits=limits)
        self._url = url
        self._lines = lines
        self._units = [unit.code for unit in places().communes_of(CITY)]
        self.receipts: set[str] = set()

    async def close(self) -> None:
        await self._client.aclose()

    async def load(self, name: str, seconds: float) -> Result:
        """What this many seconds of it give."""
        times: list[float] = []
        statuses: Counter[int] = Counter()
        begun = time.perf_counter()

        async def line(number: int) -> None:
            while time.perf_counter() < begun + seconds:
                times.append(await self._report(self._units[(number + len(times)) % len(self._units)], statuses))

        await asyncio.gather(*(line(number) for number in range(self._lines)))
        took_s = time.perf_counter() - begun
        return _result(name, times, statuses, took_s)

    async def _report(self, unit: str, statuses: Counter[int]) -> float:
        body = {"unit": unit, "stream": "security_information", "category": "other", "text": f"Đo tải {uuid4()}"}
        headers = {"Idempotency-Key": str(uuid4()), **self._headers}
        begun = time.perf_counter()
        answer = await self._client.post(f"{self._url}/v1/tips", json=body, headers=headers)
        took_s = time.perf_counter() - begun
        statuses[answer.status_code] += 1
        if answer.status_code == 201:
            self.receipts.add(answer.json()["receipt"])
        return took_s


def _result(name: str, times: list[float], statuses: Counter[int], took_s: float) -> Result:
    taken = statuses[201]
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return Result(
        load=name,
        taken=taken,
        refused=len(times) - taken,
        per_s=round(taken / took_s, 1),
        p50_ms=round(cuts[49] * 1e3, 1),
        p99_ms=round(cuts[98] * 1e3, 1),
        max_ms=round(max(times) * 1e3, 1),
    )


async def _on_its_own_system(lines: int, seconds: float, down_s: float) -> tuple[list[Result], dict[str, float]]:
    with tempfile.TemporaryDirectory() as directory:
        async with System.running(Path(directory), **FREE) as system:
            reporters = Reporters(system.set_up.address("tips"), lines, None)
            results = [await reporters.load("everything running", seconds)]
            if down_s:
                async with system.paused("broker"):
                    results.append(await reporters.load("broker standing still", down_s))
                    backlog = await _unpublished(system)
            drained_s = await _drained(system, len(reporters.receipts))
            counted = await system.total(RECEIVED, CITY)
            await reporters.close()
    told = {"drained_s": round(drained_s, 1), "lost": len(reporters.receipts) - counted}
    return results, told | ({"backlog_events": backlog} if down_s else {})


async def _unpublished(system: System) -> float:
    """How many events are committed and not published; the lag that the relay tells is of its last look."""
    committed = await system.metric("tips", "pulse_outbox_committed_total", topic=TIPS.name)
    return committed - await system.metric("tips", "pulse_outbox_published_total", topic=TIPS.name)


async def _drained(system: System, expected: int) -> float:
    """Seconds until the figure of the city holds every report and nothing waits to be published."""
    begun = time.monotonic()
    while time.monotonic() < begun + DRAINED_S:
        if await _unpublished(system) <= 0 and await system.total(RECEIVED, CITY) >= expected:
            break
        await asyncio.sleep(0.25)
    return time.monotonic() - begun


async def _on_a_running_system(url: str, lines: int, seconds: float) -> tuple[list[Result], dict[str, float]]:
    reporters = Reporters(url.rstrip("/"), lines, os.environ.get("PULSE_TOKEN"))
    try:
        return [await reporters.load("everything running", seconds)], {}
    finally:
        await reporters.close()


def main(
    seconds: Annotated[float, typer.Option(help="How long with everything running.", min=1)] = 30.0,
    down_s: Annotated[float, typer.Option(help="How long with the broker standing still; 0 leaves it alone.")] = 120.0,
    lines: Annotated[int, typer.Option(help="How many reporters wait at a time.", min=1)] = 12,
    url: Annotated[str | None, typer.Option(help="A tips service that runs already.")] = None,
) -> None:
    """Exit code 1 if a report was refused or lost."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    run = _on_a_running_system(url, lines, seconds) if url else _on_its_own_system(lines, seconds, down_s)
    results, told = asyncio.run(run)
    typer.echo(f"{'load':24}{'taken':>8}{'refused':>9}{'per s':>8}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}")
    for each in results:
        typer.echo(
            f"{each.load:24}{each.taken:8,}{each.refused:9,}{each.per_s:8.1f}"
            f"{each.p50_ms:9.1f}{each.p99_ms:9.1f}{each.max_ms:9.1f}"
        )
    for name, value in told.items():
        typer.echo(f"{name}: {value:,}")
    typer.echo(json.dumps({"results": [asdict(each) for each in results], **told}))
    raise typer.Exit(1 if told.get("lost") or any(each.refused for each in results) else 0)


if __name__ == "__main__":
    typer.run(main)
