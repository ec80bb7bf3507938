"""What figures have to be: the latest facts of each aggregate, counted by the code of verify; knows no fold."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from services.stats.panes import Head
from services.stats.verify.counting import COUNTS, day_of, group_of
from services.stats.view import View
from shared.contracts.base import Event
from shared.contracts.stats import Tier
from shared.contracts.topics import FACT_TOPICS, topic_of
from shared.places import Places

Source = tuple[str, str]  # (topic, unit)
Cells = Counter[tuple[str, str, Tier, int]]
"""(row, metric, tier, pane counted from the calendar's first day) -> amount; never 0."""

_FAR_FUTURE = 10**12
_DAYS_WITH_FACTS = frozenset(topic.name for topic in FACT_TOPICS)  # kept beside the metrics, under the topic's name


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What is known last of one aggregate in one unit."""

    unit: str
    kind: str
    facts: Mapping[str, Any]


@dataclass(slots=True)
class Accepted:
    """Everything that owners have committed, in order: what each event left of its aggregate."""

    events: int = 0
    _sequences: dict[Source, list[tuple[str, str, bytes | None]]] = field(default_factory=dict)

    def add(self, event: Event, position: int) -> None:
        """Take note of a committed event. Raises: AssertionError unless it is the next of its unit."""
        sequence = self._sequences.setdefault((topic_of(event.type).name, event.partitionkey), [])
        assert position == len(sequence) + 1, f"{event.type} has position {position} after {len(sequence)}"
        left = event.data.is_
        facts = None if left is None else left.model_dump_json(exclude_none=True).encode()
        sequence.append((event.subject, event.type.partition(".")[0], facts))
        self.events += 1

    @property
    def positions(self) -> dict[Source, int]:
        """How many events each unit has."""
        return {source: len(sequence) for source, sequence in self._sequences.items()}

    def latest(self, positions: Mapping[Source, int]) -> Iterator[Aggregate]:
        """The facts that count, as they stood at these positions."""
        for (topic, unit), sequence in list(self._sequences.items()):
            last = {subject: (kind, facts) for subject, kind, facts in sequence[: positions.get((topic, unit), 0)]}
            for kind, facts in last.values():
                if facts is not None:
                    yield Aggregate(unit, kind, orjson.loads(facts))


def expected(aggregates: Iterable[Aggregate], places: Places, zone: ZoneInfo) -> Cells:
    """Every pane of every row, by nothing but the calendar of the standard library."""
    cells: Cells = Counter()
    for aggregate in aggregates:
        counts = list(COUNTS[aggregate.kind](aggregate.facts))
        rows = _rows(aggregate, places, zone) if counts else ()
        for metric, moment, amount in counts:
            local = datetime.fromisoformat(moment).astimezone(zone)
            for row in rows:
                for tier in Tier:
                    cells[row, metric, tier, _pane(tier, local)] += amount
    return Counter({cell: amount for cell, amount in cells.items() if amount})


def served(view: View) -> Cells:
    """Every pane of every row that a reader of the panes topic has."""
    return Counter(
        {
            (row, metric, tier, pane): amount
            for row in list(view.rows())
            for metric, series in view.series(row).items()
            if metric not in _DAYS_WITH_FACTS
            for tier in Tier
            for pane, amount in series.between(tier, 0, _FAR_FUTURE)
        }
    )


def kept(cells: Cells, heads: Iterable[Head]) -> Cells:
    """Without the panes below the highest horizon: there a tier may have let go of them already, or not yet."""
    floors: dict[Tier, int] = {}
    for head in heads:
        for tier, text in head.horizon.items():
            floors[tier] = max(floors.get(tier, 0), _first_pane(tier, text))
    return Counter({cell: amount for cell, amount in cells.items() if cell[3] >= floors.get(cell[2], 0)})


def _rows(aggregate: Aggregate, places: Places, zone: ZoneInfo) -> tuple[str, ...]:
    city = places.city_of(aggregate.unit)
    moment = day_of(aggregate.kind, aggregate.facts)
    assert moment is not None, f"a {aggregate.kind} that counts has a day"
    today = places.today_unit(aggregate.unit, moment.astimezone(zone).date(), group_of(aggregate.facts))
    return (city,) if today in (None, city) else (city, str(today))


def _pane(tier: Tier, local: datetime) -> int:
    day = local.toordinal()
    if tier is Tier.DAY:
        return day
    return day * 24 + local.hour if tier is Tier.HOUR else (day * 24 + local.hour) * 60 + local.minute


def _first_pane(tier: Tier, text: str) -> int:
    day, _, hour = text.partition("T")
    first = date.fromisoformat(day).toordinal() * 24
    return (first + int(hour)) * 60 if tier is Tier.MINUTE else first
