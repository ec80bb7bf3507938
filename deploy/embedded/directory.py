"""The directory of a local set-up; owns what is in it and refuses to touch a directory that it did not make."""

import fcntl
import shutil
from pathlib import Path
from typing import IO, Final

MARKER: Final = ".commune-pulse"
OWN: Final = ("store", "keys", "logs", "demo", "stats", "kafka")


class DirectoryRefused(Exception):
    """The directory is not ours, or in use; the text says so in one sentence."""


class LocalDirectory:
    """Store data, keys, logs and demonstration state of one local set-up, for one supervisor at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: IO[str] | None = None

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def keys(self) -> Path:
        return self.path / "keys"

    def claim(self, *, fresh: bool = False) -> None:
        """Take the directory for this process, emptied if `fresh`. Raises: DirectoryRefused."""
        marker = self.path / MARKER
        if self.path.is_symlink() or (self.path.exists() and not self.path.is_dir()):
            raise DirectoryRefused(f"{self.path} is not a directory.")
        if self.path.is_dir() and any(self.path.iterdir()) and not marker.is_file():
            raise DirectoryRefused(
                f"{self.path} holds files that are not from `make run`; move them away, "
                "or name another directory with PULSE_DATA_DIR."
            )
        self.path.mkdir(parents=True, exist_ok=True)
        lock = marker.open("a", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise DirectoryRefused(f"Another `make run` is using {self.path}; end it first.") from None
        self._lock = lock
        if fresh:
            self._wipe()

    def release(self) -> None:
        """Leave the directory to the next one."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _wipe(self) -> None:
        for name in OWN:
            path = self.path / name
            if path.is_symlink():
                path.unlink()  # the link is in our way, what it points to is not ours
            elif path.exists():
                shutil.rmtree(path)
