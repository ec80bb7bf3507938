"""Asks the owners for events that are missing; owns how often, never what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import structlog

from services.stats.state.topic import Writer
from shared.contracts.outbox import ResendRequest
from shared.messaging.producer import partition_of

# The relay answers within a second; asking faster would only publish the same events several times over.
FIRST_PAUSE_S: Final = 5.0
HOLE_LONGEST_PAUSE_S: Final = 300.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Missing:
    """The events of one unit after a position.

    They may still come by themselves for `patience_s`; the pauses between requests grow to `longest_pause_s`.
    """

    topic: str
    unit: str
    after: int
    patience_s: float = 0.0
    longest_pause_s: float = HOLE_LONGEST_PAUSE_S


@dataclass(slots=True)
class _Asked:
    after: int
    pause_s: float
    next_s: float


class Resends:
    """Requests on outbox.resend.v1: at once, then ever less often, until nothing is missing any more."""

    def __init__(self, writer: Writer, *, partitions: int, requested_by: str) -> None:
        self._writer = writer
        self._partitions = partitions
        self._requested_by = requested_by
        self._asked: dict[tuple[str, str], _Asked] = {}

    async def ask(self, missing: Iterable[Missing], *, now_s: float) -> int:
        """Ask for what is due; how many requests were sent. What is not named any more is forgotten.

        Raises: one of BROKER_ERRORS.
        """
        named = {(one.topic, one.unit): one for one in missing}
        for healed in self._asked.keys() - named.keys():
            del self._asked[healed]
        sent = 0
        for key, one in named.items():
            asked = self._asked.get(key)
            if asked is None or asked.after != one.after:
                asked = self._asked[key] = _Asked(one.after, FIRST_PAUSE_S, now_s + one.patience_s)
            if now_s < asked.next_s:
                continue
            asked.next_s = now_s + asked.pause_s
            asked.pause_s = min(asked.pause_s * 2, one.longest_pause_s)
            log.warning("events are missing, asked for again", topic=one.topic, unit=one.unit, after=one.after)
            await self._request(one)
            sent += 1
        return sent

    async def _request(self, missing: Missing) -> None:
        request = ResendRequest(
            topic=missing.topic, unit=missing.unit, after=missing.after, requested_by=self._requested_by
        )
        record = missing.unit.encode(), request.model_dump_json().encode()
        await self._writer.write({partition_of(missing.unit, self._partitions): [record]})
