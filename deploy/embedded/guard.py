"""Ends what its owner leaves behind; owns a list of process groups and runs on the standard library alone."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Final

GRACE_S: Final = 12.0  # services drain within this; the supervisor that would have asked them is gone


class Guard:
    """A small process at the far end of a pipe: when the owner dies, however it dies, the pipe closes.

    A signal sent by the kernel at the parent's death would do on Linux only, and would miss grandchildren.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._groups: set[int] = set()

    def watch(self, group: int) -> None:
        """Have this process group ended when the owner is gone."""
        self._groups.add(group)
        self._say(f"+{group}")

    def forget(self, group: int) -> None:
        """Leave this process group alone from now on: it has ended, and its number may be given anew."""
        self._groups.discard(group)
        self._say(f"-{group}")

    def close(self) -> None:
        """End the guard, and with it whatever is still watched."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process.wait()
            self._process = None

    def _say(self, line: str) -> None:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-S", "-E", str(Path(__file__).resolve())],
                stdin=subprocess.PIPE,
                start_new_session=True,
                text=True,
                bufsize=1,
            )
            line = "\n".join(f"+{group}" for group in sorted(self._groups))
        pipe = self._process.stdin
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.write(line + "\n")


def signal_group(group: int, number: signal.Signals) -> bool:
    """Send a signal to a process group; false when nobody is left in it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        return False
    return True


def stand(pipe: IO[str], *, grace_s: float = GRACE_S) -> None:
    """Read `+group` and `-group` until the owner is gone, then end every group that is left."""
    groups: set[int] = set()
    for line in pipe:
        sign, number = line[:1], line[1:].strip()
        if number.isdecimal():
            (groups.add if sign == "+" else groups.discard)(int(number))
    for group in groups:
        signal_group(group, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while groups and time.monotonic() < deadline:
        groups = {group for group in groups if _alive(group)}
        time.sleep(0.05)
    for group in groups:
        signal_group(group, signal.SIGKILL)


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stand(sys.stdin)
