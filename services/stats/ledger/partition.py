"""How far one partition of a topic is booked, by the same rule of positions as the fold's. Does no I/O.

Position `last + 1` is booked, a lower one dropped unless it was skipped before, a higher one waits until what is
missing has been sent again: the worker asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from services.stats.engine import LineageChanged
from services.stats.engine.cells import Cells, SeriesNames
from services.stats.engine.local_panes import Calendar
from services.stats.ledger.blocks import BlockDocument, blocks
from services.stats.ledger.entries import BookedEntry, booked
from shared.contracts.base import UNIT_PATTERN
from shared.messaging.codec import Envelope, Record, Undecodable, decode, position_of

_UNIT: Final = re.compile(UNIT_PATTERN)


class HistoryReplaced(Exception):
    """The log was made anew with another numbering: nothing that is booked holds any more."""


@dataclass(frozen=True, slots=True)
class LedgerHead:
    """How far one partition is booked: up to `positions` but for the `skipped`, read up to `offset`.

    `earliest_day` is the first local day on which anything was added.
    """

    topic: str
    partition: int
    cluster_id: str = ""
    lineage: str = ""
    offset: int = 0
    positions: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, list[int]] = field(default_factory=dict)
    earliest_day: int | None = None


class Partition:
    """Turns the records of one partition into blocks of entries; the head is that of everything taken."""

    def __init__(self, head: LedgerHead, *, cells: Cells, calendar: Calendar, city_of: Callable[[str], str]) -> None:
        self.topic = head.topic
        self.number = head.partition
        self.cluster_id = head.cluster_id
        self.offset = head.offset
        self._lineage = head.lineage
        self._positions = dict(head.positions)
        self._skipped = {unit: set(positions) for unit, positions in head.skipped.items()}
        self._earliest_day = head.earliest_day
        self._cells = cells
        self._calendar = calendar
        self._city_of = city_of
        self._names: dict[str, SeriesNames] = {}
        self._waiting: dict[str, list[BookedEntry]] = {}
        self._from_the_beginning = head.offset == 0

    def read_anew(self) -> None:
        """The log begins again from its start: what is booked already is passed by its position."""
        self.offset = 0
        self.cluster_id = ""
        self._from_the_beginning = True

    def take(self, record: Record) -> bool:
        """Book the next record; whether it has added anything.

        Raises: LineageChanged if the log goes on with another database; HistoryReplaced if it begins with one.
        """
        self.offset = record.offset + 1
        try:
            envelope = decode(record.value)
            self._accept(envelope.lineage)
            if not self._is_due(envelope.partitionkey, envelope.position):
                return False
            cells = self._cells.of(envelope, self._names_of(envelope.partitionkey))
        except Undecodable:
            self._skip((record.key or b"").decode(errors="replace"), position_of(record.headers) or 0)
            return False
        self._advance(envelope)
        entry = booked(envelope, cells, self._calendar) if cells else None
        if entry is None:
            return False
        self._waiting.setdefault(entry.unit, []).append(entry)
        first = min(entry.days)
        self._earliest_day = first if self._earliest_day is None else min(first, self._earliest_day)
        return True

    def drained(self) -> list[BlockDocument]:
        """What has been added since the last call."""
        waiting, self._waiting = self._waiting, {}
        return [
            block
            for unit, entries in waiting.items()
            for block in blocks(self.topic, unit, self._city_of(unit), entries)
        ]

    def head(self) -> LedgerHead:
        """What may be written once everything drained so far is."""
        return LedgerHead(
            topic=self.topic,
            partition=self.number,
            cluster_id=self.cluster_id,
            lineage=self._lineage,
            offset=self.offset,
            positions=dict(self._positions),
            skipped={unit: sorted(positions) for unit, positions in self._skipped.items() if positions},
            earliest_day=self._earliest_day,
        )

    def _accept(self, lineage: str) -> None:
        if lineage != self._lineage and self._lineage:
            where = f"{self.topic}/{self.number}"
            if self._from_the_beginning:
                raise HistoryReplaced(f"{where} begins with lineage {lineage} instead of {self._lineage}")
            raise LineageChanged(
                f"{where} continues with lineage {lineage} instead of {self._lineage}: the producer's database was "
                "replaced under an unchanged log. Give it new topics, or restore its database."
            )
        self._lineage = lineage
        self._from_the_beginning = False

    def _is_due(self, unit: str, position: int) -> bool:
        return position == self._positions.get(unit, 0) + 1 or position in self._skipped.get(unit, ())

    def _advance(self, envelope: Envelope) -> None:
        unit, position = envelope.partitionkey, envelope.position
        self._positions[unit] = max(position, self._positions.get(unit, 0))
        self._skipped.get(unit, set()).discard(position)

    def _skip(self, unit: str, position: int) -> None:
        if _UNIT.fullmatch(unit) and position == self._positions.get(unit, 0) + 1:
            self._positions[unit] = position
            self._skipped.setdefault(unit, set()).add(position)

    def _names_of(self, unit: str) -> SeriesNames:
        names = self._names.get(unit)
        if names is None:
            names = self._names[unit] = SeriesNames(unit)
        return names
