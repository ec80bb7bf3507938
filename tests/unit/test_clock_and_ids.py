from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from shared.clock import FixedClock, SystemClock
from shared.ids import anonymous_id, new_id

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_fixed_clock_stands_still_until_advanced() -> None:
    clock = FixedClock(NOON)

    clock.advance(timedelta(seconds=5))

    assert clock.now() == clock.now() == NOON + timedelta(seconds=5)


def test_a_fixed_clock_refuses_a_time_without_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        FixedClock(datetime(2026, 11, 23))


def test_the_system_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_new_ids_follow_their_creation() -> None:
    ids = [new_id() for _ in range(100)]

    assert ids == sorted(ids)
    assert len(set(ids)) == 100
    assert UUID(ids[0]).version == 7


def test_anonymous_ids_do_not_tell_their_time() -> None:
    assert UUID(anonymous_id()).version == 4
