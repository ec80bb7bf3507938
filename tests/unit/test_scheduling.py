"""The self-check begins with its local hour."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from services.stats.generations.scheduling import next_check

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
