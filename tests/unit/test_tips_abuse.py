"""What slows a flood: the budget, signed tickets and the hash of repeated reports, each without a server."""

import hashlib
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.tips.abuse.budget import LEAST_BITS, LONGEST_TURN_S, MOST_BITS, SHORTEST_TURN_S, Budget
from services.tips.abuse.gate import Gate, ProofWanted
from services.tips.abuse.repeats import digest_of, normalised
from services.tips.abuse.tickets import Ticket, UnusableTicket, derived_key, read_proof, solve, solves
from shared.clock import FixedClock

KEY = bytes(range(32))
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SCRIPT = Path(__file__).resolve().parents[2] / "services" / "tips" / "pages" / "proof.js"


class Remembered:
    """Which tickets a gate wants to use up."""

    def __init__(self) -> None:
        self.tickets: list[Ticket] = []

    def spending(self, ticket: Ticket, refusal: Any) -> str:
        self.tickets.append(ticket)
        return ticket.nonce


def gate(clock: FixedClock, *, burst: int = 1) -> Gate:
    return Gate(Budget(1.0, burst), KEY, clock, Remembered())  # type: ignore[arg-type]


def wanted(at: Gate, proof: str | None = None) -> ProofWanted:
    with pytest.raises(ProofWanted) as refusal:
        at.admit(proof)
    return refusal.value


# -- the budget


@given(
    st.floats(0.1, 50), st.integers(1, 50), st.lists(st.floats(0, 20, allow_subnormal=False), min_size=1, max_size=200)
)
def test_no_span_of_time_takes_more_than_the_burst_and_the_rate(per_s: float, burst: int, gaps: list[float]) -> None:
    budget, at_s, taken = Budget(per_s, burst), 1_000.0, []
    for gap in gaps:
        at_s += gap
        if budget.take(at_s):
            taken.append(at_s)

    for first in range(len(taken)):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + (taken[last] - taken[first]) * per_s + 1e-6


@given(st.floats(0.1, 50), st.integers(1, 50))
def test_a_budget_that_is_used_up_fills_again(per_s: float, burst: int) -> None:
    budget = Budget(per_s, burst)
    assert [budget.take(1_000.0) for _ in range(burst + 1)] == [True] * burst + [False]

    assert budget.take(1_000.0 + 1.001 / per_s)


def test_work_grows_with_what_is_asked_and_shrinks_again() -> None:
    budget, bits = Budget(1.0, 10), []
    for number in range(30_000):
        budget.take(1_000.0 + number * 0.01)
        bits.append(budget.bits())

    assert bits[0] == LEAST_BITS
    assert bits == sorted(bits)
    assert LEAST_BITS < bits[-1] <= MOST_BITS
    budget.take(2_000.0)
    assert budget.bits() == LEAST_BITS


@given(st.lists(st.floats(0, 30, allow_subnormal=False), min_size=2, max_size=100))
def test_turns_come_one_after_the_other_and_nobody_waits_beyond_the_longest(gaps: list[float]) -> None:
    budget, at_s, waits = Budget(1.0, 1), 1_000.0, []
    turns = []
    for gap in gaps:
        at_s += gap
        turns.append(budget.turn_s(at_s))
        waits.append(turns[-1] - at_s)

    assert all(SHORTEST_TURN_S <= wait <= LONGEST_TURN_S for wait in waits)
    assert turns == sorted(turns)


def test_after_a_flood_turns_are_as_short_as_before() -> None:
    budget = Budget(1.0, 1)
    for number in range(10_000):
        budget.turn_s(number / 1_000)

    later = 10 + LONGEST_TURN_S

    assert budget.turn_s(later) - later == SHORTEST_TURN_S + 1.0


# -- tickets


@given(st.integers(0, 2**31), st.integers(1, 900), st.integers(0, 30), st.sampled_from(["work", "turn"]))
def test_a_ticket_reads_back_until_it_runs_out(from_s: int, length_s: int, bits: int, kind: Any) -> None:
    ticket = Ticket(kind, from_s, from_s + length_s, bits, "ab" * 16)

    text = ticket.signed(KEY)

    assert Ticket.read(text, KEY, now_s=from_s) == ticket
    with pytest.raises(UnusableTicket, match="run out"):
        Ticket.read(text, KEY, now_s=from_s + length_s)


@settings(max_examples=300)
@given(st.data())
def test_no_other_text_is_a_ticket(data: st.DataObject) -> None:
    text = Ticket("turn", 100, 700, 0, "ab" * 16).signed(KEY)
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters().filter(lambda character: character != text[at]))

    for forged in (text[:at] + other + text[at + 1 :], text[:at], text + other, data.draw(st.text(max_size=250))):
        with pytest.raises(UnusableTicket):
            Ticket.read(forged, KEY, now_s=200)
    with pytest.raises(UnusableTicket):
        Ticket.read(text, derived_key(KEY, b"other"), now_s=200)


@given(st.integers(1, 10))
@settings(deadline=None, max_examples=20)
def test_work_that_was_done_is_proof_and_work_that_was_not_is_none(bits: int) -> None:
    challenge = Ticket("work", 100, 700, bits, "cd" * 16).signed(KEY)

    proof = solve(challenge, bits)

    assert read_proof(proof, KEY, now_s=200).bits == bits
    undone = next(number for number in range(10_000) if not solves(challenge, str(number), bits))
    for idle in (f"{challenge}:{undone}", challenge + ":" + "1" * 1_000):
        with pytest.raises(UnusableTicket, match="not done"):
            read_proof(idle, KEY, now_s=200)


@pytest.mark.skipif(shutil.which("node") is None, reason="no node to run the script of the page")
def test_the_script_of_the_page_hashes_as_everybody_does() -> None:
    source = SCRIPT.read_text()
    function = source[: source.index("const proof =")]
    texts = ["", "abc", "x" * 55, "x" * 56, "x" * 64, "work.1.2.16." + "ab" * 16 + ":" + "7" * 60]
    told = subprocess.run(
        ["node", "-e", f"{function}; console.log({texts}.map(firstBits).join(' '))"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.split() == [
        str(int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")) for text in texts
    ]


# -- the gate


def test_above_the_budget_work_lets_in_once_asked_for() -> None:
    door = gate(FixedClock(NOW))
    assert door.admit(None) is None

    asked = wanted(door)

    assert (asked.status, asked.headers["retry-after"]) == (429, "10")
    assert {"challenge", "bits", "turn", "wait_s"} == asked.extra.keys()
    assert door.admit(solve(asked.challenge, asked.bits)) is not None


def test_a_turn_lets_in_when_it_has_come_and_not_before() -> None:
    clock = FixedClock(NOW)
    door = gate(clock)
    door.admit(None)
    asked = wanted(door)

    clock.advance(timedelta(seconds=0.5))
    early = wanted(door, asked.turn)
    clock.advance(timedelta(seconds=asked.wait_s))

    assert early.turn == asked.turn
    assert door.admit(asked.turn) is not None


def test_proof_that_is_no_good_still_finds_what_is_free() -> None:
    clock = FixedClock(NOW)
    door = gate(clock)

    assert door.admit("nonsense") is None
    wanted(door, "nonsense")
    clock.advance(timedelta(seconds=2))
    assert door.admit("nonsense") is None


def test_a_gate_without_a_budget_would_let_a_flood_in() -> None:
    sound, open_gate = gate(FixedClock(NOW), burst=5), gate(FixedClock(NOW), burst=1_000)

    admitted = [sum(_let_in(door) for _ in range(100)) for door in (sound, open_gate)]

    assert admitted == [5, 100]


def _let_in(door: Gate) -> bool:
    try:
        door.admit(None)
    except ProofWanted:
        return False
    return True


# -- repeated reports


@given(st.text(max_size=60))
def test_spaces_and_punctuation_make_no_other_report(text: str) -> None:
    assert normalised(f"  {text} !? ") == normalised(text)


def test_marks_make_no_other_report_and_words_do() -> None:
    assert normalised("Mất xe máy, lúc NỬA đêm.") == normalised("mat xe may luc nua dem")
    assert normalised("Mất xe máy") != normalised("Mất xe đạp")


@given(st.lists(st.text(max_size=8), min_size=1, max_size=4), st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_the_hash_tells_reports_apart_and_is_another_one_in_each_window(one: list[str], other: list[str]) -> None:
    assert (digest_of(KEY, 7, *one) == digest_of(KEY, 7, *other)) == (one == other)
    assert digest_of(KEY, 7, *one) != digest_of(KEY, 8, *one)
    assert digest_of(KEY, 7, *one) != digest_of(KEY[::-1], 7, *one)
