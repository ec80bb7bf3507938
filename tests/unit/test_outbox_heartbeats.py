"""What a relay tells of its topic: everything first, then what changed, everything again every half minute."""

from datetime import UTC, datetime

import pytest

from shared.clock import FixedClock
from shared.contracts.topics import PATROLS
from shared.outbox.entries import CARRIED_ENTRIES, CARRIED_RECORDS, Entry, Hints
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


def test_an_entry_comes_along_once_unless_it_is_large_or_old() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    entries = [Entry("patrols.v1", "00070", first, [b"{}"], at) for first in range(1, CARRIED_ENTRIES + 2)]
    large = Entry("patrols.v1", "00004", 1, [b"{}"] * (CARRIED_RECORDS + 1), at)
    hints = Hints()

    for entry in (*entries, large):
        hints.add(entry.unit, entry.last, entry)

    assert hints.entry("00070", 2) is entries[1]
    assert hints.entry("00070", 2) is None
    assert hints.entry("00070", 1) is None
    assert hints.entry("00004", 1) is None
    assert hints.take() == {"00070": CARRIED_ENTRIES + 1, "00004": CARRIED_RECORDS + 1}
