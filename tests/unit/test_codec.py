"""Reading records: what the fold needs, or the reason why not."""

from datetime import UTC, datetime

import pytest

from shared.contracts.patrols import PatrolChange, PatrolCompleted, PatrolFacts, PatrolKind
from shared.messaging.codec import Undecodable, decode, position_of, record_headers
from shared.messaging.producer import partition_of

AT = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


def record() -> bytes:
    facts = PatrolFacts(kind=PatrolKind.SECURITY, teams=1, participants=3, completed_at=AT)
    change = PatrolChange.model_validate({"was": None, "is": facts})
    event = PatrolCompleted(time=AT, subject="p-1", partitionkey="00070", data=change)
    return event.record(position=17, lineage="L1", recorded_at=AT)


def test_an_event_is_read_back() -> None:
    envelope = decode(record())

    assert (envelope.type, envelope.partitionkey, envelope.position) == ("patrol.completed.v1", "00070", 17)
    assert (envelope.time, envelope.lineage, envelope.subject) == (AT, "L1", "p-1")
    assert b'"participants":3' in bytes(envelope.data)


def test_unknown_fields_of_a_newer_producer_are_passed_over() -> None:
    newer = record()[:-1] + b',"severity":"high"}'

    assert decode(newer).position == 17


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"\xff not an event", "malformed"),
        (b"[]", "object"),
        (b"{}", "missing required field"),
        (record().replace(b'"position":17', b'"position":0'), "position"),
        (record().replace(b'"position":17', b'"position":"17"'), "position"),
        (record().replace(b'"time":"2026-11-23T08:30:00Z"', b'"time":"yesterday"'), "time"),
        (record().replace(b'"time":"2026-11-23T08:30:00Z"', b'"time":"2026-11-23T08:30:00"'), "time"),
    ],
)
def test_what_cannot_be_read_says_why(value: bytes | None, reason: str) -> None:
    with pytest.raises(Undecodable, match=reason):
        decode(value)


@pytest.mark.parametrize(
    ("headers", "position"),
    [(record_headers(17), 17), ([], None), ([("position", b"x")], None), ([("position", b"")], None)],
)
def test_the_position_is_known_without_the_value(headers: list[tuple[str, bytes]], position: int | None) -> None:
    assert position_of(headers) == position


@pytest.mark.parametrize(("unit", "partition"), [("00070", 11), ("00004", 11), ("01", 2), ("26734", 4)])
def test_units_lie_where_clients_in_other_languages_look_for_them(unit: str, partition: int) -> None:
    assert partition_of(unit, 12) == partition
