"""A figure that the served rules count otherwise is left out: no figure is better than a wrong zero."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.stats.catalogue import CATALOGUE
from services.stats.queries import Queries
from services.stats.view import View
from shared.contracts.stats import Tier
from shared.errors import InvalidInput
from shared.places import places
from tests.support.console_rig import ZONE, ScriptedFeed

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
UNIT = "00070"


@pytest.fixture
def view() -> View:
    feed = ScriptedFeed()
    source = feed.put(UNIT, "patrols_completed", 4, NOW.astimezone(ZONE))
    feed.commit(source)
    feed.apply(source)
    return feed.view


def test_tables_and_rows_leave_it_out_and_have_it_again_with_the_next_state(view: View) -> None:
    queries = Queries(CATALOGUE, places(), ZONE)
    selection = queries.select(view, "01", "day", None, None, "patrols_completed,participant_turns")

    whole = queries.table(view, selection, NOW)
    view.uncounted = frozenset({"patrols_completed"})
    less = queries.table(view, selection, NOW)
    row = queries.one_row(view, UNIT, "day", None, None, NOW)

    assert whole["metrics"] == ("patrols_completed", "participant_turns")
    assert whole["rows"][UNIT]["values"] == [4, 0]
    assert less["metrics"] == ("participant_turns",)
    assert less["rows"][UNIT]["values"] == [0]
    assert "patrols_completed" not in row["figures"]
    assert "participant_turns" in row["figures"]


def test_its_series_are_refused_with_the_reason(view: View) -> None:
    queries = Queries(CATALOGUE, places(), ZONE)
    view.uncounted = frozenset({"patrols_completed"})

    with pytest.raises(InvalidInput, match="metric"):
        queries.series(view, UNIT, "patrols_completed", Tier.DAY, None, None, NOW)
    with pytest.raises(InvalidInput, match="metric"):
        queries.sparklines(view, "01", "patrols_completed", NOW)
