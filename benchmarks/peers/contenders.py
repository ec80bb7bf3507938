"""Who takes part, how one run of each is started, and why one cannot run on this machine; measures nothing."""

import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.peers.job import EQUAL_WORK, TRACKS

ROOT: Final = Path(__file__).parents[2]
PEERS_PYTHON: Final = ROOT / "build" / "peers" / "bin" / "python"
PROJECT: Final = Path(__file__).with_name("kafka_streams")
BUILT: Final = ROOT / "build" / "kafka-streams"
HEAP: Final = "-Xmx6g"
LAST_WORDS: Final = 400


@dataclass(frozen=True, slots=True)
class Task:
    """One run: the track, on a topic of so many events, for so many seconds."""

    broker: str
    topic: str
    track: str
    seconds: float
    count: int

    @property
    def arguments(self) -> list[str]:
        return [self.track, str(self.seconds), str(self.count), uuid.uuid4().hex[:12]]


@dataclass(frozen=True, slots=True)
class Contender:
    """One of those who are compared."""

    id: str
    what: str
    command: Callable[[Task], list[str]]
    obstacle: Callable[[], str | None] = lambda: None
    tracks: tuple[str, ...] = tuple(TRACKS)


def _rung(name: str) -> Callable[[Task], list[str]]:
    return lambda task: [sys.executable, "-m", "benchmarks.peers.ours", name, *task.arguments]


def _script(python: Path | str, module: str) -> Callable[[Task], list[str]]:
    return lambda task: [str(python), "-m", f"benchmarks.peers.{module}", task.broker, task.topic, *task.arguments]


def _java(task: Task) -> list[str]:
    path = f"{BUILT / 'classes'}:{BUILT / 'libs' / '*'}"
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"
    return ["java", HEAP, quiet, "-cp", path, "pulse.Peer", task.broker, task.topic, *task.arguments]


def _no_venv() -> str | None:
    return None if PEERS_PYTHON.exists() else "there is no venv of the peers (make bench makes it)"


def _no_java() -> str | None:
    """Builds the project where it can."""
    if not (shutil.which("java") and shutil.which("javac") and shutil.which("mvn")):
        return "there is no JDK with Maven on this machine"
    source = max(path.stat().st_mtime for path in PROJECT.rglob("*") if path.is_file())
    stamp = BUILT / "built"
    if stamp.exists() and stamp.stat().st_mtime >= source:
        return None
    goals = ["compile", "dependency:copy-dependencies", f"-DoutputDirectory={BUILT / 'libs'}"]
    command = ["mvn", "-q", "-B", "-f", str(PROJECT / "pom.xml"), *goals]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode:
        return f"Maven could not build it: {(outcome.stdout + outcome.stderr).strip()[:LAST_WORDS]}"
    stamp.touch()
    return None


CONTENDERS: Final = (
    Contender("fetch", "our consumer: fetch only", _rung("fetch"), tracks=(EQUAL_WORK,)),
    Contender("decode", "and decode the envelope", _rung("decode"), tracks=(EQUAL_WORK,)),
    Contender("fold", "and fold", _rung("fold"), tracks=(EQUAL_WORK,)),
    Contender("ours", "and flush: the worker, one metric", _rung("ours")),
    Contender("ours-all", "the worker, every metric", _rung("ours-all"), tracks=(EQUAL_WORK,)),
    Contender("faust", "Faust, agent and Table", _script(sys.executable, "faust_table")),
    Contender("quix", "Quix Streams", _script(PEERS_PYTHON, "quix"), _no_venv),
    Contender("bytewax", "Bytewax", _script(PEERS_PYTHON, "bytewax_flow"), _no_venv),
    Contender("kafka-streams", "Kafka Streams (Java)", _java, _no_java),
)
