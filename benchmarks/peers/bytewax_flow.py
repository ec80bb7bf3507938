"""Bytewax on the job. Runs in the peers' own venv and imports nothing of the product.

python -m benchmarks.peers.bytewax_flow BROKER TOPIC TRACK SECONDS COUNT GROUP
"""

import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from bytewax import operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.operators.windowing import EventClock, SlidingWindower, TumblingWindower, count_window
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from benchmarks.peers.job import COUNTED_BY, LATEST_S, Orders, Run

Counts = dict[tuple[str, int], int]
EPOCH = datetime.fromtimestamp(0, UTC)
COMMIT = timedelta(seconds=1)
BATCH = 1_000


class Until(FixedPartitionedSource):  # type: ignore[misc]
    """Kafka as Bytewax reads it, whose partitions end when the run does."""

    def __init__(self, source: KafkaSource, run: Run) -> None:
        self._source, self._run = source, run

    def list_parts(self) -> list[str]:
        parts: list[str] = self._source.list_parts()
        return parts

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> StatefulSourcePartition:
        return UntilPartition(self._source.build_part(step_id, for_part, resume_state), self._run)


class UntilPartition(StatefulSourcePartition):  # type: ignore[misc]
    def __init__(self, partition: Any, run: Run) -> None:
        self._partition, self._run = partition, run

    def next_batch(self) -> Iterable[tuple[str, datetime]]:
        if self._run.over:
            raise StopIteration
        return [event for message in self._partition.next_batch() if (event := self._read(message))]

    def _read(self, message: Any) -> tuple[str, datetime] | None:
        unit, at_ms = message.key.decode(), message.timestamp[1]
        if not self._run.saw(unit, orjson.loads(message.value)["position"], at_ms):
            return None
        return unit, datetime.fromtimestamp(at_ms / 1_000, UTC)

    def snapshot(self) -> Any:
        return self._partition.snapshot()

    def close(self) -> None:
        self._partition.close()


class Keep(DynamicSink):  # type: ignore[misc]
    """Takes the counts of windows in, as they come out when the flow ends."""

    def __init__(self, kept: Counts, step_s: int) -> None:
        self._kept, self._step_s = kept, step_s

    def build(self, *_: Any) -> StatelessSinkPartition:
        return KeepPartition(self._kept, self._step_s)


class KeepPartition(StatelessSinkPartition):  # type: ignore[misc]
    def __init__(self, kept: Counts, step_s: int) -> None:
        self._kept, self._step_s = kept, step_s

    def write_batch(self, items: list[tuple[str, tuple[int, int]]]) -> None:
        for unit, (window, count) in items:
            self._kept[unit, window * self._step_s] = count


def dataflow(source: KafkaSource, track: str, run: Run, kept: dict[str, Counts]) -> Dataflow:
    """The flow: read, count by unit in each window, keep."""
    flow = Dataflow("count")
    events = op.input("read", flow, Until(source, run))
    clock = EventClock(ts_getter=lambda event: event[1], wait_for_system_duration=timedelta(seconds=LATEST_S))
    for window in COUNTED_BY[track]:
        length, step = timedelta(seconds=window.length_s), timedelta(seconds=window.step_s)
        windower = (
            TumblingWindower(length=length, align_to=EPOCH)
            if window.tumbles
            else SlidingWindower(length=length, offset=step, align_to=EPOCH)
        )
        kept[window.id] = {}
        counted = count_window(f"count-{window.id}", events, clock, windower, key=lambda event: event[0])
        op.output(f"keep-{window.id}", counted.down, Keep(kept[window.id], window.step_s))
    return flow


def main(orders: Orders) -> str:
    run = Run(seconds=orders.seconds, count=orders.count)
    kept: dict[str, Counts] = {}
    with tempfile.TemporaryDirectory() as state:
        init_db_dir(Path(state), 1)
        flow = dataflow(KafkaSource([orders.broker], [orders.topic], batch_size=BATCH), orders.track, run, kept)
        cli_main(flow, epoch_interval=COMMIT, recovery_config=RecoveryConfig(state))
    return run.result(orders.track, kept)


if __name__ == "__main__":
    print(main(Orders.of(sys.argv[1:])))
