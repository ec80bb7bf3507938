"""Which tips may report the same thing, and why one thinks so; pure, and only suggests."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from services.tips.domain.tip import Tip

NEAR: Final = timedelta(days=3)
"""What came in further apart is not suggested: neighbours report a thing within days."""


class Likeness(StrEnum):
    """What two tips have in common."""

    CATEGORY = "same_category"
    PLACE = "same_residential_group"
    HAPPENED = "happened_within_six_hours"
    RECEIVED = "received_within_a_day"


_WEIGHT: Final[Mapping[Likeness, int]] = {
    Likeness.CATEGORY: 3,
    Likeness.PLACE: 3,
    Likeness.HAPPENED: 3,
    Likeness.RECEIVED: 1,
}
ENOUGH: Final = 4  # a category on the same day, or two of category, place and time of the event


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A tip that may report the same, with the reasons, the weightiest first."""

    tip: Tip
    reasons: tuple[Likeness, ...]

    @property
    def weight(self) -> int:
        return sum(_WEIGHT[reason] for reason in self.reasons)


def duplicates_of(tip: Tip, others: Iterable[Tip]) -> list[Duplicate]:
    """Those that are alike enough, the likeliest and nearest in time first; of the two streams only the tip's own."""
    alike = [Duplicate(other, likeness(tip, other)) for other in others if other.stream is tip.stream]
    suggested = [each for each in alike if each.weight >= ENOUGH]
    return sorted(suggested, key=lambda each: (-each.weight, abs(each.tip.received_at - tip.received_at), each.tip.id))


def likeness(one: Tip, other: Tip) -> tuple[Likeness, ...]:
    """What two tips have in common; the same either way."""
    apart = abs(one.happened_at - other.happened_at) if one.happened_at and other.happened_at else None
    common = {
        Likeness.CATEGORY: one.category is other.category,
        Likeness.PLACE: one.residential_group is not None and one.residential_group == other.residential_group,
        Likeness.HAPPENED: apart is not None and apart <= timedelta(hours=6),
        Likeness.RECEIVED: abs(one.received_at - other.received_at) <= timedelta(days=1),
    }
    return tuple(reason for reason, holds in common.items() if holds)
