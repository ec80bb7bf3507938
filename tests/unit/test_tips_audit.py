"""The audit chain: what was altered, left out or cut off shows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tips.custody.audit import NO_HASH, Action, Deed, Entry, Head, fault

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CHANGES = {
    "at": AT + timedelta(hours=1),
    "deed": Deed(Action.SHREDDED, "somebody else", "administrator"),
    "previous": "1" * 64,
    "hash": "2" * 64,
    "seq": 99,
}


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    head = Head()
    for number in range(length):
        deed = Deed(Action.CONTENT_READ, f"officer-{number % 3}", "commune_officer", tip=f"tip-{number}")
        entries.append(Entry.after(head, deed, at=AT + timedelta(seconds=number)))
        head = Head(entries[-1].seq, entries[-1].hash)
    return entries


def heads(entries: list[Entry]) -> list[Head]:
    return [Head(entry.seq, entry.hash) for entry in entries]


@given(length=st.integers(0, 12))
def test_an_untouched_chain_is_intact_beside_all_its_published_heads(length: int) -> None:
    entries = chain(length)

    assert fault(entries, heads(entries)) is None


@given(length=st.integers(1, 12), at=st.integers(0, 11), change=st.sampled_from(sorted(CHANGES)))
def test_an_altered_entry_shows(length: int, at: int, change: str) -> None:
    entries = chain(length)
    at %= length
    entries[at] = replace(entries[at], **{change: CHANGES[change]})  # type: ignore[arg-type]

    assert fault(entries) is not None


@given(length=st.integers(2, 12), at=st.integers(0, 10))
def test_a_removed_entry_shows(length: int, at: int) -> None:
    entries = chain(length)
    del entries[at % (length - 1)]

    assert "is missing" in (fault(entries) or "")


@given(length=st.integers(1, 12), kept=st.integers(0, 11))
def test_a_cut_tail_shows_to_whoever_kept_a_head(length: int, kept: int) -> None:
    entries = chain(length)
    shorter = entries[: kept % length]

    assert fault(shorter) is None  # the chain alone cannot tell
    assert fault(shorter, heads(entries)[-1:]) == f"the chain ends at {len(shorter)}, and {length} was published"


def test_a_chain_written_anew_from_some_entry_on_shows_to_whoever_kept_a_head() -> None:
    published = heads(chain(5))
    forged = chain(3)
    forged.append(Entry.after(Head(3, forged[-1].hash), Deed(Action.REKEYED, "x", "custodian"), at=AT))
    forged.append(Entry.after(Head(4, forged[-1].hash), Deed(Action.REKEYED, "x", "custodian"), at=AT))

    assert fault(forged) is None
    assert fault(forged, published[-1:]) == "entry 5 is not the one that was published"


@pytest.mark.parametrize("true_first", [True, False])
def test_two_heads_of_one_entry_cannot_both_be_led_over(true_first: bool) -> None:
    entries = chain(2)
    told = [heads(entries)[1], Head(2, "f" * 64)]

    assert fault(entries, told if true_first else told[::-1]) == "entry 2 is not the one that was published"


def test_what_is_published_tells_neither_who_nor_what() -> None:
    (entry,) = chain(1)

    record = entry.event("01").record(position=1, lineage="a", recorded_at=AT).decode()

    assert entry.hash in record
    assert not [word for word in ("officer", "tip-0", "content_read") if word in record]


@pytest.mark.parametrize("text", ["", "17", "17:abc", f"x:{NO_HASH}"])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a head"):
        Head.read(text)


def test_a_head_is_read_as_it_is_written() -> None:
    (head,) = heads(chain(1))

    assert Head.read(f" {head}\n") == head
