"""What the demonstration remembers between two starts: what is loaded, up to when it has lived, what is under way."""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import orjson

_PRINT_EVERY_S: Final = 0.5


class State:
    """Files in one directory. Losing them costs time, not exactness: records sent again are known by their keys."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._chunks = directory / "chunks.txt"
        self._lived = directory / "lived.json"
        self._open = directory / "under-way.json"

    def loaded(self) -> set[str]:
        """The names of the chunks that are loaded."""
        try:
            lines = self._chunks.read_text(encoding="utf-8")
        except FileNotFoundError:
            return set()
        whole = lines.rpartition("\n")[0]  # a line that was cut off names nothing
        return set(whole.split("\n")) - {""}

    def add_loaded(self, chunk: str) -> None:
        with self._chunks.open("a", encoding="utf-8") as file:
            file.write(chunk + "\n")

    def keep_loaded(self, chunks: Iterable[str]) -> None:
        """Forget all chunks but these."""
        _replace(self._chunks, "".join(f"{chunk}\n" for chunk in sorted(chunks)).encode())

    def begin(self, now: int) -> tuple[int, int]:
        """The moment up to which the history reaches, now if this is the first start, and that of the last life."""
        known = _read(self._lived)
        if not isinstance(known, dict) or not {"history", "until"} <= known.keys():
            known = {"history": now, "until": now}
            _replace(self._lived, orjson.dumps(known))
        return int(known["history"]), int(known["until"])

    def live(self, until: int) -> None:
        """Things have happened up to this moment."""
        history, _ = self.begin(until)
        _replace(self._lived, orjson.dumps({"history": history, "until": until}))

    def under_way(self) -> dict[str, str]:
        """What has begun and is not over: the id of each and the type of its record."""
        known = _read(self._open)
        return {str(id): str(kind) for id, kind in known.items()} if isinstance(known, dict) else {}

    def keep_under_way(self, begun: dict[str, str]) -> None:
        _replace(self._open, orjson.dumps(begun))


class Progress:
    """Tells how far the history has come: to the supervisor in lines, to the pages in a file."""

    def __init__(self, total: int, file: Path | None) -> None:
        self._total = total
        self._done = 0
        self._file = file
        self._told_at = 0.0

    def add(self, records: int, label: str) -> None:
        self._done = min(self._total, self._done + records)
        if time.monotonic() - self._told_at >= _PRINT_EVERY_S:
            self._tell(label, finished=False)

    def finish(self) -> None:
        self._done = self._total
        self._tell("history loaded", finished=True)

    def _tell(self, label: str, *, finished: bool) -> None:
        self._told_at = time.monotonic()
        print(f"progress {self._done} {self._total} {label}", flush=True)
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            told = {"done": self._done, "total": self._total, "label": label, "finished": finished}
            _replace(self._file, orjson.dumps(told))


def _read(path: Path) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None


def _replace(path: Path, content: bytes) -> None:
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(path)
