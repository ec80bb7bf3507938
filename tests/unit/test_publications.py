"""What was published stays; what changed of it is told once, with the events that caused it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from services.stats.publications.causes import LISTED, Reason, explanation
from services.stats.publications.publication import (
    Frozen,
    NotCompared,
    Publication,
    Row,
    differences,
    moved,
    repaired,
)
from services.stats.publications.restatement import changes, otherwise
from services.stats.queries.composition import Stated
from services.stats.windows import Interval
from shared.contracts.stats import Tier

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
START, END = datetime(2026, 11, 1, tzinfo=ZONE), datetime(2026, 11, 8, tzinfo=ZONE)
LATER = END + timedelta(days=30)
POSITIONS = (("incidents.v1/00070", 4), ("patrols.v1/00070", 9))
PATROLS, RATIO = "patrols_completed", "violations_per_1000_patrols"


def publication(**said: object) -> Publication:
    issued = Publication(
        id="p",
        unit="01",
        name="tuan",
        title="Tuần",
        window="2026-11-01/2026-11-07",
        start=START,
        end=END,
        tier=Tier.DAY,
        as_of=END,
        generation="g",
        metrics=(PATROLS, RATIO),
        units=("01", "00070"),
        positions=POSITIONS,
        lineages=(("patrols.v1", "a"),),
        issued_by="somebody",
    )
    return replace(issued, **said)  # type: ignore[arg-type]


def table(patrols: int = 40, violations: int = 2) -> Frozen:
    figures = (Stated(patrols, (patrols,)), Stated(1000 * violations / patrols, (violations, patrols)))
    return Frozen(tuple(Row(unit, figures, False) for unit in ("01", "00070")), POSITIONS, "g")


def obstacle(
    of: Publication, *, at: datetime = LATER, positions: Mapping[str, int] = dict(POSITIONS), lineage: str = "a"
) -> NotCompared | None:
    return of.obstacle(positions, {"patrols.v1": lineage}, as_of=at, zone=ZONE)


def test_days_are_compared_for_good_once_they_are_over() -> None:
    assert obstacle(publication(), at=END - timedelta(seconds=1)) is NotCompared.IN_PROGRESS
    assert obstacle(publication(), at=END) is None
    assert obstacle(publication(), at=END + timedelta(days=9_000)) is None


def test_minutes_are_compared_while_their_panes_are_kept() -> None:
    fine = publication(start=END - timedelta(days=1), tier=Tier.MINUTE)

    until = fine.compared_until(ZONE)

    assert until == END + timedelta(days=1, hours=23)
    assert obstacle(fine, at=until - timedelta(seconds=1)) is None
    assert obstacle(fine, at=until) is NotCompared.PANES_EXPIRED


def test_a_short_window_needs_the_panes_of_its_whole_last_day_for_its_levels() -> None:
    hour = publication(start=END - timedelta(hours=9), end=END - timedelta(hours=8), tier=Tier.MINUTE)

    assert hour.compared_until(ZONE) == END + timedelta(days=1, hours=23)


def test_a_view_that_lacks_what_was_published_says_nothing() -> None:
    behind = {**dict(POSITIONS), "patrols.v1/00070": 8}

    assert obstacle(publication(), positions=behind) is NotCompared.FIGURES_BEHIND


def test_events_that_are_numbered_anew_cannot_be_compared() -> None:
    assert obstacle(publication(), lineage="b") is NotCompared.OTHER_HISTORY


def test_only_what_changed_is_different() -> None:
    stated = publication().stated(table())

    assert differences(stated, stated) == []
    assert differences(stated, {("00070", PATROLS): Stated(41, (41,))}) == [("00070", PATROLS)]


def test_a_restated_figure_is_the_last_word_and_the_published_one_stays() -> None:
    now = {("00070", PATROLS): Stated(41, (41,))}

    after = publication().restate(now, (("patrols.v1/00070", 10),), "g")

    assert after.stated(table())["00070", PATROLS] == Stated(41, (41,))
    assert after.stated(table())["01", PATROLS] == Stated(40, (40,))
    assert after.published(table()) == publication().published(table())
    assert (after.restatements, after.version, after.positions) == (1, 2, (("patrols.v1/00070", 10),))


def test_going_back_to_what_was_published_is_a_restatement_too() -> None:
    once = publication().restate({("00070", PATROLS): Stated(41, (41,))}, POSITIONS, "g")

    back = {("00070", PATROLS): Stated(40, (40,))}

    assert differences(once.stated(table()), back) == [("00070", PATROLS)]
    assert once.restate(back, POSITIONS, "g").restatements == 2


def test_only_sources_of_the_figure_that_moved_are_named() -> None:
    now = {"incidents.v1/00070": 5, "patrols.v1/00070": 12, "patrols.v1/00004": 3}

    assert moved(POSITIONS, now, {"00070"}, {"patrols.v1"}) == (
        (("patrols.v1/00070", 9),),
        (("patrols.v1/00070", 12),),
    )
    assert moved(POSITIONS, now, {"00004"}, {"patrols.v1"}) == ((("patrols.v1/00004", 0),), (("patrols.v1/00004", 3),))


def test_the_last_word_on_an_incomplete_unit_keeps_its_basis_until_it_is_complete() -> None:
    issued = publication(skipped=(("patrols.v1/00070", (3,)),))
    now = {("01", PATROLS): Stated(41, (41,))}

    twice = issued
    for position in (10, 11):
        twice = twice.restate(now, (("patrols.v1/00070", position),), f"g{position}", incomplete={"00070", "00004"})
    whole = twice.restate(now, (("patrols.v1/00070", 12),), "g12")

    of_unit, of_city = twice.basis("00070"), twice.basis("01")
    assert (of_unit.positions, of_unit.skipped, of_unit.generation) == (POSITIONS, issued.skipped, "g")
    assert (of_city.positions, of_city.skipped) == ((("patrols.v1/00070", 11),), ())
    assert whole.basis("00070").positions == (("patrols.v1/00070", 12),)
    assert whole.behind == ()


def test_skipped_positions_of_the_figure_that_are_read_now_are_repaired() -> None:
    then = (("incidents.v1/00070", (1,)), ("patrols.v1/00004", (2,)), ("patrols.v1/00070", (3, 5)))

    assert repaired(then, (("patrols.v1/00070", (5, 7)),), {"00070"}, {"patrols.v1"}) == (("patrols.v1/00070", (3,)),)
    assert repaired(then, then, {"00070"}, {"patrols.v1"}) == ()


def test_a_publication_of_an_earlier_release_lacked_nothing() -> None:
    kept = msgspec.to_builtins(publication())
    del kept["skipped"], kept["behind"]

    assert msgspec.convert(kept, Publication) == publication()


# -- causes


@dataclass(frozen=True)
class Booked:
    """An entry of the ledger."""

    position: int
    amount: int
    topic: str = "patrols.v1"
    unit: str = "00070"
    type: str = "patrol.corrected.v1"
    time: datetime = datetime(2026, 11, 3, tzinfo=UTC)
    recordedtime: datetime = datetime(2026, 11, 20, tzinfo=UTC)

    @property
    def id(self) -> str:
        return f"event-{self.position}"


class Ledger:
    """Entries above positions, as whoever keeps facts gives them."""

    def __init__(self, *entries: Booked) -> None:
        self._entries = entries

    async def since(
        self,
        row: str,
        metric: str,
        interval: Interval,
        positions: Mapping[tuple[str, str], int],
        *,
        repaired: Mapping[tuple[str, str], Collection[int]],
    ) -> Sequence[Booked]:
        return [
            each
            for each in self._entries
            for source in [(each.topic, each.unit)]
            if each.position > positions.get(source, each.position) or each.position in repaired.get(source, ())
        ]

    async def known(self, positions: Mapping[tuple[str, str], int]) -> bool:
        return True


INTERVAL = Interval(START, END, Tier.DAY)
THEN, NOW = (("patrols.v1/00070", 9),), (("patrols.v1/00070", 12),)


async def test_events_that_make_up_the_change_explain_it() -> None:
    ledger = Ledger(Booked(8, 5), Booked(10, 2), Booked(11, -1))

    found = await explanation(ledger, "00070", {PATROLS: 1}, INTERVAL, THEN, NOW)

    assert found.reason is Reason.EVENTS
    assert [(cause.event_id, cause.amount) for cause in found.causes] == [("event-10", 2), ("event-11", -1)]


async def test_a_repaired_event_explains_although_no_position_moved() -> None:
    ledger = Ledger(Booked(3, 2), Booked(4, 7), Booked(10, 5))

    found = await explanation(ledger, "00070", {PATROLS: 2}, INTERVAL, (), (), (("patrols.v1/00070", (3,)),))

    assert found.reason is Reason.EVENTS
    assert [cause.event_id for cause in found.causes] == ["event-3"]


async def test_events_after_the_statement_are_not_its_cause() -> None:
    ledger = Ledger(Booked(10, 1), Booked(13, 7))

    found = await explanation(ledger, "00070", {PATROLS: 1}, INTERVAL, THEN, NOW)

    assert [cause.event_id for cause in found.causes] == ["event-10"]


async def test_a_ledger_that_has_not_caught_up_explains_nothing() -> None:
    found = await explanation(Ledger(Booked(10, 2)), "00070", {PATROLS: 1}, INTERVAL, THEN, NOW)

    assert found.reason is Reason.NOT_YET_EXPLAINED
    assert found.causes == ()


async def test_of_many_events_the_first_are_listed_and_all_are_counted() -> None:
    many, last = Ledger(*(Booked(position, 1) for position in range(10, 1010))), (("patrols.v1/00070", 9999),)

    found = await explanation(many, "00070", {PATROLS: 1000}, INTERVAL, THEN, last)
    one_more = await explanation(many, "00070", {PATROLS: 1001}, INTERVAL, THEN, last)

    assert len(found.causes) == LISTED
    assert found.more
    assert one_more.reason is Reason.NOT_YET_EXPLAINED


def test_what_no_event_explains_is_told_by_rules_or_by_time() -> None:
    in_progress = publication(as_of=END - timedelta(hours=9))

    assert otherwise(publication(), "01", "g", is_ahead=False) is Reason.NOT_YET_EXPLAINED
    assert otherwise(publication(), "01", "h", is_ahead=False) is Reason.RULES
    assert otherwise(in_progress, "01", "g", is_ahead=True) is Reason.TIME
    assert otherwise(in_progress, "01", "g", is_ahead=False) is Reason.NOT_YET_EXPLAINED
    assert otherwise(publication(), "01", "g", is_ahead=True) is Reason.NOT_YET_EXPLAINED


@pytest.mark.parametrize(
    ("before", "now", "changed"),
    [
        ((2, 40), (3, 40), {"violations": 1}),
        ((2, 40), (2, 41), {"patrols": 1}),
        ((), (2, 3), {"violations": 2, "patrols": 3}),
    ],
)
def test_a_ratio_changes_by_its_parts(
    before: tuple[int, ...], now: tuple[int, ...], changed: Mapping[str, int]
) -> None:
    assert changes(("violations", "patrols"), Stated(None, before), Stated(None, now)) == changed
