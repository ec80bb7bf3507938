"""The last figures on disk, so that a start over an empty broker has something to show. Knows files, not figures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

FILE_NAME: Final = "figures.msgpack"


class Snapshot(msgspec.Struct, frozen=True):
    """Records of the panes topic as they were applied. Shape: heads last, so that taking them in order applies all."""

    generation: str
    taken_at: datetime
    records: Sequence[tuple[bytes, bytes]]


def save(directory: Path, snapshot: Snapshot) -> None:
    """Write the snapshot whole or not at all: a process killed in between leaves the one before."""
    directory.mkdir(parents=True, exist_ok=True)
    beside = directory / f"{FILE_NAME}.{os.getpid()}"
    with beside.open("wb") as file:
        file.write(msgspec.msgpack.encode(snapshot))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(directory / FILE_NAME)


def load(directory: Path, *, generation: str) -> Snapshot | None:
    """The saved snapshot; None where there is none of this generation or the file cannot be read."""
    try:
        snapshot = msgspec.msgpack.decode((directory / FILE_NAME).read_bytes(), type=Snapshot)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return snapshot if snapshot.generation == generation else None
