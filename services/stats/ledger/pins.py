"""The positions that an explained figure contains, carried from page to page. Pure.

A figure and its window move on while somebody turns pages. So the first page pins them, and the cursor carries the
pins: all pages together explain the figure that the first one told.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from services.stats.ledger.entries import Entry
from services.stats.ledger.partition import LedgerHead
from services.stats.panes import Head


@dataclass(frozen=True, slots=True)
class Pin:
    """How far a figure contains a unit's sequence: up to `position` but for the `skipped`."""

    position: int
    skipped: frozenset[int] = frozenset()
    lineage: str = ""

    @classmethod
    def of(cls, head: Head) -> Pin:
        return cls(head.position, frozenset(head.skipped), head.lineage)

    def contains(self, position: int) -> bool:
        return position <= self.position and position not in self.skipped

    def lacking(self, head: LedgerHead | None, unit: str) -> int:
        """How many of its events are not booked yet."""
        known = head is not None and (not self.lineage or head.lineage == self.lineage)
        if head is None or not known:
            return self.position - len(self.skipped)
        reached = head.positions.get(unit, 0)
        beyond = sum(position > reached for position in self.skipped)
        unread = sum(self.contains(position) for position in head.skipped.get(unit, ()))
        return max(self.position - reached - beyond, 0) + unread


Pins = Mapping[str, Pin]
"""By unit, for one topic."""


def contains(pins: Pins, entry: Entry) -> bool:
    pin = pins.get(entry.unit)
    return pin is not None and pin.contains(entry.position)


def lacking(pins: Pins, heads: Iterable[LedgerHead]) -> int:
    """How many events of the pinned positions the ledger has not booked yet."""
    holding = {unit: head for head in heads for unit in head.positions}
    return sum(pin.lacking(holding.get(unit), unit) for unit, pin in pins.items())


def packed(pins: Pins, units: Sequence[str]) -> str:
    """The pins of these units as a short text: hundreds of positions have to fit into an address."""
    positions = [pins[unit].position if unit in pins else 0 for unit in units]
    skipped = {unit: sorted(pin.skipped) for unit, pin in pins.items() if pin.skipped}
    return base64.b85encode(zlib.compress(orjson.dumps([positions, skipped]), 9)).decode()


def unpacked(text: str, units: Sequence[str]) -> Pins:
    """The pins that `packed` made of the same units."""
    positions, skipped = orjson.loads(zlib.decompress(base64.b85decode(text)))
    pins = zip(units, positions, strict=True)
    return {unit: Pin(position, frozenset(skipped.get(unit, ()))) for unit, position in pins if position}
