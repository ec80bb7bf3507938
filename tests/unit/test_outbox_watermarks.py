"""Watermarks are written together where many move, and at once where one does."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from shared.outbox import watermarks as module
from shared.outbox.watermarks import Publication, Watermarks

PUBLICATION = Publication("tips.v1", 1, "cluster")


class Written:
    """A store that remembers how many watermarks each write moved."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def collection(self, _: str) -> Any:
        return SimpleNamespace(bulk_write=self._bulk_write)

    async def _bulk_write(self, updates: list[Any], **_: Any) -> None:
        self.sizes.append(len(updates))


async def test_the_first_is_written_at_once_and_those_that_follow_together(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Written()

    await moved(20, store, gather_s=3_600, monkeypatch=monkeypatch)

    assert store.sizes == [1, 19]


async def test_without_the_gathering_each_is_a_write_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Written()

    await moved(20, store, gather_s=0, monkeypatch=monkeypatch)

    assert store.sizes == [1] * 20


async def moved(units: int, store: Written, *, gather_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many units move, each after the writer had its chance; the rest is written at the end of the term."""
    monkeypatch.setattr(module, "GATHER_S", gather_s)
    marks = Watermarks(store, PUBLICATION)  # type: ignore[arg-type]
    writing = asyncio.create_task(marks.run())
    for number in range(units):
        marks.move(f"{number:05}", 1)
        for _ in range(5):
            await asyncio.sleep(0)
    writing.cancel()
    await marks.flush()
