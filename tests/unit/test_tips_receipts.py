"""Receipts of reporters."""

from collections import Counter
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tips.receipts import ALPHABET, LENGTH, ReceiptHasher, new_receipt, read_receipt
from shared.errors import InvalidInput

positions = st.integers(min_value=0, max_value=LENGTH - 1)


def test_a_receipt_has_twenty_characters_that_nobody_confuses() -> None:
    receipts = {new_receipt() for _ in range(200)}

    assert len(receipts) == 200
    assert all(len(receipt) == LENGTH and set(receipt) <= set(ALPHABET) for receipt in receipts)
    assert not set("ILOU") & set(ALPHABET)


def test_no_character_of_a_receipt_is_likelier_than_another() -> None:
    drawn = Counter(character for _ in range(4_000) for character in new_receipt()[:-1])

    expected = drawn.total() / len(ALPHABET)
    assert len(drawn) == len(ALPHABET)
    # Of 76,000 each has 2,375, give or take 48: six times that happens to one of 32 once in ten million runs.
    assert max(abs(count - expected) for count in drawn.values()) < 6 * sqrt(expected)


def test_a_receipt_is_read_as_people_write_it() -> None:
    receipt = next(r for r in iter(new_receipt, None) if "0" in r and "1" in r)

    written = "-".join(receipt[i : i + 5] for i in range(0, LENGTH, 5)).lower().replace("0", "o").replace("1", "l")

    assert read_receipt(f" {written} ") == receipt


@given(at=positions, character=st.sampled_from(ALPHABET))
def test_every_wrong_character_is_noticed(at: int, character: str) -> None:
    receipt = new_receipt()
    mistyped = receipt[:at] + character + receipt[at + 1 :]

    if mistyped == receipt:
        assert read_receipt(mistyped) == receipt
    else:
        with pytest.raises(InvalidInput, match="mistyped"):
            read_receipt(mistyped)


@given(first=positions, second=positions)
def test_every_swap_of_two_characters_is_noticed(first: int, second: int) -> None:
    receipt = new_receipt()
    characters = list(receipt)
    characters[first], characters[second] = characters[second], characters[first]
    swapped = "".join(characters)

    if swapped == receipt:
        assert read_receipt(swapped) == receipt
    else:
        with pytest.raises(InvalidInput, match="mistyped"):
            read_receipt(swapped)


@pytest.mark.parametrize("written", ["", "WHO AM I", "0" * 21, "U" * LENGTH, "Nguyễn Văn A ở tổ 5 x"])
def test_what_is_no_receipt_is_refused_without_repeating_it(written: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_receipt(written)

    assert not written or written not in str(refusal.value.detail)


def test_what_is_stored_depends_on_the_key() -> None:
    receipt = new_receipt()

    one, other = ReceiptHasher(b"k" * 32).digest(receipt), ReceiptHasher(b"l" * 32).digest(receipt)

    assert one != other
    assert ReceiptHasher(b"k" * 32).digest(receipt) == one
    assert receipt not in one


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        ReceiptHasher(b"short")
