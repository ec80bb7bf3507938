"""The self-check begins with its local hour, and again where nothing came of it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.stats.generations import scheduling
from services.stats.generations.checking import EXIT_AGREES, EXIT_DIFFERS, EXIT_DONE_BEFORE, EXIT_NOTHING_DONE
from services.stats.generations.scheduling import next_check
from shared.clock import FixedClock

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-23T02:59:59+07:00", "2026-11-23T03:00:00+07:00"),
        ("2026-11-23T03:00:00+07:00", "2026-11-24T03:00:00+07:00"),
        ("2026-12-31T20:00:00+00:00", "2027-01-02T03:00:00+07:00"),
    ],
)
def test_the_check_is_due_when_its_hour_begins_next(now: str, due: str) -> None:
    assert next_check(datetime.fromisoformat(now), 3, ZONE) == datetime.fromisoformat(due)


@pytest.mark.parametrize(
    ("exit_codes", "tried"),
    [
        ([EXIT_AGREES], ["23 03:00", "24 03:00"]),
        ([EXIT_DIFFERS], ["23 03:00", "24 03:00"]),
        ([EXIT_DONE_BEFORE], ["23 03:00", "24 03:00"]),
        ([EXIT_NOTHING_DONE, -9, EXIT_AGREES], ["23 03:00", "23 03:30", "23 04:00", "24 03:00"]),
        ([EXIT_NOTHING_DONE] * 9, [*(f"23 {3 + n // 2:02}:{n % 2 * 30:02}" for n in range(8)), "24 03:00", "24 03:30"]),
    ],
)
async def test_a_check_that_nobody_ended_is_tried_again_in_the_same_night(
    exit_codes: list[int], tried: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, begun, codes = FixedClock(datetime(2026, 11, 23, 2, 59, tzinfo=ZONE)), [], iter(exit_codes)

    async def sleep(for_s: float) -> None:
        clock.advance(timedelta(seconds=for_s))

    async def check() -> int:
        begun.append(f"{clock.now().astimezone(ZONE):%d %H:%M}")
        if len(begun) == len(tried):
            raise asyncio.CancelledError
        return next(codes, EXIT_AGREES)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(scheduling, "_check", check)
    settings: Any = type("Settings", (), {"self_check_hour": 3, "zone": ZONE})

    with pytest.raises(asyncio.CancelledError):
        await scheduling.keep_checking(settings, clock)

    assert begun == tried
