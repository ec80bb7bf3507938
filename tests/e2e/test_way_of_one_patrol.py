"""The way of one patrol: from the street to the figures, corrected into another period, and withdrawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.e2e.system import System

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")


def test_way_of_one_patrol(system: System, province: str, commune: str) -> None:
    done, turns = (commune, "patrols_completed"), (commune, "participant_turns")
    traffic, everywhere = (commune, "patrols_completed_traffic"), (province, "patrols_completed")
    before = {each: system.figure(*each) or 0 for each in (done, turns, traffic, everywhere)}
    under_way = system.figure(commune, "patrols_under_way") or 0
    leader = system.patrols("team_leader", commune)

    # A team of four sets out, and is shown as under way.
    started = datetime.now(UTC) - timedelta(minutes=40)
    patrol = leader.done(
        "/v1/patrols",
        {"unit": commune, "kind": "security", "team_count": 1, "participants": 4, "started_at": started.isoformat()},
    )
    path = f"/v1/patrols/{patrol['id']}"
    assert system.becomes({(commune, "patrols_under_way"): under_way + 1})

    # It comes back: only now it counts.
    leader.done(f"{path}/completion", {"completed_at": (started + timedelta(minutes=35)).isoformat()})
    assert system.becomes({done: before[done] + 1, everywhere: before[everywhere] + 1, turns: before[turns] + 4})
    assert system.becomes({(commune, "patrols_under_way"): under_way})

    # The kind was entered wrongly: the patrol moves from one figure to the other.
    leader.done(f"{path}/correction", {"kind": "traffic"})
    assert system.becomes({traffic: before[traffic] + 1, done: before[done] + 1})

    # It was ten days earlier: the figures of that day get it, those of today lose it.
    then = (started - timedelta(days=10)).astimezone(LOCAL)
    that_day = {"from": then.date().isoformat(), "to": (then + timedelta(minutes=35)).date().isoformat()}
    earlier = system.figure(*done, **that_day) or 0
    moved = {"started_at": then.isoformat(), "completed_at": (then + timedelta(minutes=35)).isoformat()}
    leader.done(f"{path}/correction", moved)
    assert system.becomes({done: earlier + 1}, **that_day)
    assert system.becomes({done: before[done], turns: before[turns]})

    # It was entered in error: that day loses it as well.
    leader.done(f"{path}/voiding", {"reason": "Ghi nhầm sổ."})
    assert system.becomes({done: earlier}, **that_day)
