"""How late the events of a unit came, as the heads of the served state tell it. Pure; folds nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from services.stats.engine.lateness import BINS, EDGES
from services.stats.panes import Head
from services.stats.queries.answers import positions_digest, positions_of
from shared.errors import NotFound
from shared.places import Places


def lateness_of(heads: Iterable[Head], places: Places, unit: str) -> dict[str, Any]:
    """The events of a unit, or of a city with all its communes, by how long after their time they were recorded.

    Raises: NotFound for a code that never was a unit.
    """
    if not places.exists(unit):
        raise NotFound(f"{unit} is not the code of a unit")
    is_city = places.is_city(unit)
    codes = frozenset(places.codes_of(places.city_of(unit))) if is_city else frozenset((unit,))
    found = [head for head in heads if head.unit in codes and head.lateness]
    answer = {
        "unit": unit,
        "positions_digest": positions_digest(positions_of(found)),
        "bins": [{"from_s": lower, "to_s": upper} for lower, upper in _bounds_s()],
        "counts": _sum(found),
        "topics": {
            topic: _sum(head for head in found if head.topic == topic) for topic in sorted({h.topic for h in found})
        },
        "too_late_for": _too_late(found),
    }
    if is_city:
        rows = {head.unit for head in found}
        answer["rows"] = {row: _sum(head for head in found if head.unit == row) for row in sorted(rows)}
    return answer


def _bounds_s() -> Iterable[tuple[int, int | None]]:
    edges = [int(edge.total_seconds()) for edge in EDGES]
    return zip([0, *edges], [*edges, None], strict=True)


def _sum(heads: Iterable[Head]) -> list[int]:
    counts = [0] * BINS
    for head in heads:
        for number, count in enumerate(head.lateness):
            counts[number] += count
    return counts


def _too_late(heads: Iterable[Head]) -> Mapping[str, int]:
    """Events that came after a tier had let go of their panes: exact in the coarser ones."""
    late: Counter[str] = Counter({"minute": 0, "hour": 0})
    for head in heads:
        late.update({tier.value: count for tier, count in head.late.items()})
    return late
