"""What facts of divided units come to in each of their successors, by estimate. Pure; changes no exact figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias
from weakref import ReferenceType, ref

from services.stats.catalogue import Catalogue
from services.stats.panes import SPLIT
from services.stats.queries.composition import Composition
from services.stats.queries.evaluation import Shares
from services.stats.view import View
from services.stats.windows import Interval

KEPT: Final = 64
"""So many intervals are remembered: those of the standard windows, their comparisons, and some that were asked for."""
RULE: Final[dict[str, Any]] = {
    "weight": "equal",
    "vi": "Ước tính: số liệu của đơn vị cũ bị chia tách mà không ghi tổ dân phố được chia đều cho các đơn vị kế thừa, "
    "làm tròn thành số nguyên, phần lẻ dành cho đơn vị kế thừa chính trước; tổng của thành phố không đổi.",
    "en": "Estimated: what a divided former unit recorded without a residential group is shared out equally among its "
    "successors, in whole numbers, what is left over to the main one first; the city's sum does not change.",
}
Successors: TypeAlias = Callable[[str], Sequence[str]]


def apportion(amount: int, heirs: Sequence[str]) -> dict[str, int]:
    """Equal whole shares that add up to the amount; what is left over goes to the first heirs, one each."""
    share, left = divmod(amount, len(heirs))
    return {heir: share + (at < left) for at, heir in enumerate(heirs)}


class Apportionment:
    """The shares of each unit of today in what is known of its predecessors together only.

    Nobody counted people or measured areas by parts of former units, so that every other weight than equal shares would
    look better founded than it is. Remembers what it worked out: facts of divided units hardly ever change.
    """

    def __init__(self, catalogue: Catalogue, successors: Successors) -> None:
        self._composition = Composition(catalogue)
        self._successors = successors
        self._known: dict[tuple[str, Interval], Mapping[str, Shares]] = {}
        self._view: ReferenceType[View] | None = None  # weak, so that a view that was replaced is let go
        self._version = 0

    def shares(self, view: View, city: str, codes: Iterable[str], interval: Interval) -> Mapping[str, Shares]:
        """By unit of today and series, what it would have more, from the former units with these codes."""
        same = self._view is not None and self._view() is view and self._version == view.carried_version
        if not same or len(self._known) >= KEPT:
            self._view, self._version, self._known = ref(view), view.carried_version, {}
        key = (city, interval)
        if key not in self._known:
            self._known[key] = self.among_heirs(view, codes, interval)
        return self._known[key]

    def among_heirs(self, view: View, codes: Iterable[str], interval: Interval) -> Mapping[str, Shares]:
        """The same for any former units, worked out anew."""
        found: dict[str, dict[str, int]] = {}
        for code in codes:
            heirs = self._successors(code)
            if not heirs:
                continue
            row = view.carried(code).get(SPLIT, {})
            for name in row:
                for heir, share in apportion(self._composition.amount(row, name, interval), heirs).items():
                    shares = found.setdefault(heir, {})
                    shares[name] = shares.get(name, 0) + share
        return found
