"""Time from a service's HTTP answer to the pushed frame that contains the event, against the running system.

    make bench-freshness                    1, 20 and 100 events/s, after a silence, and one hot unit among idle ones

Prints one line per load with p50, p99 and max in milliseconds, and JSON with --json. A sample is the time between the
moment the answer is read and the moment a frame with that position is read, both in this process; a frame that is
there before the answer counts as 0.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import httpx
import typer

CITY = "01"
PATIENCE_S = 30.0
UnitChoice = Callable[[random.Random], str]


@dataclass(frozen=True)
class Result:
    """One load. `answered_per_s` shows whether the services kept up with what was asked of them."""

    load: str
    samples: int
    answered_per_s: float
    p50_ms: float
    p99_ms: float
    max_ms: float


class Listener:
    """Reads the stream of changes and notes when each position was first seen."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._url = url
        self._headers = headers
        self._waiting: dict[str, list[tuple[int, asyncio.Future[float]]]] = {}
        self._seen: dict[str, tuple[int, float]] = {}
        self.ready = asyncio.Event()

    async def run(self) -> None:
        parameters = {"city": CITY, "window": "PT24H", "metrics": "patrols_completed"}
        async with (
            httpx.AsyncClient(timeout=None) as client,
            client.stream("GET", f"{self._url}/v1/changes", params=parameters, headers=self._headers) as answer,
        ):
            answer.raise_for_status()
            event = ""
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    self.ready.set()
                    if event in ("snapshot", "changes"):
                        at = time.perf_counter()
                        for topic, positions in json.loads(line.removeprefix("data: "))["positions"].items():
                            self._note(topic, positions, at)

    def _note(self, topic: str, positions: dict[str, int], at: float) -> None:
        for code, position in positions.items():
            unit = f"{topic}/{code}"
            if position <= self._seen.get(unit, (0, at))[0]:
                continue
            self._seen[unit] = (position, at)
            waiting = self._waiting.pop(unit, [])
            for wanted, future in waiting:
                if wanted <= position:
                    future.set_result(at)
                else:
                    self._waiting.setdefault(unit, []).append((wanted, future))

    async def seen_at(self, unit: str, position: int) -> float:
        """When the first frame that contains the position was read."""
        known = self._seen.get(unit)
        if known is not None and known[0] >= position:
            return known[1]
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(unit, []).append((position, future))
        return await asyncio.wait_for(future, PATIENCE_S)


class Bench:
    """Posts patrols and waits for their frames."""

    def __init__(self, patrols_url: str, headers: dict[str, str], listener: Listener, seed: int) -> None:
        self._url = patrols_url
        self._headers = headers
        self._listener = listener
        self._random = random.Random(seed)
        self._client = httpx.AsyncClient(
            timeout=PATIENCE_S, limits=httpx.Limits(max_connections=64, keepalive_expiry=2.0)
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def load(self, name: str, rate_per_s: float, duration_s: float, unit: UnitChoice) -> Result:
        """Poisson arrivals at a rate; nobody waits for the one before."""
        samples: list[asyncio.Task[float]] = []
        begun = time.perf_counter()
        due = begun
        while due < begun + duration_s:
            due += self._random.expovariate(rate_per_s)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            samples.append(asyncio.create_task(self.sample(unit(self._random))))
        waits = await asyncio.gather(*samples)
        return _result(name, waits, len(waits) / (time.perf_counter() - begun))

    async def sample(self, unit: str) -> float:
        """Milliseconds from one answer to its frame."""
        ended = datetime.now(UTC) - timedelta(seconds=30)
        patrol = {
            "unit": unit,
            "kind": "security",
            "team_count": 1,
            "participants": 3,
            "started_at": (ended - timedelta(hours=1)).isoformat(),
            "completed_at": ended.isoformat(),
        }
        headers = self._headers | {"Idempotency-Key": str(uuid.uuid4())}
        answer = await self._client.post(f"{self._url}/v1/patrols", json=patrol, headers=headers)
        answered = time.perf_counter()
        answer.raise_for_status()
        topic, code, position = answer.headers["Pulse-Position"].split("/")
        seen = await self._listener.seen_at(f"{topic}/{code}", int(position))
        return max(0.0, seen - answered) * 1000


def _result(name: str, waits_ms: list[float], answered_per_s: float) -> Result:
    ordered = sorted(waits_ms)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return Result(
        load=name,
        samples=len(ordered),
        answered_per_s=round(answered_per_s, 1),
        p50_ms=round(statistics.median(ordered), 1),
        p99_ms=round(p99, 1),
        max_ms=round(ordered[-1], 1),
    )


async def measure(stats_url: str, patrols_url: str, token: str, silence_s: float, seconds: float) -> list[Result]:
    """All loads, one after the other."""
    headers = {"Authorization": f"Bearer {token}"}
    units = await _communes(stats_url, headers)
    listener = Listener(stats_url, headers)
    listening = asyncio.create_task(listener.run())
    await asyncio.wait_for(listener.ready.wait(), PATIENCE_S)
    bench = Bench(patrols_url, headers, listener, seed=1)
    hot = units[0]
    try:
        await bench.load("warm-up", 5, 3, lambda chance: chance.choice(units))
        results = []
        for rate in (1, 20, 100):
            results.append(await bench.load(f"{rate} events/s", rate, seconds, lambda chance: chance.choice(units)))
        results.append(
            await bench.load(
                "20 events/s, 19 of 20 in one unit",
                20,
                seconds,
                lambda chance: hot if chance.random() < 0.95 else chance.choice(units),
            )
        )
        silent = []
        for _ in range(3):
            await asyncio.sleep(silence_s)
            silent.append(await bench.sample(hot))
        results.append(_result(f"one event after {silence_s:g} s of silence", silent, 0.0))
        return results
    finally:
        listening.cancel()
        await bench.close()


async def _communes(stats_url: str, headers: dict[str, str]) -> list[str]:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{stats_url}/v1/units", params={"city": CITY}, headers=headers)
        answer.raise_for_status()
        units: list[dict[str, Any]] = answer.json()["units"]
        return [unit["code"] for unit in units[1:]]


def main(
    stats_url: Annotated[str, typer.Option(envvar="PULSE_STATS_URL")] = "http://127.0.0.1:8000",
    patrols_url: Annotated[str, typer.Option(envvar="PULSE_PATROLS_URL")] = "http://127.0.0.1:8002",
    token: Annotated[str, typer.Option(envvar="PULSE_TOKEN", help="of an administrator")] = "",
    silence_s: float = 60.0,
    seconds: float = 30.0,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Measure and print."""
    token = (
        token
        or subprocess.run(
            [sys.executable, "-m", "deploy.keys", "token", "--role", "administrator"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    )
    results = asyncio.run(measure(stats_url, patrols_url, token, silence_s, seconds))
    if as_json:
        print(json.dumps([asdict(result) for result in results], indent=2))
        return
    print(f"{'load':<40} {'samples':>8} {'per s':>7} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8}")
    for each in results:
        print(
            f"{each.load:<40} {each.samples:>8} {each.answered_per_s:>7} "
            f"{each.p50_ms:>8} {each.p99_ms:>8} {each.max_ms:>8}"
        )


if __name__ == "__main__":
    typer.run(main)
