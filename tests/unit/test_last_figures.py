"""The last figures on disk: whole or not there."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.stats.feed import snapshots
from services.stats.feed.last_figures import LastFigures
from services.stats.feed.snapshots import Snapshot
from services.stats.settings import StatsSettings
from services.stats.view import View
from shared.clock import SystemClock

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)
RECORDS = [(f"pane/{number}".encode(), b"x" * (number % 7)) for number in range(2 * snapshots.RECORDS_AT_ONCE + 3)]


def test_what_is_saved_is_loaded_in_the_same_order(tmp_path: Path) -> None:
    snapshots.save(tmp_path, Snapshot("rules", NOW, iter(RECORDS)))

    loaded = snapshots.load(tmp_path, generation="rules")

    assert loaded == Snapshot("rules", NOW, RECORDS)


def test_figures_of_other_rules_are_not_shown(tmp_path: Path) -> None:
    snapshots.save(tmp_path, Snapshot("rules", NOW, RECORDS))

    assert snapshots.load(tmp_path, generation="other rules") is None


@pytest.mark.parametrize("kept", [0, 3, 40, 0.5])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, kept: float) -> None:
    snapshots.save(tmp_path, Snapshot("rules", NOW, RECORDS))
    file = tmp_path / snapshots.FILE_NAME
    whole = file.read_bytes()

    file.write_bytes(whole[: int(kept * len(whole)) if 0 < kept < 1 else int(kept)])

    assert snapshots.load(tmp_path, generation="rules") is None
    assert snapshots.load(tmp_path / "nowhere", generation="rules") is None


async def test_a_save_at_the_stop_waits_for_one_that_is_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way, most = 0, 0

    def slowly(_: Path, __: Snapshot) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        time.sleep(0.05)
        under_way -= 1

    monkeypatch.setattr(snapshots, "save", slowly)
    view = new_view("rules")
    figures = LastFigures(StatsSettings(snapshot_dir=tmp_path), "rules", SystemClock(), new_view=new_view)

    saving = asyncio.create_task(figures.save(view))
    await asyncio.sleep(0)
    view.version += 1
    await asyncio.gather(saving, figures.save(view))

    assert most == 1


def new_view(generation: str) -> View:
    return View(generation=generation, city_of=lambda unit: unit[:2], topic_of={})
