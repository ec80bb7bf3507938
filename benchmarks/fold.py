"""What one event costs on its way through the worker, step by step and without any broker: python -m benchmarks.fold.

Each step does what the one before does and one thing more: `fetch` unpacks and parses the batches that a consumer gets,
`decode` reads the envelopes, `fold` adds up, `encode` makes the records and heads of every flush, `pack` makes batches
of them as the producer does. Flushes come as they do under load. Processor time, so that others may use the machine.
"""

import gc
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer
from aiokafka.record import MemoryRecords
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from benchmarks.peers.topic import Log, Records
from services.stats.catalogue import CATALOGUE, Catalogue
from services.stats.catalogue.patrols import PATROLS_COMPLETED
from services.stats.engine import Fold
from services.stats.folding.folding import LONGEST_PAUSE_S, PAUSE_RATIO
from shared.contracts.topics import PATROLS
from shared.messaging.codec import Headers, decode, record_headers
from shared.messaging.packing import compress_quickly
from shared.messaging.producer import BATCH_BYTES, partition_of

PARTITIONS: Final = 12
ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")
ONE_COUNT: Final = Catalogue(metrics=(PATROLS_COMPLETED,), ratios=())
Step = IntEnum("Step", ["FETCH", "DECODE", "FOLD", "ENCODE", "PACK"])
Entry = tuple[bytes, bytes | None]


@dataclass
class Spent:
    """What one run took."""

    events: int
    cpu_s: float = 0.0
    flushes: int = 0
    written: Counter[str] = field(default_factory=Counter)

    @property
    def event_us(self) -> float:
        return self.cpu_s / self.events * 1e6


class Batch:
    """Records on their way into one partition, as a producer packs them."""

    def __init__(self) -> None:
        self._builder: Any = None
        self._count = 0
        self.full: list[bytes] = []

    def append(self, timestamp: int, key: bytes, value: bytes | None, headers: Headers = ()) -> None:
        if self._builder is not None and self._add(timestamp, key, value, headers):
            return
        self.close()
        self._builder = DefaultRecordBatchBuilder(
            magic=2, compression_type=DefaultRecordBatch.CODEC_GZIP, is_transactional=0, producer_id=-1,
            producer_epoch=-1, base_sequence=-1, batch_size=BATCH_BYTES,
        )  # fmt: skip
        self._add(timestamp, key, value, headers)

    def close(self) -> None:
        """Compress what has been put in."""
        if self._builder is not None:
            self.full.append(bytes(self._builder.build()))
        self._builder, self._count = None, 0

    def _add(self, timestamp: int, key: bytes, value: bytes | None, headers: Headers) -> bool:
        added = self._builder.append(self._count, timestamp=timestamp, key=key, value=value, headers=list(headers))
        self._count += added is not None
        return added is not None


def fetched(log: Log) -> list[tuple[int, bytes]]:
    """The log as batches with their partitions, in the order in which they became full."""
    records, batches = Records(datetime.now(UTC)), [Batch() for _ in range(PARTITIONS)]
    found: list[tuple[int, bytes]] = []
    for number, at_ms in enumerate(log.times_ms):
        unit, position = log.unit(number), number // log.units + 1
        partition = partition_of(unit, PARTITIONS)
        batch = batches[partition]
        batch.append(at_ms, unit.encode(), records.value(number, unit, position, at_ms), record_headers(position))
        found.extend((partition, full) for full in batch.full)
        batch.full.clear()
    for partition, batch in enumerate(batches):
        batch.close()
        found.extend((partition, full) for full in batch.full)
    return found


def run(step: Step, batches: Sequence[tuple[int, bytes]], events: int, catalogue: Catalogue) -> Spent:
    """Take the whole log up to one step."""
    folds = [new_fold(partition, catalogue) for partition in range(PARTITIONS)]
    now, offsets, spent = datetime.now(UTC), [0] * PARTITIONS, Spent(events)
    gc.collect()
    began = time.process_time()
    next_flush = began + LONGEST_PAUSE_S
    for partition, batch in batches:
        apply, offset = folds[partition].apply, offsets[partition]
        for record in records_of(batch):
            if step >= Step.DECODE:
                envelope = decode(record.value)
                if step >= Step.FOLD:
                    apply(envelope, offset, now)
            offset += 1
        offsets[partition] = offset
        if step >= Step.ENCODE and (at := time.process_time()) >= next_flush:
            flush(folds, spent, pack=step >= Step.PACK)
            ended = time.process_time()
            next_flush = ended + min((ended - at) * PAUSE_RATIO, LONGEST_PAUSE_S)
    if step >= Step.ENCODE:
        flush(folds, spent, pack=step >= Step.PACK)
    spent.cpu_s = time.process_time() - began
    return spent


def new_fold(partition: int, catalogue: Catalogue) -> Fold:
    return Fold(
        PATROLS.name, partition, generation="benchmark", cluster_id="benchmark",
        today_unit=lambda unit, _group, _day: unit, zone=ZONE, catalogue=catalogue,
    )  # fmt: skip


def records_of(batch: bytes) -> Iterator[Any]:
    unpacked = MemoryRecords(batch)
    while (records := unpacked.next_batch()) is not None:
        yield from records


def flush(folds: Sequence[Fold], spent: Spent, *, pack: bool) -> None:
    """What a flush makes of all folds, told as written at once."""
    for fold in folds:
        made = fold.dirty()
        if pack:
            for entries in (made.records, made.heads):
                batch = Batch()
                for key, value in entries:
                    batch.append(0, key, value)
                batch.close()
        fold.flushed(made)
        spent.written["head"] += len(made.heads)
        spent.written.update(record.tier.value for _, record in made.panes)
    spent.flushes += 1


def main(
    units: Annotated[str, typer.Option(help="how many communes, with commas")] = "126,3321,20000",
    late: Annotated[str, typer.Option(help="shares of late events; all but the first with the first of units")] = (
        "0,0.01,0.1,0.5"
    ),
    steps: Annotated[str, typer.Option(help="some of the steps, with commas")] = "fetch,decode,fold,encode,pack",
    events: Annotated[int, typer.Option(help="length of the log")] = 600_000,
    rounds: Annotated[int, typer.Option(help="runs of each, of which the least counts")] = 3,
    everything: Annotated[bool, typer.Option("--everything", help="count every metric instead of one")] = False,
) -> None:
    """Microseconds of processor time per event, and what was written."""
    compress_quickly()
    wanted = [Step[name.strip().upper()] for name in steps.split(",")]
    shares, counts = [float(share) for share in late.split(",")], [int(count) for count in units.split(",")]
    points = [(count, shares[0]) for count in counts] + [(counts[0], share) for share in shares[1:]]
    catalogue = CATALOGUE if everything else ONE_COUNT
    print(f"{'':>18}" + "".join(f"{step.name.lower():>9}" for step in wanted) + "   written by a flush")
    for count, share in points:
        batches = fetched(Log.made(events, units=count, late_ratio=share, now=datetime.now(UTC)))
        least = [min((run(step, batches, events, catalogue) for _ in range(rounds)), key=_cost) for step in wanted]
        what = ", ".join(f"{number / least[-1].flushes:,.0f} {kind}" for kind, number in least[-1].written.items())
        print(f"{count:>7,} {share:>4.0%} late" + "".join(f"{_cost(each):>9.2f}" for each in least) + f"   {what}")


def _cost(spent: Spent) -> float:
    return spent.event_us


if __name__ == "__main__":
    typer.run(main)
