"""What recovery takes of a named window, and what it finds to have been written over a newer one."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from services.stats.panes import NamedWindow, encode
from services.stats.state.topic import StateReader
from shared.settings import Settings

WINDOW = NamedWindow("campaign:a", "campaign", "01", "A", date(2026, 1, 1), position=3)
WITHDRAWN = msgspec.structs.replace(WINDOW, position=5, withdrawn=True)


@dataclass(frozen=True)
class Written:
    """A record as a consumer gives it."""

    key: bytes
    value: bytes
    offset: int


async def test_an_older_window_on_top_is_passed_over_and_given_to_whoever_keeps_guard() -> None:
    reader = StateReader(Settings(), topic="stats.panes.v1.g", generation="g")
    written: Any = [Written(each.key, encode(each), offset) for offset, each in enumerate((WINDOW, WITHDRAWN, WINDOW))]
    winners: dict[bytes, Any] = {}

    reader._see(0, written, winners)
    await reader.stop()

    assert winners == {WINDOW.key: (WINDOW.key, encode(WITHDRAWN))}
    assert reader._older_on_top == {0: {WINDOW.key: encode(WINDOW)}}
