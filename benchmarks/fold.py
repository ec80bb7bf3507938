"""Events per second that one process decodes and folds, without any broker: `python -m benchmarks.fold`."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.stats.engine import Fold
from shared.contracts.patrols import PatrolChange, PatrolCompleted, PatrolFacts, PatrolKind
from shared.contracts.topics import PATROLS
from shared.messaging.codec import decode

EVENTS = 200_000
UNITS = 126
FLUSH_EVERY = 50_000


def records(now: datetime) -> list[bytes]:
    values = []
    for number in range(EVENTS):
        unit, position = number % UNITS, number // UNITS + 1
        planned = PatrolFacts(kind=PatrolKind.SECURITY, teams=1, participants=4, planned_start_at=now)
        completed = planned.model_copy(
            update={
                "started_at": now - timedelta(hours=2, seconds=number % 7_000),
                "completed_at": now - timedelta(seconds=number % 7_000),
            }
        )
        event = PatrolCompleted(
            time=now,
            subject=f"patrol-{number}",
            partitionkey=f"{unit:05d}",
            data=PatrolChange(was=planned, is_=completed),
        )
        values.append(event.record(position=position, lineage="benchmark", recorded_at=now))
    return values


def main() -> None:
    now = datetime.now(UTC)
    values = records(now)
    fold = Fold(
        PATROLS.name,
        0,
        generation="benchmark",
        cluster_id="benchmark",
        today_unit=lambda unit, _group, _day: unit,
        zone=ZoneInfo("Asia/Ho_Chi_Minh"),
    )
    began, began_cpu, flushed = time.perf_counter(), time.process_time(), 0
    for offset, value in enumerate(values):
        fold.apply(decode(value), offset, now)
        if offset % FLUSH_EVERY == FLUSH_EVERY - 1:
            flush = fold.dirty()
            fold.flushed(flush)
            flushed += len(flush.records) + len(flush.heads)
    took_s, took_cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
    size = fold.size()
    print(f"{EVENTS / took_s:,.0f} events/s ({EVENTS / took_cpu_s:,.0f} per CPU-second), decoded and folded")
    print(f"patrol.completed.v1 of {len(values[0])} bytes into three tiers of {size.units} units")
    print(f"{size.records:,} records with {size.amounts:,} amounts; {flushed:,} records and heads flushed")


if __name__ == "__main__":
    main()
