"""What the tests of the fold share: histories of made-up patrols, and the naive sum that every fold must equal."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from services.stats.catalogue import CATALOGUE
from services.stats.engine import Fold
from services.stats.panes import Snapshot, amounts, newest, pane_number
from shared.contracts.stats import Tier
from shared.contracts.topics import PATROLS, Topic
from shared.messaging.codec import Envelope

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 23, 15, 4, tzinfo=ZONE)
GENERATION = "generation-1"

Cells = Counter[tuple[str, Tier, str, int]]
"""(unit, tier, series, pane) -> amount."""
Facts = dict[str, Any] | None


def today_unit(unit: str, group: str | None, on: date) -> str | None:
    if unit == "00004" and on < date(2025, 7, 1):
        return group
    return unit


def new_fold(topic: str = PATROLS.name) -> Fold:
    return Fold(topic, 3, generation=GENERATION, cluster_id="cluster-1", today_unit=today_unit, zone=ZONE)


def event(
    unit: str,
    position: int,
    was: Facts,
    is_: Facts,
    *,
    type_: str = "patrol.completed.v1",
    lineage: str = "lineage-1",
    subject: str = "an-aggregate",
) -> Envelope:
    return Envelope(
        id=f"{unit}-{position}",
        type=type_,
        time=NOW,
        subject=subject,
        partitionkey=unit,
        position=position,
        lineage=lineage,
        recordedtime=NOW,
        data=msgspec.Raw(msgspec.json.encode({"was": was, "is": is_})),
    )


def patrol(
    completed_at: datetime | None, *, participants: int = 3, kind: str = "security", **more: Any
) -> dict[str, Any]:
    return {"kind": kind, "teams": 1, "participants": participants, "completed_at": completed_at, **more}


def cells_of(snapshot: Snapshot) -> Cells:
    """Everything that a written state says."""
    return Counter(
        {
            (record.unit, record.tier, f"{metric}|{today}", pane): amount
            for record in snapshot.panes.values()
            for metric, today, pane, amount in amounts(record)
        }
    )


def naive_sum(events: Iterable[Envelope], snapshot: Snapshot, topic: Topic = PATROLS) -> Cells:
    """f(is) - f(was) of the events, placed by nothing but the standard library, above each unit's horizon."""
    cells: Cells = Counter()
    readers = CATALOGUE.readers(topic)
    horizons = {head.unit: head.horizon for head in snapshot.heads.values()}
    floors = {unit: _first_panes(horizon) for unit, horizon in horizons.items()}
    for each in events:
        reader = readers[each.type]
        for facts, sign in zip(reader.change(each.data), (-1, 1), strict=True):
            if facts is None:
                continue
            day, group = reader.origin(facts)
            for metric, when, amount in reader.contributions(facts):
                assert day is not None
                today = today_unit(each.partitionkey, group, day.astimezone(ZONE).date()) or "~"
                for tier in Tier:
                    pane = pane_number(tier, when.astimezone(ZONE))
                    if pane >= floors[each.partitionkey].get(tier, 0):
                        cells[each.partitionkey, tier, f"{metric}|{today}", pane] += sign * amount
    return Counter({cell: amount for cell, amount in cells.items() if amount})


def _first_panes(horizon: dict[Tier, str]) -> dict[Tier, int]:
    hour = datetime.fromisoformat(horizon[Tier.MINUTE] + ":00")
    return {
        Tier.MINUTE: pane_number(Tier.MINUTE, hour),
        Tier.HOUR: pane_number(Tier.HOUR, datetime.fromisoformat(horizon[Tier.HOUR])),
    }


@dataclass
class Broker:
    """The panes topic: every write in order, and what a reader makes of it."""

    log: list[tuple[bytes, bytes | None]] = field(default_factory=list)

    def write_all(self, fold: Fold) -> None:
        flush = fold.dirty()
        self.log += [*flush.records, *flush.heads]
        fold.flushed(flush)

    def snapshot(self) -> Snapshot:
        return newest(self.log)

    def restored(self) -> Fold:
        fold = new_fold()
        fold.restore(self.snapshot())
        return fold


def fold_all(events: Iterable[Envelope], now: datetime = NOW) -> tuple[Fold, Broker]:
    """A fold of the events in this order, and what it wrote."""
    fold, broker = new_fold(), Broker()
    for offset, each in enumerate(events):
        fold.apply(each, offset, now)
    broker.write_all(fold)
    return fold, broker
