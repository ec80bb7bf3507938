"""Entries give back the records that they were given, byte by byte."""

from datetime import UTC, datetime

import orjson
from hypothesis import given
from hypothesis import strategies as st

from shared.outbox.entries import Entry, _documents
from shared.outbox.packing import pack, unpack
from shared.outbox.sequences import _entry

records = st.lists(st.dictionaries(st.text(), st.text() | st.integers(-10, 10)).map(orjson.dumps), min_size=1)


@given(records)
def test_records_come_back_as_they_were_whatever_their_texts_hold(given_records: list[bytes]) -> None:
    packed = pack(given_records)

    assert unpack(packed) == given_records


def test_records_in_bulk_take_a_fraction_of_their_size() -> None:
    event = {"type": "patrol.completed.v1", "source": "/services/patrols", "data": {"was": None, "is": {"teams": 1}}}
    bulk = [orjson.dumps(event | {"position": position, "subject": f"{position:032x}"}) for position in range(1_000)]

    assert len(pack(bulk)) < sum(map(len, bulk)) / 8


def test_an_entry_that_is_kept_coarsely_does_not_say_when_it_was_committed() -> None:
    at = datetime(2026, 3, 2, 9, 7, 13, tzinfo=UTC)
    anonymous, named = (Entry("tips.v1", "00070", 1, [b"{}"], at, step_s) for step_s in (900, 0))

    (coarse,), (exact,) = ([_entry(document) for document in _documents(each)] for each in (anonymous, named))

    assert (coarse.recorded_at, coarse.is_exact) == (at.replace(minute=0, second=0), False)
    assert (exact.recorded_at, exact.is_exact) == (at, True)
