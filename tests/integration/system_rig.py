"""The whole system as `make run` starts it, on ports and in a directory of its own, for tests to break."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

import httpx

from deploy.demo.client import Services
from deploy.embedded.children import Child, State
from deploy.embedded.ports import Ports, variable
from deploy.embedded.servers import free_port
from deploy.embedded.supervisor import Supervisor
from deploy.embedded.system import SERVICE_NAMES, SetUp
from deploy.keys import local_token, make_keys
from services.stats.settings import StatsSettings
from shared.contracts.topics import FACT_TOPICS, Topic
from shared.outbox.relay import Relay
from shared.outbox.topic_relay import Parts
from shared.security import EVERYWHERE, Role
from shared.settings import Settings
from shared.store.client import Store
from tests.integration.worker_rig import WorkerProcess, until

ROOT: Final = Path(__file__).parents[2]
CITY: Final = "01"
START_S: Final = 120.0  # seven processes on a busy machine
WHOLE_HISTORY: Final = {"from": "2025-01-01", "to": "2099-12-31"}

Json = dict[str, Any]


@dataclass
class Notices:
    """What people would read in the terminal."""

    lines: list[str] = field(default_factory=list)

    def state(self, child: Child, state: State) -> None:
        """Not needed: a test looks at the processes themselves."""

    def notice(self, text: str) -> None:
        self.lines.append(text)

    def progress(self, done: int, total: int, label: str) -> None:
        """Not needed: there is no demonstration."""


@dataclass(frozen=True)
class Verdict:
    """What `verify` said."""

    code: int
    text: str


class System:
    """All processes of `make run` but for the demonstration; what it kept is there again after another start."""

    def __init__(self, directory: Path, **environment: str) -> None:
        inherited = {name: value for name, value in os.environ.items() if name not in ("MONGODB_URI", "FRESH")}
        inherited.pop("KAFKA_BOOTSTRAP_SERVERS", None)
        ports = {variable(name): str(free_port()) for name in Ports.__slots__}
        own = {"PULSE_DATA_DIR": str(directory), "DEMO": "0"}
        self.environment: Mapping[str, str] = inherited | ports | own | environment
        self.set_up = SetUp.of(self.environment)
        self.settings = Settings(KAFKA_BOOTSTRAP_SERVERS=self.set_up.bootstrap_servers)
        self.notices = Notices()
        self._keys = self.set_up.directory.keys
        self._stop = asyncio.Event()
        self._client = httpx.AsyncClient(timeout=30)

    @classmethod
    @asynccontextmanager
    async def running(cls, directory: Path, **environment: str) -> AsyncIterator[Self]:
        """A system that is up, and down again afterwards."""
        async with cls.starting(directory, **environment) as system:
            await system.ready()
            yield system

    @classmethod
    @asynccontextmanager
    async def starting(cls, directory: Path, **environment: str) -> AsyncIterator[Self]:
        """A system that has begun to come up, and is down again afterwards."""
        system = cls(directory, **environment)
        await system.start()
        try:
            yield system
        finally:
            await system.stop()
            await system._client.aclose()

    # -- its processes

    async def start(self) -> None:
        """Start everything, waiting for nothing."""
        make_keys(self._keys)
        if self.set_up.broker is not None:
            await self.set_up.make_topics()
        self._stop.clear()
        self._supervisor = Supervisor(
            self.set_up.children(),
            logs=self.set_up.directory.logs,
            picture=self.notices,
            environment=self.environment,
            directory=ROOT,
        )
        self._running = asyncio.create_task(self._supervisor.run(self._stop))

    async def stop(self) -> float:
        """End everything as SIGTERM does; how many seconds it took."""
        began = time.monotonic()
        self._stop.set()
        await self._running
        return time.monotonic() - began

    async def ready(self) -> None:
        """Return when every process says that it is."""
        ports = [*SERVICE_NAMES, "desk", "worker_metrics", "ledger_metrics"]
        for port in ports:
            await until(lambda port=port: self._is_ready(port), within_s=START_S, what=f"readiness of {port}")  # type: ignore[misc]

    async def kill(self, name: str) -> None:
        """SIGKILL, and return when the supervisor has started the process again."""
        pid = self._supervisor.pid_of(name)
        assert pid is not None, f"{name} does not run"
        os.kill(pid, signal.SIGKILL)

        async def started_again() -> bool:
            return self._supervisor.pid_of(name) not in (None, pid)

        await until(started_again, within_s=30, what=f"a new {name}")

    @asynccontextmanager
    async def paused(self, name: str) -> AsyncIterator[None]:
        """The process stands still meanwhile."""
        pid = self._supervisor.pid_of(name)
        assert pid is not None, f"{name} does not run"
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @asynccontextmanager
    async def relaying_instead(self, service: str, topic: Topic, parts: Parts) -> AsyncIterator[None]:
        """A relay made of these parts publishes the topic in the place of the service's own."""
        store = self.store(service)
        relay = Relay(store, self.settings, [topic], parts=parts)
        stop = asyncio.Event()

        async def ours_leads() -> bool:
            return topic.name in relay.leading

        async def its_own_leads() -> bool:
            return await self.metric(service, "pulse_relay_leader", topic=topic.name) == 1

        async def its_own_gave_way() -> bool:
            return not await its_own_leads()

        async with self.paused(service):
            relaying = asyncio.create_task(relay.run(stop))
            await until(ours_leads, within_s=30, what="the lease")
        try:
            await until(its_own_gave_way, within_s=30, what="the service's relay to give way")
            yield
        finally:
            stop.set()
            await relaying
            store.close()
        await until(its_own_leads, within_s=30, what="the service's relay to go on")

    # -- what it is asked

    def store(self, service: str) -> Store:
        """The database of a service."""
        return Store.open(self.set_up.store_uri, f"pulse_{service}")

    def services(self) -> Services:
        """The services as a patient caller with every right reaches them."""
        urls = {name: self.set_up.address(name) for name in SERVICE_NAMES}
        return Services(urls, lambda: self.token(Role.ADMINISTRATOR))

    async def get(self, service: str, path: str, **query: Any) -> Json:
        """What a service answers an auditor."""
        headers = {"Authorization": f"Bearer {self.token(Role.AUDITOR)}"}
        answer = await self._client.get(f"{self.set_up.address(service)}{path}", params=query, headers=headers)
        answer.raise_for_status()
        content: Json = answer.json()
        return content

    async def freshness(self) -> Json:
        return await self.get("stats", "/v1/freshness")

    async def status(self, status: str, *, within_s: float) -> None:
        """Wait until the figures have this status."""

        async def reached() -> bool:
            return bool((await self.freshness())["status"] == status)

        await until(_away_is_not_yet(reached), within_s=within_s, what=f"status {status}")

    async def totals(self, metrics: Sequence[str], row: str = CITY) -> Counter[str]:
        """Figures over the whole history."""
        table = await self.get("stats", "/v1/figures", city=CITY, metrics=",".join(metrics), **WHOLE_HISTORY)
        return Counter(dict(zip(table["metrics"], table["rows"][row]["values"], strict=True)))

    async def total(self, metric: str, row: str) -> int:
        """One of them."""
        return (await self.totals([metric], row))[metric]

    async def journal(self) -> list[tuple[str, str, Json]]:
        """(topic, unit, event) of everything committed."""
        found: list[tuple[str, str, Json]] = []
        for topic in FACT_TOPICS:
            owner = topic.producer.rpartition(".")[2]
            units = (await self.get(owner, "/v1/journal/units", topic=topic.name))["units"]
            for unit in units:
                page = await self.get(owner, "/v1/journal", topic=topic.name, unit=unit, limit=5000)
                found += [(topic.name, unit, event) for event in page["events"]]
        return found

    async def metric(self, process: str, name: str, **labels: str) -> float:
        """The sum of a metric's samples that carry these labels."""
        port = getattr(self.set_up.ports, process)
        text = (await self._client.get(f"http://127.0.0.1:{port}/metrics")).text
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        lines = [line for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(line.rpartition(" ")[2]) for line in lines if all(label in line for label in wanted))

    async def verify(self) -> Verdict:
        """What `python -m services.stats verify` says now."""
        urls = {f"PULSE_{name.upper()}_URL": self.set_up.address(name) for name in SERVICE_NAMES}
        code, text = await self.command("services.stats", "verify", PULSE_TOKEN=self.token(Role.AUDITOR), **urls)
        return Verdict(code, text)

    async def exact(self, *, within_s: float) -> Verdict:
        """Wait until verify finds nothing wrong. Raises: TimeoutError with what it found last."""
        deadline = time.monotonic() + within_s
        while (verdict := await self.verify()).code:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not exact within {within_s} s:\n{verdict.text}")
        return verdict

    async def command(self, module: str, *arguments: str, **environment: str) -> tuple[int, str]:
        """Exit code and output of one of the project's commands."""
        told = {**self.environment, "KAFKA_BOOTSTRAP_SERVERS": self.set_up.bootstrap_servers, **environment}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *arguments, env=told, cwd=ROOT,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode()

    def token(self, role: Role) -> str:
        return local_token(self._keys, role, [EVERYWHERE], subject="test", ttl=timedelta(hours=1))

    # -- inside

    async def _is_ready(self, name: str) -> bool:
        return await self._answers_ready(f"http://127.0.0.1:{getattr(self.set_up.ports, name)}")

    async def _answers_ready(self, address: str) -> bool:
        try:
            return (await self._client.get(f"{address}/health/ready")).is_success
        except httpx.TransportError:
            return False


class SecondWorker(WorkerProcess):
    """One more stats worker, in the group of the system's own."""

    def __init__(self, system: System) -> None:
        super().__init__(system.settings, instance="second")
        self._environment["PULSE_WORKER_GROUP"] = StatsSettings().worker_group


def _away_is_not_yet(condition: Callable[[], Awaitable[bool]]) -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        try:
            return await condition()
        except httpx.TransportError:
            return False

    return ask
