"""Entries give back the records that they were given, byte by byte."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from shared.outbox.packing import pack, unpack

records = st.lists(st.dictionaries(st.text(), st.text() | st.integers(-10, 10)).map(orjson.dumps), min_size=1)


@given(records)
def test_records_come_back_as_they_were_whatever_their_texts_hold(given_records: list[bytes]) -> None:
    packed = pack(given_records)

    assert unpack(packed) == given_records


def test_records_in_bulk_take_a_fraction_of_their_size() -> None:
    event = {"type": "patrol.completed.v1", "source": "/services/patrols", "data": {"was": None, "is": {"teams": 1}}}
    bulk = [orjson.dumps(event | {"position": position, "subject": f"{position:032x}"}) for position in range(1_000)]

    assert len(pack(bulk)) < sum(map(len, bulk)) / 8
