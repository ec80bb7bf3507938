"""The running system as a caller sees it: its services, tokens, figures and pages. Knows no test."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx

PATIENCE_S = 10.0
Json = dict[str, Any]


@dataclass(frozen=True)
class Service:
    """One service over HTTP with one caller's token."""

    url: str
    token: str | None = None
    client: httpx.Client = field(kw_only=True, compare=False, repr=False)

    def post(self, path: str, body: Json, *, key: str | None = None) -> httpx.Response:
        headers = self._headers() | {"Idempotency-Key": key or str(uuid.uuid4())}
        return self.client.post(f"{self.url}{path}", json=body, headers=headers)

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        return self.client.get(f"{self.url}{path}", params=parameters, headers=self._headers())

    def done(self, path: str, body: Json | None = None) -> Json:
        """What the service answers to a request that it carries out."""
        answer = self.post(path, {} if body is None else body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        content: Json = answer.json()
        return content

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@dataclass(frozen=True)
class System:
    """All services, behind one gateway or each on its own port."""

    stats_url: str
    client: httpx.Client = field(compare=False, repr=False)

    def stats(self) -> Service:
        return Service(self.stats_url, token("city_operator"), client=self.client)

    def tips(self, role: str | None = None, unit: str = "*") -> Service:
        return self._service("tips", 8001, role, unit)

    def desk(self, role: str, unit: str = "*") -> Service:
        return self._service("desk", 8004, role, unit)

    def patrols(self, role: str | None = "team_leader", unit: str = "*") -> Service:
        return self._service("patrols", 8002, role, unit)

    def awards(self, role: str | None = "administrator", unit: str = "*") -> Service:
        return self._service("awards", 8003, role, unit)

    def figure(self, row: str, metric: str, **window: str) -> float | None:
        """One figure as it is served; the window is PT24H unless given."""
        asked = window or {"window": "PT24H"}
        answer = self.stats().get("/v1/figures", city=self.city_of(row), metrics=metric, **asked)
        assert answer.is_success, answer.text
        value: float | None = answer.json()["rows"][row]["values"][0]
        return value

    def becomes(self, expected: dict[tuple[str, str], float], **window: str) -> bool:
        """Whether the figures, by (row, metric), come to be the expected ones."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            served = {(row, metric): self.figure(row, metric, **window) for row, metric in expected}
            if served == expected:
                return True
            assert time.monotonic() < deadline, f"served {served}, expected {expected}"
            time.sleep(0.05)

    def communes(self, city: str) -> list[str]:
        return [unit["code"] for unit in self.stats().get("/v1/units", city=city).json()["units"]][1:]

    @cache  # noqa: B019 - one system in a run of the tests
    def city_of(self, row: str) -> str:
        if len(row) == 2:
            return row
        city: str = self.stats().get(f"/v1/figures/{row}").json()["unit"]["city"]
        return city

    def _service(self, name: str, port: int, role: str | None, unit: str) -> Service:
        url = os.environ.get(f"PULSE_{name.upper()}_URL") or (
            f"{self.stats_url}/{name}" if self._behind_a_gateway() else f"http://127.0.0.1:{port}"
        )
        return Service(url, token(role, unit) if role else None, client=self.client)

    @cache  # noqa: B019
    def _behind_a_gateway(self) -> bool:
        return self.client.get(f"{self.stats_url}/tips/health/live").is_success


@cache
def token(role: str, unit: str = "*") -> str:
    """A token of the system's own keys; PULSE_TOKEN_COMMAND says how to get one where that is not `deploy.keys`."""
    command = os.environ.get("PULSE_TOKEN_COMMAND") or f"{sys.executable} -m deploy.keys token"
    arguments = [*shlex.split(command), "--role", role, "--unit", unit]
    printed = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    return printed.strip().splitlines()[-1]
