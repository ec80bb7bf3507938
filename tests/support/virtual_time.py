"""An event loop whose time passes by waiting and by what a test says took time, the same on every machine."""

import asyncio
import selectors
from collections.abc import Coroutine
from math import ceil
from typing import Any, Final, TypeVar

T = TypeVar("T")

LOOK_S: Final = 1e-5
"""What each turn of the loop takes."""


class VirtualTime(asyncio.SelectorEventLoop):
    """Waits as selectors do: for whole milliseconds from when it is asked, rounded up."""

    def __init__(self) -> None:
        self.now_s = 0.0
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self.now_s


class _Selector(selectors.SelectSelector):
    def __init__(self, loop: VirtualTime) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        self._loop.now_s += LOOK_S + ceil((timeout or 0.0) * 1e3) / 1e3
        return super().select(0)


def work(took_s: float) -> None:
    """Let time pass as work does that keeps the loop busy."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTime)
    loop.now_s += took_s


def run(main: Coroutine[Any, Any, T]) -> T:
    """What the coroutine gives, in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        return runner.run(main)
