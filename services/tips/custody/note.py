"""What an officer writes beside a step of a tip, as it goes into a seal and comes out of one; pure."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Self

import msgspec

from services.tips.domain.states import TipStatus

MAX_NOTES: Final = 200  # a tip goes through a handful of steps; this only ends what a program would do for ever


class Occasion(StrEnum):
    """What a note was written beside."""

    CHECK = "check"
    DECISION = "decision"
    VOIDING = "voiding"
    HOLD = "hold"


LIMITED: Final = frozenset({Occasion.CHECK, Occasion.DECISION})
"""Nothing may stand in the way of a voiding or a hold."""


@dataclass(frozen=True, slots=True)
class Note:
    """What was noted, by whom, and what the tip had come to then. All of it is sealed: it may name people."""

    status: TipStatus
    noted_at: datetime
    by: str
    text: str = field(repr=False)
    occasion: Occasion = Occasion.CHECK

    def encoded(self) -> bytes:
        """As it is sealed."""
        return msgspec.json.encode(self)

    @classmethod
    def decoded(cls, content: bytes) -> Self:
        """As it was sealed."""
        return msgspec.json.decode(content, type=cls)
