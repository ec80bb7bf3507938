"""What stays is not looked at again, and what is given up is still freed."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from shared.garbage import spare_what_stays


class Held:
    pass


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_full_rounds_pass_over_what_was_there() -> None:
    before = [{"n": [number]} for number in range(10_000)]

    spare_what_stays()

    assert gc.get_freeze_count() > len(before)
    assert all(tracked is not before for tracked in gc.get_objects())


def test_a_cycle_among_what_was_spared_is_freed_by_the_next_call() -> None:
    one, other = Held(), Held()
    one.other, other.one = other, one  # type: ignore[attr-defined]
    gone = weakref.ref(one)
    spare_what_stays()
    del one, other

    gc.collect()
    assert gone() is not None
    spare_what_stays()

    assert gone() is None
