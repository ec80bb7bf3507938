"""The broker and the store that tests run on: containers where an engine answers, else the embedded servers."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from deploy.embedded.servers import broker_answers, free_port, start_broker, start_store

Kind = Literal["containers", "embedded"]

KAFKA_IMAGE: Final = "apache/kafka:4.1.0"
MONGO_IMAGE: Final = "mongo:8.0"
UP_S: Final = 90.0
REPLICA_SET: Final = "rs0"
ALREADY_INITIATED: Final = (23, 59)  # AlreadyInitialized; CommandNotFound on a server that always is a replica set


def chosen() -> Kind:
    """PULSE_TEST_SERVERS if it is set, else containers where an engine answers."""
    match os.environ.get("PULSE_TEST_SERVERS"):
        case "containers":
            return "containers"
        case "embedded":
            return "embedded"
        case None | "":
            return "containers" if _engine_answers() else "embedded"
        case other:
            raise SystemExit(f"PULSE_TEST_SERVERS={other}: it takes containers or embedded.")


def _engine_answers() -> bool:
    try:
        DockerClient(timeout=5).client.ping()
    except Exception:  # whatever is wrong with the engine: there is none to use
        return False
    return True


@contextmanager
def broker(kind: Kind, directory: Path) -> Iterator[str]:
    """The address of a fresh broker."""
    if kind == "embedded":
        with start_broker(directory) as server:
            yield server.address
        return
    port = free_port()  # a broker tells clients its own address, so it must know the port before it starts
    container = DockerContainer(KAFKA_IMAGE).with_bind_ports(port, port)
    for name, value in kafka_environment(port).items():
        container.with_env(name, value)
    with container:
        _wait(lambda: broker_answers(port), f"{KAFKA_IMAGE} did not come up")
        yield f"127.0.0.1:{port}"


def kafka_environment(port: int) -> dict[str, str]:
    """What a container of Apache Kafka is told: one node that is its own controller and answers on this port."""
    settings = {
        "NODE_ID": "1",
        "PROCESS_ROLES": "broker,controller",
        "LISTENERS": f"PLAINTEXT://:{port},CONTROLLER://:9093",
        "ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "AUTO_CREATE_TOPICS_ENABLE": "false",
    }
    return {f"KAFKA_{name}": value for name, value in settings.items()}


@contextmanager
def store(kind: Kind, directory: Path) -> Iterator[str]:
    """The URI of a fresh store that knows transactions."""
    if kind == "embedded":
        with start_store(directory) as server:
            yield server.address
        return
    container = DockerContainer(MONGO_IMAGE).with_exposed_ports(27017)
    container.with_command(f"mongod --replSet {REPLICA_SET} --bind_ip_all")
    with container:
        host, port = container.get_container_host_ip(), container.get_exposed_port(27017)
        uri = f"mongodb://{host}:{port}/?directConnection=true"
        _wait(lambda: _initiated(uri), f"{MONGO_IMAGE} did not come up")
        yield uri


def _initiated(uri: str) -> bool:
    """Whether the store is the primary of its replica set; initiates the set on the way."""
    with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=1_000) as client:
        try:
            hello = client.admin.command("hello")
            if not hello["isWritablePrimary"] and not hello.get("setName"):
                members = [{"_id": 0, "host": "localhost:27017"}]
                client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
        except OperationFailure as error:
            if error.code not in ALREADY_INITIATED:
                raise
        except PyMongoError:
            return False
        else:
            return bool(hello["isWritablePrimary"])
    return False


def store_version(uri: str) -> str:
    """What the store says it is."""
    with MongoClient[dict[str, Any]](uri) as client:
        info = client.admin.command("buildInfo")
    stand_in = f", SecantusDB {info['secantusVersion']}" if "secantusVersion" in info else ""
    return f"buildInfo {info['version']}{stand_in}"


def _wait(ready: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + UP_S
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{otherwise} within {UP_S:.0f} s.")
        time.sleep(0.1)
