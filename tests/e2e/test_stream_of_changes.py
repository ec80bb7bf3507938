"""The stream of changes: a snapshot first, then a frame that contains what was just accepted."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from queue import Queue

import httpx

from tests.e2e.system import PATIENCE_S, Json, System, token


def follow(system: System, frames: Queue[tuple[str, Json]], stop: threading.Event, **selection: str) -> None:
    headers = {"Authorization": f"Bearer {token('city_operator')}"}
    with httpx.stream("GET", f"{system.stats_url}/v1/changes", params=selection, headers=headers, timeout=30) as answer:
        event = ""
        for line in answer.iter_lines():
            if stop.is_set():
                return
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            elif line.startswith("data: "):
                frames.put((event, json.loads(line.removeprefix("data: "))))


def test_an_accepted_event_is_pushed_to_who_listens(system: System, province: str, commune: str) -> None:
    frames: Queue[tuple[str, Json]] = Queue()
    stop = threading.Event()
    selection = {"city": province, "window": "PT24H", "metrics": "patrols_completed"}
    following = threading.Thread(target=follow, args=(system, frames, stop), kwargs=selection, daemon=True)
    following.start()
    kind, snapshot = frames.get(timeout=10)
    assert kind == "snapshot"
    before = snapshot["rows"][commune]["values"][0]

    ended = datetime.now(UTC) - timedelta(minutes=1)
    patrol = {
        "unit": commune,
        "kind": "security",
        "team_count": 1,
        "participants": 3,
        "started_at": (ended - timedelta(hours=1)).isoformat(),
        "completed_at": ended.isoformat(),
    }
    answer = system.patrols("team_leader", commune).post("/v1/patrols", patrol)
    topic, unit, position = answer.headers["Pulse-Position"].split("/")

    deadline = time.monotonic() + PATIENCE_S
    while True:
        assert time.monotonic() < deadline, "frames come, but none with the event"
        kind, frame = frames.get(timeout=5)
        if frame.get("positions", {}).get(topic, {}).get(unit, 0) >= int(position):
            break
    stop.set()
    assert frame["rows"][commune]["values"][0] == before + 1
