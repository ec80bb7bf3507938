"""Entries of one unit in blocks, the form in which the store has them. Pure; knows no store.

A block holds what one write brings of a unit: a single event as it happens, two dozen while a history is loaded, which
saves an embedded store most of the work. `slots` name the rows and days that its entries touch, which is what readers
search by. A writer that died may have left a block whose entries are in the next writer's blocks too, cut another way:
who reads takes each position once.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from services.stats.ledger.entries import BookedEntry, kind_of
from services.stats.panes import SPLIT

FORM: Final = "2"
"""Of what is kept: blocks of another form are made anew."""
BLOCK_ENTRIES: Final = 25  # two days of a commune: who reads a day unpacks little else
LEVEL: Final = 1  # more effort would save little more

BlockDocument: TypeAlias = dict[str, Any]
"""{_id, source: topic/unit, last: highest position, slots, packed}."""

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(tuple[BookedEntry, ...]).decode


def source(topic: str, unit: str) -> str:
    return f"{topic}/{unit}"


def slot(kind: str, row: str, day: int) -> str:
    """Where all entries lie that add anything of one kind of aggregate to a row on a local day.

    A row is a unit of today, a city, or a code under which entries were recorded.
    """
    return f"{kind}|{row}|{day}"


def blocks(topic: str, unit: str, city: str, entries: Sequence[BookedEntry]) -> Iterator[BlockDocument]:
    """The blocks of entries of one unit, which lies in this city. The same entries make the same blocks."""
    for start in range(0, len(entries), BLOCK_ENTRIES):
        some = entries[start : start + BLOCK_ENTRIES]
        positions = [entry.position for entry in some]
        first, last = min(positions), max(positions)
        yield {
            "_id": f"{source(topic, unit)}/{first}-{last}/{len(some)}",
            "source": source(topic, unit),
            "last": last,
            "slots": sorted(set().union(*(_slots(entry, city) for entry in some))),
            "packed": zlib.compress(_encode(some), LEVEL),
        }


def unpacked(documents: Iterable[BlockDocument]) -> Iterator[tuple[str, BookedEntry]]:
    """(topic, entry) of everything in the blocks, each entry once."""
    seen: defaultdict[str, set[int]] = defaultdict(set)
    for document in documents:
        topic, known = document["source"].partition("/")[0], seen[document["source"]]
        for entry in _entries(document["packed"]):
            if entry.position not in known:
                known.add(entry.position)
                yield topic, entry


def _entries(packed: bytes) -> Sequence[BookedEntry]:
    return _decode(zlib.decompress(packed))


def _slots(entry: BookedEntry, city: str) -> set[str]:
    kind = kind_of(entry.type)
    rows = {*entry.amounts, entry.unit, city} - {SPLIT}
    return {slot(kind, row, day) for row in rows for day in entry.days}
