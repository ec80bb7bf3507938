"""The broker that all contenders read from and write to, on this machine; measures nothing."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from deploy.embedded import kafka
from deploy.embedded.servers import HOST, broker_answers, free_port
from tests import servers

UP_S: Final = 60.0
STOP_S: Final = 20.0


@contextmanager
def broker(directory: Path) -> Iterator[tuple[str, str]]:
    """(address, what it is) of a fresh broker: Apache Kafka in a container, else from Maven, else the embedded one."""
    kind = servers.chosen()
    if kind == "embedded" and shutil.which("java") and shutil.which("mvn"):
        with _from_maven(directory / "kafka") as address:
            yield address, f"Apache Kafka {kafka.VERSION}"
        return
    with servers.broker(kind, directory) as address:
        yield address, f"{servers.KAFKA_IMAGE} in a container" if kind == "containers" else "the embedded broker"


@contextmanager
def _from_maven(directory: Path) -> Iterator[str]:
    kafka.fetch(directory)
    port = free_port()
    with (directory / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            kafka.kafka_command(port, directory), stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        deadline = time.monotonic() + UP_S
        while not broker_answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Apache Kafka did not come up: {(directory / 'log.txt').read_text()[-500:]}")
            time.sleep(0.1)
        yield f"{HOST}:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
