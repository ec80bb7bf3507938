"""Knows a report that comes word for word again within its window; keeps a keyed hash of it for no longer than that."""

import asyncio
import hmac
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from weakref import WeakValueDictionary

from shared.errors import ConcurrentChange
from shared.store.client import DuplicateKey, Session, Store
from shared.work import Write

LEAST_LETTERS: Final = 20  # two people in need may well write the same few words


def normalised(text: str) -> str:
    """The text by its letters and digits alone: case, spaces, marks and punctuation make no other report of it."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(character for character in plain if character.isalnum()).replace("đ", "d")


def digest_of(key: bytes, window: int, *parts: str) -> str:
    """The keyed hash of a report within one window; in another window the same report has another one."""
    told = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in (str(window), *parts))
    return hmac.digest(key, told, "sha256").hex()


@dataclass(frozen=True, slots=True)
class Sighting:
    """One report as it is looked for: its hash, when that is forgotten, and the first tip of it in the window."""

    digest: str
    until: datetime
    first: str | None


@dataclass(frozen=True, slots=True)
class Repeats:
    """The reports of the present window. Units: `window_s` of 0 means that none is known."""

    key: bytes = field(repr=False)
    window_s: int
    reports: "Reports"
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def digest(self, now: datetime, text: str, *told: str) -> str | None:
        """What tells this report from others, unless it is too short to tell."""
        letters = normalised(text)
        if not self.window_s or len(letters) < LEAST_LETTERS:
            return None
        return digest_of(self.key, self._window(now), letters, *told)

    def alone(self, digest: str) -> asyncio.Lock:
        """Lets the same report of one process wait for each other; of several processes the store decides."""
        return self._locks.setdefault(digest, asyncio.Lock())

    async def seen(self, digest: str, now: datetime) -> Sighting:
        until = datetime.fromtimestamp((self._window(now) + 1) * self.window_s, UTC)
        return Sighting(digest, until, await self.reports.first(digest))

    def _window(self, now: datetime) -> int:
        return int(now.timestamp()) // self.window_s


class Reports:
    """The first tip of each report of the window; forgotten with the window, and its time is no time of the tip."""

    def __init__(self, store: Store) -> None:
        self._first = store.collection("recent_reports")

    async def open(self) -> None:
        """Make the index; safe to repeat."""
        await self._first.create_index("until", expireAfterSeconds=0)

    async def first(self, digest: str) -> str | None:
        """The id of the first tip of this report."""
        found = await self._first.find_one({"_id": digest})
        return str(found["tip"]) if found else None

    def noting(self, sighting: Sighting, tip: str) -> Write:
        """The write that makes this tip the first. Raises, when it runs: ConcurrentChange if another was faster."""

        async def write(session: Session) -> None:
            if sighting.first is None:
                try:
                    await self._first.insert_one(
                        {"_id": sighting.digest, "tip": tip, "until": sighting.until}, session=session
                    )
                except DuplicateKey:
                    raise ConcurrentChange("The same report came in at the same time.") from None
            else:
                there = {"_id": sighting.digest, "tip": sighting.first}
                outcome = await self._first.update_one(there, {"$set": {"tip": tip}}, session=session)
                if outcome.matched_count != 1:
                    raise ConcurrentChange("The same report came in at the same time.")

        return write
