"""The way of one incident: reported, reclassified from one figure to another, and withdrawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.e2e.system import System


def test_way_of_one_incident(system: System, province: str, commune: str) -> None:
    violations, fires = (commune, "violations_detected"), (commune, "fire_incidents_handled")
    everywhere = (province, "violations_detected")
    before = {each: system.figure(*each) or 0 for each in (violations, fires, everywhere)}
    leader = system.patrols("team_leader", commune)
    occurred = datetime.now(UTC) - timedelta(minutes=20)

    # A team meets a violation.
    incident = leader.done(
        "/v1/incidents",
        {
            "unit": commune,
            "kind": "violation",
            "category": "noise",
            "occurred_at": occurred.isoformat(),
            "responded_at": (occurred + timedelta(minutes=5)).isoformat(),
        },
    )
    path = f"/v1/incidents/{incident['id']}"
    assert system.becomes({violations: before[violations] + 1, everywhere: before[everywhere] + 1})

    # It was a fire: it moves from one figure to the other.
    leader.done(f"{path}/reclassification", {"kind": "fire", "category": "house_fire"})
    assert system.becomes({violations: before[violations], fires: before[fires] + 1})

    # It was entered in error.
    leader.done(f"{path}/voiding", {"reason": "Báo nhầm."})
    assert system.becomes({violations: before[violations], fires: before[fires], everywhere: before[everywhere]})
