"""Quix Streams: one tumbling count per unit. Runs in the peers' own venv and imports nothing of ours.

python quix.py BROKER TOPIC N GROUP prints one line of JSON.
"""

import hashlib
import json
import resource
import sys
import tempfile
import time
from datetime import timedelta
from typing import Any

from quixstreams import Application

HOUR_MS = 3_600_000
GRACE = timedelta(days=61)  # late events count, as they do for us


def main(broker: str, topic: str, count: int, group: str) -> dict[str, Any]:
    counts: dict[tuple[str, int], int] = {}
    seen = 0
    began = began_cpu_s = 0.0

    def keep(value: dict[str, Any], key: bytes, *_: Any) -> None:
        nonlocal seen, began, began_cpu_s
        if not seen:
            began, began_cpu_s = time.perf_counter(), time.process_time()
        seen += 1
        counts[key.decode(), value["start"] // 1_000] = value["value"]

    with tempfile.TemporaryDirectory() as state:
        app = Application(
            broker_address=broker, consumer_group=group, auto_offset_reset="earliest", state_dir=state,
            loglevel="WARNING", auto_create_topics=True,
        )  # fmt: skip
        frame = app.dataframe(app.topic(topic, value_deserializer="json", key_deserializer="bytes"))
        frame = frame.tumbling_window(timedelta(milliseconds=HOUR_MS), grace_ms=GRACE).count().current()
        frame.update(keep, metadata=True)
        app.run(count=count)  # returns when the last of them is processed, flushed and committed
        wall_s, used_s = time.perf_counter() - began, time.process_time() - began_cpu_s
    lines = sorted(f"{unit} {hour} {amount}\n" for (unit, hour), amount in counts.items())
    return {
        "events": seen,
        "wall_s": wall_s,
        "cpu_s": used_s,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024,
        "digest": hashlib.sha256("".join(lines).encode()).hexdigest()[:16],
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])))
