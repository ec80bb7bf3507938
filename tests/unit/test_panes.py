"""The wire form of the state, and which version of a record holds."""

from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.stats import panes
from services.stats.panes import Head, LastEvent, NamedWindow, PaneRecord, Snapshot, decode, encode, newest
from shared.contracts import stats as contract
from shared.contracts.stats import Tier

PANE = PaneRecord(
    topic="patrols.v1",
    unit="00070",
    tier=Tier.HOUR,
    bucket="2026-11-23",
    fence=17,
    generation="g",
    series={"patrols_completed|00070": {9: 3, 23: -1}, "patrols_completed|~": {0: 2}},
    without=(4, 9),
)
HEAD = Head(
    topic="patrols.v1",
    unit="00070",
    position=17,
    offset=120,
    partition=3,
    horizon={Tier.MINUTE: "2026-11-20T15", Tier.HOUR: "2026-09-22"},
    generation="g",
    lineage="l",
    cluster_id="c",
    skipped=(4, 9),
    waiting_for=18,
    late={Tier.MINUTE: 5, Tier.HOUR: 0},
    last_event=LastEvent(
        "patrol.completed.v1", datetime(2026, 11, 23, 8, tzinfo=UTC), datetime(2026, 11, 23, 8, 1, tzinfo=UTC)
    ),
)
WINDOW = NamedWindow(
    id="campaign:c1",
    kind="campaign",
    unit="01",
    title="Thi đua",
    title_en="Emulation",
    from_date=date(2026, 1, 1),
    to_date=date(2026, 12, 31),
    previous="campaign:c0",
)


@pytest.mark.parametrize(
    ("record", "public"), [(PANE, contract.PaneRecord), (HEAD, contract.Head), (WINDOW, contract.NamedWindow)]
)
def test_wire_form_is_that_of_the_contract(record: panes.StateRecord, public: type[contract.PaneRecord]) -> None:
    value = encode(record)

    told = public.model_validate_json(value, strict=False)

    assert decode(record.key, value) == record
    assert decode(record.key, told.model_dump_json().encode()) == record
    assert set(told.model_dump(mode="json")) == set(record.__struct_fields__) == set(public.model_fields)


def test_keys_are_text_that_tells_where_a_record_belongs() -> None:
    assert PANE.key == b"pane/patrols.v1/00070/hour/2026-11-23"
    assert HEAD.key == b"head/patrols.v1/00070"
    assert WINDOW.key == b"window/campaign:c1"


def test_value_that_does_not_fit_its_key_is_refused_and_unknown_keys_are_passed_over() -> None:
    with pytest.raises(ValueError, match="pane/x cannot be read"):
        decode(b"pane/x", b'{"fence":"high"}')

    assert decode(b"ledger/x", b"whatever") is None
    assert decode(PANE.key, None) is None


@given(st.dates(min_value=date(2000, 1, 1)), st.integers(0, 23), st.integers(0, 59))
def test_pane_numbers_count_through_and_buckets_lead_back(day: date, hour: int, minute: int) -> None:
    local = datetime(day.year, day.month, day.day, hour, minute)
    texts = {Tier.MINUTE: f"{day}T{hour:02d}", Tier.HOUR: str(day), Tier.DAY: f"{day:%Y-%m}"}
    indexes = {Tier.MINUTE: minute, Tier.HOUR: hour, Tier.DAY: day.day}

    for tier, text in texts.items():
        bucket = panes.bucket_number(tier, text)
        assert panes.bucket_text(tier, bucket) == text
        assert panes.first_pane(tier, bucket) + indexes[tier] == panes.pane_number(tier, local)


def test_amounts_name_their_pane_by_number() -> None:
    first = date(2026, 11, 23).toordinal() * 24

    assert sorted(panes.amounts(PANE)) == [
        ("patrols_completed", "00070", first + 9, 3),
        ("patrols_completed", "00070", first + 23, -1),
        ("patrols_completed", "~", first, 2),
    ]


def _version(fence: int, without: tuple[int, ...] = ()) -> bytes:
    return encode(PaneRecord("patrols.v1", "00070", Tier.HOUR, "2026-11-23", fence, "g", {}, without))


def test_highest_fence_holds_whatever_was_written_last() -> None:
    versions = [(PANE.key, _version(fence)) for fence in (3, 9, 5)]

    record = newest(versions).panes[PANE.key]

    assert record.fence == 9


def test_of_two_versions_with_one_fence_the_more_complete_holds() -> None:
    snapshot = Snapshot()

    assert snapshot.put(PANE.key, _version(9))
    assert not snapshot.put(PANE.key, _version(9, without=(4,)))
    assert snapshot.panes[PANE.key].without == ()


def test_horizon_of_a_head_never_sinks() -> None:
    low = msgspec.structs.replace(HEAD, position=30, horizon={Tier.MINUTE: "2026-11-19T00", Tier.HOUR: "2026-09-30"})

    head = newest([(HEAD.key, encode(HEAD)), (low.key, encode(low))]).heads[HEAD.key]

    assert head.position == 30
    assert head.horizon == {Tier.MINUTE: "2026-11-20T15", Tier.HOUR: "2026-09-30"}


def test_record_that_was_taken_back_is_gone() -> None:
    snapshot = newest([(PANE.key, encode(PANE)), (WINDOW.key, encode(WINDOW)), (PANE.key, None), (WINDOW.key, None)])

    assert (snapshot.panes, snapshot.windows) == ({}, {})
