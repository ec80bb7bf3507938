"""What a relay tells of its topic: everything first, then what changed, everything again every half minute."""

from datetime import UTC, datetime

import pytest

from shared.clock import FixedClock
from shared.contracts.topics import PATROLS
from shared.outbox.entries import Hints
from shared.outbox.heartbeats import FULL_S, Heartbeats
from shared.outbox.watermarks import Publication


class Stopwatch:
    def __init__(self) -> None:
        self.s = 1_000.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def heartbeats(stopwatch: Stopwatch) -> Heartbeats:
    publication = Publication(PATROLS.name, 2, "cluster-b")
    clock = FixedClock(datetime(2026, 11, 23, tzinfo=UTC))
    return Heartbeats(PATROLS, publication, lineage="L1", partitions=12, clock=clock, monotonic=stopwatch)


def test_the_first_beat_tells_every_unit(heartbeats: Heartbeats) -> None:
    beat = heartbeats.next({"00070": 3, "00004": 1})

    assert (beat.full, beat.positions) == (True, {"00070": 3, "00004": 1})
    assert (beat.topic, beat.service, beat.lineage, beat.cluster_id) == ("patrols.v1", "patrols", "L1", "cluster-b")


def test_later_beats_tell_what_changed_and_come_when_nothing_did(heartbeats: Heartbeats) -> None:
    heartbeats.next({"00070": 3, "00004": 1})

    assert heartbeats.next({"00070": 4, "00004": 1}).positions == {"00070": 4}
    quiet = heartbeats.next({"00070": 4, "00004": 1})

    assert (quiet.full, quiet.positions) == (False, {})


def test_all_units_are_told_again_after_a_while(heartbeats: Heartbeats, stopwatch: Stopwatch) -> None:
    heartbeats.next({"00070": 3})
    stopwatch.s += FULL_S

    beat = heartbeats.next({"00070": 3})

    assert (beat.full, beat.positions) == (True, {"00070": 3})


def test_hints_keep_the_highest_position_until_they_are_taken() -> None:
    hints = Hints()
    hints.add("00070", 2)
    hints.add("00070", 1)
    hints.add("00004", 5)

    assert hints.wake.is_set()
    assert hints.take() == {"00070": 2, "00004": 5}
    assert hints.take() == {}
    assert not hints.wake.is_set()
