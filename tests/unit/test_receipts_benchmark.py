"""The measurement of guesses says what is wrong: one that finds no fault with anything would prove nothing."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.guesses import Guessed

GOOD = Guessed(
    guesses=1_000,
    hits=0,
    took_s=50.0,
    times_s=[0.05] * 1_000,
    worked_s=[0.003 * number for number in range(1_000)],
    grown_mb=1.0,
    store_grown_mb=1.0,
    stored=Counter({"receipt_keys": 50}),
    asked_for_proof=0,
    free=150,
)


def test_guesses_that_hit_nothing_and_cost_the_same_to_the_end_are_no_fault() -> None:
    assert GOOD.faults() == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"hits": 1}, "1 guesses hit"),
        ({"worked_s": [0.000_003 * number**2 for number in range(1_000)]}, "more and more work"),
        ({"grown_mb": 500.0}, "memory grew"),
        ({"stored": Counter({"receipts": 1})}, "for good in receipts"),
        ({"stored": Counter({"decoys": 1})}, "for good in decoys"),
        ({"stored": Counter({"receipt_keys": 151})}, "left 151 keys"),
    ],
)
def test_what_guesses_must_not_do_is_told(change: dict[str, Any], fault: str) -> None:
    (told,) = replace(GOOD, **change).faults()

    assert fault in told
