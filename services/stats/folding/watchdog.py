"""Ends a worker that stands still although there is something to fold; recovers and folds nothing itself.

A thread passes the judgement: a fold that never gives the event loop back would keep every task from it, while the
consumer's own thread goes on telling the group that all is well.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

import structlog
from faust.types import TP

from shared.contracts.topics import FACT_TOPICS
from shared.messaging.admin import BROKER_ERRORS, Admin
from shared.settings import Settings
from shared.telemetry import metrics

log = structlog.get_logger(__name__)

PATIENCE_S: Final = 60.0
LOOK_S: Final = 5.0
ASLEEP_LOOKS: Final = 3  # a process that judged nothing for so many looks was asleep itself
EXIT_STILL: Final = 70  # EX_SOFTWARE: the next process recovers what this one could not go on with
LAST_WORDS_S: Final = 2.0

Marks = Mapping[TP, int]
"""How far each assigned partition is: an offset, or whatever else rises while work goes on."""


class Stillness:
    """For how long something has not moved although it should. Pure: it is told the time."""

    def __init__(self, *, patience_s: float, look_s: float) -> None:
        self._patience_s = patience_s
        self._asleep_s = look_s * ASLEEP_LOOKS
        self._standing: dict[TP, tuple[int, float]] = {}  # the mark of a partition that is behind, and since when
        self._seen_s: float | None = None
        self._judged_s: float | None = None

    def see(self, now_s: float, marks: Marks, ends: Mapping[TP, int]) -> float:
        """Take note of how far partitions are and where their logs end. Returns how long the slowest has stood."""
        known, standing = self._standing, {}
        for tp, mark in marks.items():
            if mark < ends.get(tp, 0):
                same = tp in known and known[tp][0] == mark
                standing[tp] = known[tp] if same else (mark, now_s)
        self._standing, self._seen_s = standing, now_s
        return max((now_s - since_s for _, since_s in standing.values()), default=0.0)

    def rest(self, now_s: float) -> None:
        """The broker does not answer: nobody knows whether there is anything to fold."""
        self._standing, self._seen_s = {}, now_s

    def verdict(self, now_s: float) -> str | None:
        """Why the worker has to end, if it has to. After a sleep of the whole process waiting begins anew."""
        asleep = self._judged_s is not None and now_s - self._judged_s > self._asleep_s
        self._judged_s = now_s
        if asleep or self._seen_s is None:
            self._standing = {tp: (mark, now_s) for tp, (mark, _) in self._standing.items()}
            self._seen_s = now_s
        if now_s - self._seen_s >= self._patience_s:
            return f"the event loop has not come round for {now_s - self._seen_s:.0f} s"
        for tp, (mark, since_s) in self._standing.items():
            if now_s - since_s >= self._patience_s:
                where = f"stood at {mark}" if mark >= 0 else "not been recovered any further"
                return f"{tp.topic}/{tp.partition} has {where} for {now_s - since_s:.0f} s with events to fold"
        return None


class Watchdog:
    """Looks at a worker's progress, and ends its process when there is none."""

    def __init__(self, settings: Settings, *, marks: Callable[[], Marks]) -> None:
        self._marks = marks
        self._partitions = settings.kafka_partitions
        self._admin = Admin(settings)
        self._stillness = Stillness(patience_s=PATIENCE_S, look_s=LOOK_S)
        self._stop = threading.Event()

    async def keep_looking(self) -> None:
        """Look until cancelled; meanwhile a thread judges what was seen."""
        threading.Thread(target=self._judge, name="watchdog", daemon=True).start()
        try:
            while True:
                await self._look()
                await asyncio.sleep(LOOK_S)
        finally:
            self._stop.set()
            await self._admin.close()

    async def _look(self) -> None:
        try:
            # Asked of the broker itself: a consumer that hangs tells the ends that it saw last.
            ends = [(topic.name, await self._admin.ends(topic.name, self._partitions)) for topic in FACT_TOPICS]
        except BROKER_ERRORS:
            self._stillness.rest(time.monotonic())
            return
        of_partitions = {TP(name, partition): end for name, some in ends for partition, end in some.items()}
        metrics.WORKER_STANDING.set(self._stillness.see(time.monotonic(), self._marks(), of_partitions))

    def _judge(self) -> None:
        while not self._stop.wait(LOOK_S):
            reason = self._stillness.verdict(time.monotonic())
            if reason is not None:
                end_process(reason)


def end_process(reason: str) -> None:
    """End at once, without a last flush: what cannot move cannot say good-bye, and fences make that harmless."""
    # Telling may block as well, on a lock that the loop holds or a pipe that nobody reads.
    last_resort = threading.Timer(LAST_WORDS_S, os._exit, args=(EXIT_STILL,))
    last_resort.daemon = True
    last_resort.start()
    log.critical("the worker stands still and ends itself", reason=reason, exit_code=EXIT_STILL)
    sys.stdout.flush()
    os._exit(EXIT_STILL)
