"""Which entry of dated rules holds on a day; knows nothing of what they say."""

from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar


class Effective(Protocol):
    """What holds from one day on, until a later entry about the same."""

    @property
    def in_force_from(self) -> date: ...


T = TypeVar("T", bound=Effective)


def in_force(entries: Iterable[T], on: date) -> T | None:
    """The latest of the entries that hold on the day, in whatever order they stand; None before the first one."""
    return max(
        (each for each in entries if each.in_force_from <= on), key=lambda each: each.in_force_from, default=None
    )
