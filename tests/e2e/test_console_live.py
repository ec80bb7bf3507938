"""The console of the running system: what a service accepts is on the operator's screen within a second."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.system import System, token
from tests.support.browser import chromium

PATIENCE_MS = 30_000
FRESH_MS = 1_000


@pytest.fixture
def page(system: System, province: str) -> Iterator[Page]:
    with chromium() as browser:
        tab = browser.new_page()
        # The tab's own store is where the console keeps a token that somebody entered.
        tab.add_init_script(f"sessionStorage.setItem('pulse.token', '{token('city_operator')}')")
        tab.goto(f"{system.stats_url}/?city={province}")
        yield tab


def test_accepted_patrol_is_on_the_screen_within_a_second(page: Page, system: System, commune: str) -> None:
    figure = page.locator(f'.grid tr[data-unit="{commune}"] [data-metric="patrols_completed"]')
    expect(page.locator('.freshness[data-level="live"]')).to_be_visible(timeout=PATIENCE_MS)
    before = int(system.figure(commune, "patrols_completed") or 0)
    leader = system.patrols("team_leader", commune)
    started = datetime.now(UTC) - timedelta(minutes=40)
    patrol = leader.done(
        "/v1/patrols",
        {"unit": commune, "kind": "security", "team_count": 1, "participants": 4, "started_at": started.isoformat()},
    )
    expect(figure).to_have_text(str(before), timeout=PATIENCE_MS)  # there is none before the first report

    leader.done(f"/v1/patrols/{patrol['id']}/completion", {"completed_at": datetime.now(UTC).isoformat()})

    expect(figure).to_have_text(str(before + 1), timeout=FRESH_MS)


def test_console_says_that_it_is_live(page: Page) -> None:
    expect(page.locator('.freshness[data-level="live"]')).to_be_visible(timeout=PATIENCE_MS)
