"""One process under supervision: owns its description, its states and its log, not when it runs."""

import json
import re
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Final, Protocol

LOG_LIMIT_BYTES: Final = 5_000_000  # and one file before it: 10 MB for each process, for good
COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
OWN_LOGGERS: Final = frozenset({"services", "shared", "deploy"})
IMPORTANT: Final = frozenset({"error", "critical", "fatal"})


class State(StrEnum):
    """Where a child stands."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    ENDED = "ended"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """What to run and how to tell that it is up.

    Children start when every gate of an earlier stage is ready, and end latest stage first.
    """

    name: str
    command: Callable[[], Sequence[str]]
    """Made anew for each start: a restarted broker must not carry its old identity."""
    stage: int = 0
    gate: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    answers: Callable[[], Awaitable[bool]] | None = None
    """Whether it is up; without it, a child is up as soon as it runs."""
    prepare: Callable[[], Awaitable[None]] | None = None
    """What must be done once it answers and before it counts as ready, after every start."""
    alone: bool = False
    """The children of later stages stand still from its start until it is prepared."""
    overgrown: Callable[[int, float], str | None] | None = None
    """(process id, seconds since its start) -> why it should be started anew, if it should."""
    once: bool = False
    """It may end by itself when its work is done; any other child that ends is started again."""
    grace_s: float = 5.0
    address: str = ""


class Picture(Protocol):
    """Whoever shows people how the children are."""

    def state(self, child: Child, state: State) -> None: ...

    def notice(self, text: str) -> None: ...

    def progress(self, done: int, total: int, label: str) -> None: ...


def ending(returncode: int) -> str:
    """How a process ended, in words: `SIGKILL` or `exit code 3`."""
    if returncode >= 0:
        return f"exit code {returncode}"
    try:
        return signal.Signals(-returncode).name
    except ValueError:
        return f"signal {-returncode}"


class ChildLog:
    """The lines of one child, one JSON object each, in a file that cannot grow for ever."""

    def __init__(self, name: str, directory: Path, *, limit_bytes: int = LOG_LIMIT_BYTES) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._name = name
        self._path = directory / f"{name}.log"
        self._limit_bytes = limit_bytes
        self._file: IO[str] = self._path.open("a", encoding="utf-8")
        self._size = self._path.stat().st_size
        self.last = ""

    def write(self, line: str) -> str | None:
        """Keep one line; gives back what of it people should see at once, if anything."""
        line = COLOUR.sub("", line)
        try:
            entry = json.loads(line) if line.startswith("{") else None
        except ValueError:
            entry = None
        if not isinstance(entry, dict):
            entry = {"timestamp": datetime.now(UTC).isoformat(), "service": self._name, "event": line}
            line = json.dumps(entry, ensure_ascii=False)
        self._keep(line)
        self.last = _words(entry) or self.last
        # Libraries report every lost connection as an error; what it means for people, our own code says.
        ours = str(entry.get("logger", "shared")).partition(".")[0] in OWN_LOGGERS
        return self.last if ours and str(entry.get("level", "")).lower() in IMPORTANT else None

    def close(self) -> None:
        self._file.close()

    def _keep(self, line: str) -> None:
        if self._size > self._limit_bytes:
            self._file.close()
            self._path.replace(self._path.with_suffix(".log.1"))
            self._file = self._path.open("w", encoding="utf-8")
            self._size = 0
        self._size += self._file.write(line + "\n")
        self._file.flush()


def _words(entry: Mapping[str, object]) -> str:
    """What a log line says: its event, and what went wrong if it tells."""
    event, error = str(entry.get("event", "")).strip(), entry.get("error") or entry.get("reason")
    if isinstance(error, Mapping):
        return f"{event}: {error.get('message') or error.get('type')}"
    return f"{event}: {error}" if error else event
