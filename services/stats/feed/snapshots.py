"""The last figures on disk, so that a start over an empty broker has something to show. Knows files, not figures."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

FILE_NAME: Final = "figures.msgpack"
RECORDS_AT_ONCE: Final = 500  # encoding them keeps all other threads waiting for a millisecond
PAUSE_S: Final = 0.002
LENGTH_BYTES: Final = 4

Entry = tuple[bytes, bytes]


class _Title(msgspec.Struct, frozen=True):
    generation: str
    taken_at: datetime


_decode_title = msgspec.msgpack.Decoder(_Title).decode
_decode_entries = msgspec.msgpack.Decoder(list[Entry]).decode


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Records of the panes topic as they were applied. Shape: heads last, so that taking them in order applies all."""

    generation: str
    taken_at: datetime
    records: Iterable[Entry]


def save(directory: Path, snapshot: Snapshot) -> None:
    """Write the snapshot whole or not at all: a process killed in between leaves the one before.

    For a thread beside the event loop, which hardly notices it: records are encoded a few at a time.
    """
    directory.mkdir(parents=True, exist_ok=True)
    beside = directory / f"{FILE_NAME}.{os.getpid()}"
    with beside.open("wb") as file:
        _put(file, _Title(snapshot.generation, snapshot.taken_at))
        records = iter(snapshot.records)
        while portion := list(islice(records, RECORDS_AT_ONCE)):
            _put(file, portion)
            time.sleep(PAUSE_S)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(directory / FILE_NAME)


def load(directory: Path, *, generation: str) -> Snapshot | None:
    """The saved snapshot; None where there is none of this generation or the file cannot be read."""
    try:
        with (directory / FILE_NAME).open("rb") as file:
            frames = _frames(file)
            title = _decode_title(next(frames, b""))
            if title.generation != generation:
                return None
            records = [entry for frame in frames for entry in _decode_entries(frame)]
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return Snapshot(title.generation, title.taken_at, records)


def _put(file: BinaryIO, content: _Title | list[Entry]) -> None:
    frame = msgspec.msgpack.encode(content)
    file.write(len(frame).to_bytes(LENGTH_BYTES, "big") + frame)


def _frames(file: BinaryIO) -> Iterator[bytes]:
    while length := file.read(LENGTH_BYTES):
        yield file.read(int.from_bytes(length, "big"))
