"""What one event adds to the series of its unit; neither where they are kept nor whether they have it already."""

from collections.abc import Mapping

from services.stats.catalogue.facts import Facts
from services.stats.catalogue.reader import Reader
from services.stats.engine.local_panes import Calendar
from services.stats.engine.state import Cell, TodayUnit, UnitState
from shared.messaging.codec import Envelope


class Cells:
    """Counts the facts of events."""

    def __init__(self, readers: Mapping[str, Reader], calendar: Calendar, today_unit: TodayUnit) -> None:
        self._readers = readers
        self._calendar = calendar
        self._today_unit = today_unit

    def of(self, envelope: Envelope, unit: UnitState) -> list[Cell]:
        """f(is) - f(was). Raises: Undecodable."""
        reader = self._readers.get(envelope.type)
        if reader is None:
            return []
        was, is_ = reader.change(envelope.data)
        before, now = self._count(unit, reader, was), self._count(unit, reader, is_)
        return _difference(now, before) if before else now

    def _count(self, unit: UnitState, reader: Reader, facts: Facts | None) -> list[Cell]:
        if facts is None:
            return []
        day, group = reader.origin(facts)
        if day is None:
            return []
        place, _ = self._calendar.place(day)
        names = unit.names(unit.today(place.day, group, self._today_unit))
        return [(names[metric], when, amount) for metric, when, amount in reader.contributions(facts)]


def _difference(is_: list[Cell], was: list[Cell]) -> list[Cell]:
    """What is to be added. What counts the same before and after touches nothing."""
    added = list(is_)
    for cell in was:
        if cell in added:
            added.remove(cell)
        else:
            name, when, amount = cell
            added.append((name, when, -amount))
    return added
