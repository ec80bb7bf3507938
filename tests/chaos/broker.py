"""A broker that can be killed, started again, and replaced by an empty one; tells nothing about what is on it."""

import asyncio
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol, Self

from testcontainers.core.container import DockerContainer

from deploy.embedded.servers import broker_answers, free_port, fresh_cluster_id, start_broker
from tests.servers import KAFKA_IMAGE, Kind, kafka_environment

UP_S: Final = 90.0
AWAY_S: Final = 3.0


class Broker(Protocol):
    """The broker of a chaos run. Raises: TimeoutError where it does not come up."""

    name: str
    address: str

    async def restart(self) -> None:
        """Kill it and have it back with what it held."""
        ...

    async def replace(self) -> None:
        """Kill it and put an empty one in its place, with an identity of its own."""
        ...

    async def stop(self) -> None: ...


class KafkaContainer:
    """Apache Kafka in a container."""

    name = KAFKA_IMAGE

    def __init__(self) -> None:
        self._port = free_port()
        self.address = f"127.0.0.1:{self._port}"
        self._container: DockerContainer | None = None

    @classmethod
    async def started(cls) -> Self:
        broker = cls()
        await broker.replace()
        return broker

    async def restart(self) -> None:
        assert self._container is not None
        container = self._container.get_wrapped_container()
        await asyncio.to_thread(container.kill)
        await self._answering(False)
        await asyncio.to_thread(container.start)
        await self._answering(True)

    async def replace(self) -> None:
        await self.stop()
        self._container = DockerContainer(KAFKA_IMAGE).with_bind_ports(self._port, self._port)
        self._container.with_env("CLUSTER_ID", fresh_cluster_id())
        for name, value in kafka_environment(self._port).items():
            self._container.with_env(name, value)
        await asyncio.to_thread(self._container.start)
        await self._answering(True)

    async def stop(self) -> None:
        if self._container is not None:
            with suppress(Exception):  # testcontainers stops politely; the container is removed below in any case
                await asyncio.to_thread(self._container.get_wrapped_container().kill)
            await asyncio.to_thread(self._container.stop)
            self._container = None

    async def _answering(self, wanted: bool) -> None:
        deadline = time.monotonic() + UP_S
        while await asyncio.to_thread(broker_answers, self._port) is not wanted:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{KAFKA_IMAGE} at {self.address}: answering was to become {wanted}")
            await asyncio.sleep(0.1)


class EmbeddedBroker:
    """The embedded broker. It keeps nothing over a restart, so one is stood in for by standing still for a while."""

    name = "Tansu (embedded)"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._server = start_broker(directory)
        self.address = self._server.address

    async def restart(self) -> None:
        self._server.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(AWAY_S)
        self._server.process.send_signal(signal.SIGCONT)

    async def replace(self) -> None:
        await asyncio.to_thread(self._server.kill)
        self._server = await asyncio.to_thread(start_broker, self._directory, port=self._server.port)

    async def stop(self) -> None:
        await asyncio.to_thread(self._server.stop)


async def start(kind: Kind, directory: Path) -> Broker:
    """A fresh broker: Apache Kafka where there is an engine, else the embedded one."""
    return await KafkaContainer.started() if kind == "containers" else EmbeddedBroker(directory)
