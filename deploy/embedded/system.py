"""What `make run` runs: owns the list of processes, their ports and what each of them is told."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy import keys
from deploy.embedded import kafka
from deploy.embedded.children import Child
from deploy.embedded.directory import LocalDirectory
from deploy.embedded.memory import MemoryLimit
from deploy.embedded.ports import Ports, SetUpRefused, check_port, http_answers, variable
from deploy.embedded.servers import (
    FRUGAL,
    HOST,
    broker_answers,
    broker_command,
    fresh_cluster_id,
    store_answers,
    store_command,
    store_uri,
)
from shared.contracts.topics import REGISTRY
from shared.messaging.admin import BROKER_ERRORS, TopicMismatch, ensure_topics
from shared.settings import Settings

ROOT: Final = Path(__file__).resolve().parents[2]
BROKER_RECYCLE_MB: Final = 350.0  # with the whole history it holds some 150
BROKER_SETTLE_S: Final = 900.0  # a history or a rebuild is in the broker by then, and is no growth
BROKER_GROWTH: Final = 1.5
STORE_RECYCLE_MB: Final = 600.0  # with the whole history it holds some 450
POLITELY: Final = ("nice", "-n", "10")  # what explains the figures waits for what makes them
SERVICE_NAMES: Final = ("stats", "tips", "patrols", "awards")
# What each may take to end: together under the 20 s that a person waits for Ctrl-C.
SERVERS, WORKER, SERVICES, DEMO = range(4)
GRACE_S: Final = {SERVERS: 5.0, WORKER: 5.0, SERVICES: 6.0, DEMO: 2.0}


@dataclass(frozen=True, slots=True)
class SetUp:
    """How this start is wanted. Source: the environment that `make run` passes on."""

    environment: Mapping[str, str]
    directory: LocalDirectory
    ports: Ports
    demo: bool
    fresh: bool
    broker: str | None
    """The address of a real broker; none for the embedded one."""
    store: str | None
    with_kafka: bool = False
    """Start Apache Kafka in the place of the embedded broker."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "SetUp":
        """The set-up that the environment asks for. Raises: SetUpRefused."""
        engine = environment.get("BROKER") or "tansu"
        if engine not in ("tansu", "kafka"):
            raise SetUpRefused(f"BROKER={engine} is not known: it is kafka, or nothing for the embedded broker.")
        return cls(
            environment=environment,
            directory=LocalDirectory(Path(environment.get("PULSE_DATA_DIR") or ROOT / ".data")),
            ports=Ports.of(environment),
            demo=environment.get("DEMO", "1") != "0",
            fresh=environment.get("FRESH", "0") not in ("", "0"),
            broker=environment.get("KAFKA_BOOTSTRAP_SERVERS") or None,
            store=environment.get("MONGODB_URI") or None,
            with_kafka=engine == "kafka",
        )

    @property
    def bootstrap_servers(self) -> str:
        return self.broker or f"{HOST}:{self.ports.broker}"

    @property
    def store_uri(self) -> str:
        return self.store or store_uri(self.ports.store)

    @property
    def progress_file(self) -> Path:
        """Where the loader of the history says how far it has come, for the page to read."""
        return self.directory.path / "demo" / "progress.json"

    def address(self, service: str) -> str:
        """Where people and programs on this machine reach a service."""
        return f"http://{HOST}:{getattr(self.ports, service)}"

    def check_ports(self) -> None:
        """Every port is free. Raises: SetUpRefused with the first one that is not."""
        servers = [name for name, given in (("broker", self.broker), ("store", self.store)) if given is None]
        for name in (*SERVICE_NAMES, "desk", "worker_metrics", "ledger_metrics", *servers):
            check_port(name, getattr(self.ports, name))

    async def make_topics(self) -> None:
        """The topics of the registry exist with their partitions and settings.

        Raises: SetUpRefused when the broker has them otherwise, or is not there.
        """
        settings = Settings.load().model_copy(update={"kafka_bootstrap_servers": self.bootstrap_servers})
        try:
            await ensure_topics(settings, REGISTRY)
        except TopicMismatch as mismatch:
            raise SetUpRefused(str(mismatch)) from None
        except BROKER_ERRORS as error:
            raise SetUpRefused(f"The broker at {self.bootstrap_servers} does not answer: {error!r}.") from error

    def children(self) -> list[Child]:
        """Everything that `make run` starts, in the order in which it is shown."""
        return [*self._servers(), *self._services(), *self._background(), *self._demo()]

    def _servers(self) -> list[Child]:
        broker = [] if self.broker else [self._kafka() if self.with_kafka else self._tansu()]
        return broker + ([] if self.store else [self._store()])

    def _tansu(self) -> Child:
        port = self.ports.broker
        broker_command(port, fresh_cluster_id())  # refuses here rather than in a restart loop
        return Child(
            name="broker",
            command=lambda: broker_command(port, fresh_cluster_id()),
            stage=SERVERS,
            gate=True,
            answers=_in_thread(broker_answers, port),
            prepare=self.make_topics,
            alone=True,
            overgrown=MemoryLimit(
                self._recycle_mb("BROKER", BROKER_RECYCLE_MB),
                "it never compacts; everything is published to it again",
                settle_s=BROKER_SETTLE_S,
                growth=BROKER_GROWTH,
            ),
            grace_s=GRACE_S[SERVERS],
            address=f"{self.bootstrap_servers}  Tansu, in memory, for trying out",
        )

    def _kafka(self) -> Child:
        port, directory = self.ports.broker, self.directory.path / "kafka"
        kafka.fetch(directory)
        return Child(
            name="broker",
            command=lambda: kafka.kafka_command(port, directory),
            stage=SERVERS,
            gate=True,
            answers=_in_thread(broker_answers, port),
            prepare=self.make_topics,
            grace_s=GRACE_S[SERVERS],
            address=f"{self.bootstrap_servers}  Apache Kafka {kafka.VERSION}",
        )

    def _store(self) -> Child:
        command = store_command(self.ports.store, self.directory.path / "store")
        return Child(
            name="store",
            command=lambda: command,
            stage=SERVERS,
            gate=True,
            environment=FRUGAL,
            answers=_in_thread(store_answers, self.ports.store),
            # Its driver of the disk keeps what was closed: some 80 MB an hour with nobody but the simulator.
            overgrown=MemoryLimit(
                self._recycle_mb("STORE", STORE_RECYCLE_MB), "it keeps what was closed; its data are on disk"
            ),
            grace_s=GRACE_S[SERVERS],
            address=f"{HOST}:{self.ports.store}  SecantusDB, for trying out",
        )

    def _services(self) -> list[Child]:
        return [*(self._service(name) for name in SERVICE_NAMES), self._desk()]

    def _service(self, name: str) -> Child:
        port: int = getattr(self.ports, name)
        told = self._told() | {"PULSE_PORT": str(port), "PULSE_HOST": HOST}
        if name == "stats":
            told["PULSE_LOCAL_READER"] = "true"  # the console signs in as a local reader, here and nowhere else
            told["PULSE_SIMULATED_DATA"] = str(self.demo).lower()
            told["PULSE_SNAPSHOT_DIR"] = str(self.directory.path / "stats")
            told["PULSE_HISTORY_PROGRESS_FILE"] = str(self.progress_file)
            told["PULSE_WEBHOOK_KEYS_FILE"] = str(self.directory.keys / keys.WEBHOOKS)
            told |= {f"PULSE_{owner.upper()}_URL": self.address(owner) for owner in SERVICE_NAMES if owner != name}
        if name == "tips":
            told["PULSE_SEALING_PUBLIC_KEY_FILE"] = str(self.directory.keys / keys.SEALING_PUBLIC)
            told["PULSE_COMMUNE_KEYS_DIR"] = str(self.directory.keys / keys.COMMUNES_PUBLIC)
            told["PULSE_RECEIPT_KEY_FILE"] = str(self.directory.keys / keys.RECEIPT)
        return Child(
            name=name,
            command=lambda: [sys.executable, "-m", f"services.{name}"] + (["api"] if name == "stats" else []),
            stage=SERVICES,
            gate=True,
            environment=told,
            answers=lambda: http_answers(port, "/health/live"),
            grace_s=GRACE_S[SERVICES],
            address=self.address(name),
        )

    def _desk(self) -> Child:
        port = self.ports.desk
        told = self._told() | {"PULSE_PORT": str(port), "PULSE_HOST": HOST}
        told["PULSE_COMMUNE_KEYS_DIR"] = str(self.directory.keys / keys.COMMUNES_PUBLIC)
        told["PULSE_DESK_KEYS_DIR"] = str(self.directory.keys / keys.DESK_PRIVATE)
        return Child(
            name="tips-desk",
            command=lambda: [sys.executable, "-m", "services.tips", "desk"],
            stage=SERVICES,
            environment=told,
            answers=lambda: http_answers(port, "/health/live"),
            grace_s=GRACE_S[SERVICES],
            address=self.address("desk"),
        )

    def _background(self) -> list[Child]:
        return [self._background_of("worker"), self._background_of("ledger")]

    def _background_of(self, name: str) -> Child:
        port: int = getattr(self.ports, f"{name}_metrics")
        return Child(
            name=f"stats-{name}",
            command=lambda: [*(POLITELY if name == "ledger" else ()), sys.executable, "-m", "services.stats", name],
            stage=WORKER,
            environment=self._told() | {"PULSE_HOST": HOST, variable(f"{name}_metrics"): str(port)},
            answers=lambda: http_answers(port, "/health/live"),
            grace_s=GRACE_S[WORKER],
        )

    def _demo(self) -> list[Child]:
        told = self._told() | {f"PULSE_{name.upper()}_URL": self.address(name) for name in SERVICE_NAMES}
        told["PULSE_KEYS_DIR"] = str(self.directory.keys)
        told["PULSE_HISTORY_PROGRESS_FILE"] = str(self.progress_file)
        told["PULSE_DEMO_DIR"] = str(self.progress_file.parent)
        demo = Child(
            name="demo",
            command=lambda: [sys.executable, "-m", "deploy.demo"],
            stage=DEMO,
            environment=told,
            once=True,
            grace_s=GRACE_S[DEMO],
            address="dữ liệu mô phỏng",
        )
        return [demo] if self.demo else []

    def _told(self) -> dict[str, str]:
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "MONGODB_URI": self.store_uri,
            "PULSE_JWT_PUBLIC_KEY_FILE": str(self.directory.keys / keys.JWT_PUBLIC),
            # Only these processes use the embedded store: their hints tell of every commit, at a fraction of the cost.
            "PULSE_OUTBOX_SHARED": str(self.store is not None).lower(),
            "PYTHONUNBUFFERED": "1",
            "MALLOC_ARENA_MAX": FRUGAL["MALLOC_ARENA_MAX"],
        }

    def _recycle_mb(self, server: str, usual_mb: float) -> float:
        name = f"PULSE_{server}_RECYCLE_MB"
        told = self.environment.get(name, str(usual_mb))
        try:
            return float(told)
        except ValueError:
            raise SetUpRefused(f"{name}={told} is not a number of megabytes.") from None


def _in_thread(answers: Callable[[int], bool], port: int) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return await asyncio.to_thread(answers, port)

    return look
