"""Faust on the job as its handbook begins: an agent that counts into tables, one event at a time. Nothing of ours.

python -m benchmarks.peers.faust_table BROKER TOPIC TRACK SECONDS COUNT GROUP
"""

import asyncio
import sys
import tempfile
from datetime import timedelta
from typing import Any

import faust
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faust.types import StreamT

from benchmarks.peers.job import COUNTED_BY, LATEST_S, Orders, Run, Window

PARTITIONS = 12
LOOKS, LOOK_S = 100, 0.1


def table(app: faust.App, window: Window) -> Any:
    """Of tumbling counts a plain table by unit and beginning, which is the cheaper way; else Faust's windowed one."""
    plain = app.Table(window.id, default=int, partitions=PARTITIONS)
    if window.tumbles:
        return plain
    kept_for = timedelta(seconds=LATEST_S + window.length_s)
    return plain.hopping(window.length_s, window.step_s, expires=kept_for).relative_to_stream()


def counts(window: Window, kept: Any) -> dict[tuple[str, int], int]:
    if window.tumbles:
        keys = ((key.partition(" "), count) for key, count in kept.items())
        return {(unit, int(start)): count for (unit, _, start), count in keys}
    return {(unit, int(start)): count for (unit, (start, _)), count in kept.table.items()}


async def make_changelogs(orders: Orders) -> None:
    """Have them before Faust looks for them: its producer waits for good where one is too new to be known."""
    admin = AIOKafkaAdminClient(bootstrap_servers=orders.broker)
    await admin.start()
    names = {f"{orders.group}-{window.id}-changelog" for window in COUNTED_BY[orders.track]}
    compacted = {"cleanup.policy": "compact"}
    await admin.create_topics([NewTopic(name, PARTITIONS, 1, topic_configs=compacted) for name in names])
    for _ in range(LOOKS):
        if names <= set(await admin.list_topics()):
            break
        await asyncio.sleep(LOOK_S)
    await admin.close()


async def main(orders: Orders) -> str:
    run, over = Run(seconds=orders.seconds, count=orders.count), asyncio.Event()
    with tempfile.TemporaryDirectory() as state:
        app = faust.App(
            orders.group, broker=f"kafka://{orders.broker}", store="memory://", datadir=state,
            topic_partitions=PARTITIONS, autodiscover=False, web_enabled=False,
            consumer_auto_offset_reset="earliest", broker_commit_interval=1.0,
            stream_wait_empty=False,  # what is left when the run is over is not to be counted
        )  # fmt: skip
        tables = {window: table(app, window) for window in COUNTED_BY[orders.track]}

        async def fold(stream: StreamT) -> None:
            async for event in stream.events():
                unit, at_s = event.key, event.message.timestamp
                within = run.saw(unit, event.value["position"], round(at_s * 1_000))
                if run.over:
                    over.set()
                if not within:
                    await asyncio.Event().wait()  # what follows the run is not acknowledged
                for window, kept in tables.items():
                    kept[f"{unit} {int(at_s) // window.step_s * window.step_s}" if window.tumbles else unit] += 1

        app.agent(app.topic(orders.topic, key_type=str, value_serializer="json"), name="fold")(fold)
        app.finalize()
        await make_changelogs(orders)
        await app.start()
        await over.wait()
        kept = {window.id: counts(window, of_window) for window, of_window in tables.items()}
        await app.stop()  # writes and commits what is still under way
    return run.result(orders.track, kept)


if __name__ == "__main__":
    print(asyncio.run(main(Orders.of(sys.argv[1:]))))
