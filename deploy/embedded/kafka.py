"""Apache Kafka from its Maven artifacts, for `make run BROKER=kafka`; owns its files below the data directory."""

import secrets
import shlex
import shutil
import subprocess
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Final

from deploy.embedded.ports import SetUpRefused
from deploy.embedded.servers import HOST, free_port

VERSION: Final = "4.1.0"
ARTIFACTS: Final = (("org.apache.kafka", "kafka_2.13", VERSION), ("org.slf4j", "slf4j-simple", "1.7.36"))
HEAP: Final = ("-Xmx640m", "-Xms128m")
FETCHED: Final = f"fetched-{VERSION}"


def fetch(directory: Path) -> None:
    """Kafka's libraries are in the directory afterwards; they are fetched once.

    Raises: SetUpRefused without a JDK or Maven, or when Maven fails.
    """
    for tool, of in (("java", "a JDK (17 or newer)"), ("mvn", "Maven")):
        if shutil.which(tool) is None:
            raise SetUpRefused(f"BROKER=kafka needs {of}: {tool} was not found; without it, leave BROKER away.")
    libraries = directory / "libs"
    if (libraries / FETCHED).exists():
        return
    print(f"Fetching Apache Kafka {VERSION} with Maven, once.", flush=True)
    directory.mkdir(parents=True, exist_ok=True)
    project = directory / "pom.xml"
    project.write_text(_project(), encoding="utf-8")
    command = ["mvn", "-q", "-B", "-f", str(project), "dependency:copy-dependencies", f"-DoutputDirectory={libraries}"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode:
        told = (outcome.stdout + outcome.stderr).strip().splitlines()
        raise SetUpRefused(f"Maven could not fetch Apache Kafka: {told[0] if told else outcome.returncode}")
    (libraries / FETCHED).touch()


def kafka_command(port: int, directory: Path) -> list[str]:
    """One broker that is its own controller; its log stays in the directory and is opened again."""
    identity = directory / "cluster-id"
    if not identity.exists():
        identity.write_text(urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("="), encoding="ascii")
    settings = directory / "server.properties"
    settings.write_text(_settings(port, free_port(), directory / "log"), encoding="utf-8")
    java = ["java", *HEAP, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", str(directory / "libs" / "*")]
    cluster = identity.read_text(encoding="ascii")
    prepare = [
        *java,
        "kafka.tools.StorageTool",
        "format",
        "--ignore-formatted",
        f"--cluster-id={cluster}",
        "-c",
        str(settings),
    ]
    return ["/bin/sh", "-c", f"{shlex.join(prepare)} && exec {shlex.join([*java, 'kafka.Kafka', str(settings)])}"]


def _settings(port: int, controller_port: int, log: Path) -> str:
    return "\n".join(
        (
            "node.id=1",
            "process.roles=broker,controller",
            f"listeners=PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
            f"advertised.listeners=PLAINTEXT://{HOST}:{port}",
            "controller.listener.names=CONTROLLER",
            f"controller.quorum.voters=1@{HOST}:{controller_port}",
            "offsets.topic.replication.factor=1",
            "transaction.state.log.replication.factor=1",
            "transaction.state.log.min.isr=1",
            "group.initial.rebalance.delay.ms=0",
            "auto.create.topics.enable=false",
            f"log.dirs={log}",
            "",
        )
    )


def _project() -> str:
    parts = ("groupId", "artifactId", "version")
    wanted = "".join(
        "<dependency>"
        + "".join(f"<{part}>{value}</{part}>" for part, value in zip(parts, artifact, strict=True))
        + "</dependency>"
        for artifact in ARTIFACTS
    )
    return (
        "<project><modelVersion>4.0.0</modelVersion><groupId>local</groupId><artifactId>kafka</artifactId>"
        f"<version>1</version><dependencies>{wanted}</dependencies></project>\n"
    )
