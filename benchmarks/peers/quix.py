"""Quix Streams on the job. Runs in the peers' own venv and imports nothing of the product.

python -m benchmarks.peers.quix BROKER TOPIC TRACK SECONDS COUNT GROUP
"""

import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from quixstreams import Application

from benchmarks.peers.job import COUNTED_BY, LATEST_S, Orders, Run

Counts = dict[tuple[str, int], int]
GRACE = timedelta(seconds=LATEST_S)


def keeping(counts: Counts) -> Callable[..., None]:
    """Takes the counts of one window in, each as it changes."""

    def keep(value: dict[str, Any], key: bytes, *_: Any) -> None:
        counts[key.decode(), value["start"] // 1_000] = value["value"]

    return keep


def main(orders: Orders) -> str:
    run = Run(seconds=orders.seconds, count=orders.count)
    kept: dict[str, Counts] = {}
    with tempfile.TemporaryDirectory() as state:
        app = Application(
            broker_address=orders.broker, consumer_group=orders.group, auto_offset_reset="earliest", state_dir=state,
            commit_interval=1.0, loglevel="WARNING", auto_create_topics=True,
        )  # fmt: skip

        def belongs(value: dict[str, Any], key: bytes, at_ms: int, _: Any) -> bool:
            within = run.saw(key.decode(), value["position"], at_ms)
            if run.over:
                app.stop()  # after this event: what was processed is flushed and committed on the way out
            return within

        source = app.topic(orders.topic, value_deserializer="json", key_deserializer="bytes")
        events = app.dataframe(source).filter(belongs, metadata=True)
        for window in COUNTED_BY[orders.track]:
            length, step = timedelta(seconds=window.length_s), timedelta(seconds=window.step_s)
            windows = (
                events.tumbling_window(length, grace_ms=GRACE, name=window.id)
                if window.tumbles
                else events.hopping_window(length, step, grace_ms=GRACE, name=window.id)
            )
            kept[window.id] = {}
            windows.count().current().update(keeping(kept[window.id]), metadata=True)
        app.run()
    return run.result(orders.track, kept)


if __name__ == "__main__":
    print(main(Orders.of(sys.argv[1:])))
