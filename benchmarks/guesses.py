"""What it costs to guess receipts: hits, time per guess, memory and what is stored of it; owns no command."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Final

from deploy.embedded.memory import resident_mb
from services.tips.receipts import new_receipt
from services.tips.repository import RECEIPT_KEYS, RECEIPT_KEYS_KEPT
from services.tips.settings import TipsSettings
from tests.integration.tips_rig import TipsRig

GUESSERS: Final = 32  # the pace makes each wait; their own times are not compared
MESSAGE_EVERY: Final = 20  # of so many guesses one is made by writing: whoever guesses may do that as well
FORGOTTEN: Final = frozenset({RECEIPT_KEYS})
DEARER: Final = 1.5  # how much more work the last tenth may be than the first; chance gives a few percent
GROWTH_MB: Final = 64.0  # what the allocator and the driver's pool take for so many callers, however many guesses
SETTLED: Final = 2_000  # guesses after which whatever is made on first use is there


@dataclass(frozen=True, slots=True)
class Guessed:
    """What so many guesses came to. Units: seconds, megabytes, documents."""

    guesses: int
    hits: int
    took_s: float
    times_s: list[float]
    worked_s: list[float]
    """What the intake had worked after each guess: its own time on a processor, which others do not change."""
    grown_mb: float
    store_grown_mb: float
    stored: Counter[str]
    asked_for_proof: int
    """Messages above the budget; who guesses would have to work for each of them."""
    free: int
    """How many messages the budget takes in that time without proof."""

    def lines(self) -> list[str]:
        """What is told of it."""
        first, last = self._worked_by_tenth()
        left = ", ".join(f"{name} +{count:,}" for name, count in sorted(self.stored.items())) or "nothing"
        return [
            f"{self.guesses:,} guesses of receipts in {self.took_s:,.0f} s by {GUESSERS} at a time: {self.hits} hits",
            f"  time per guess: median {median(self.times_s) * 1e3:.1f} ms, p99 {_p99(self.times_s) * 1e3:.1f} ms",
            f"  work per guess: {first * 1e3:.2f} ms in the first tenth, {last * 1e3:.2f} ms in the last",
            f"  memory: intake {self.grown_mb:+.1f} MB, store {self.store_grown_mb:+.1f} MB",
            f"  stored: {left} (keys of repeats are forgotten in {RECEIPT_KEYS_KEPT.total_seconds() / 60:.0f} minutes)",
            f"  messages: {self.asked_for_proof:,} were asked for proof, {self.free:,} could be free",
        ]

    def faults(self) -> list[str]:
        """What should not be."""
        first, last = self._worked_by_tenth()
        kept, keys = sorted(self.stored.keys() - FORGOTTEN), self.stored[RECEIPT_KEYS]
        found = {
            f"{self.hits} guesses hit": self.hits > 0,
            "guesses become more and more work": last > DEARER * first,
            f"the intake's memory grew by more than {GROWTH_MB:.0f} MB": self.grown_mb > GROWTH_MB,
            f"guesses left {keys:,} keys, and {self.free:,} messages could be free": keys > self.free,
            f"guesses leave something for good in {', '.join(kept)}": bool(kept),
        }
        return [fault for fault, is_so in found.items() if is_so]

    def _worked_by_tenth(self) -> tuple[float, float]:
        tenth = max(1, len(self.worked_s) // 10)
        first, last = self.worked_s[: tenth + 1], self.worked_s[-tenth - 1 :]
        return (first[-1] - first[0]) / tenth, (last[-1] - last[0]) / tenth


async def guessed(rig: TipsRig, guesses: int, *, store_pid: int) -> Guessed:
    """Guess receipts that are written correctly, as whoever knows their form does."""
    await _guess_all(rig, min(SETTLED, guesses))
    stored, memory, store_memory = await _stored(rig), resident_mb(os.getpid()), resident_mb(store_pid)
    began = time.perf_counter()
    times, worked, answers = await _guess_all(rig, guesses)
    took_s = time.perf_counter() - began
    grown, store_grown = resident_mb(os.getpid()) - memory, resident_mb(store_pid) - store_memory
    return Guessed(
        guesses=guesses,
        hits=answers["hit"],
        took_s=took_s,
        times_s=times,
        worked_s=worked,
        grown_mb=grown,
        store_grown_mb=store_grown,
        stored=await _stored(rig) - stored,
        asked_for_proof=answers["asked for proof"],
        free=_free(rig, took_s),
    )


def _free(rig: TipsRig, took_s: float) -> int:
    settings = rig.runtime.settings
    assert isinstance(settings, TipsSettings)
    return settings.messages_burst + ceil(took_s * settings.messages_per_s)


async def _guess_all(rig: TipsRig, guesses: int) -> tuple[list[float], list[float], Counter[str]]:
    times: list[float] = []
    worked: list[float] = []
    answers: Counter[str] = Counter()
    numbers = iter(range(guesses))

    async def guess() -> None:
        for number in numbers:
            began = time.perf_counter()
            answers[await (_tells(rig) if number % MESSAGE_EVERY else _reaches(rig))] += 1
            times.append(time.perf_counter() - began)
            worked.append(time.process_time())

    async with asyncio.TaskGroup() as guessers:
        for _ in range(GUESSERS):
            guessers.create_task(guess())
    return times, worked, answers


async def _tells(rig: TipsRig) -> str:
    answer = await rig.client.post("/v1/receipts/status", json={"receipt": new_receipt()})
    return "miss" if answer.json()["status"] == "unknown" else "hit"


async def _reaches(rig: TipsRig) -> str:
    """A message is answered alike; whether it reached a tip is told by what is stored."""
    answer = await rig.post("/v1/receipts/messages", {"receipt": new_receipt(), "text": "x"})
    assert answer.status_code in (201, 429), answer.text
    return "sent" if answer.status_code == 201 else "asked for proof"


async def _stored(rig: TipsRig) -> Counter[str]:
    """Documents by collection."""
    store = rig.runtime.store
    names = await store.collection_names()
    return Counter({name: await store.collection(name).count_documents({}) for name in names})


def _p99(times: list[float]) -> float:
    return sorted(times)[len(times) * 99 // 100]
