"""Understands codes and names as people give them; must not read a clock or guess."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import cache, cached_property
from typing import Final

from shared.errors import InvalidInput
from shared.places.atlas import NEWEST_FIRST, Atlas
from shared.places.names import plain
from shared.places.search import Hit, Index, Match, Query, codes_like
from shared.places.tables import Era, Row
from shared.places.unit import REFORM, Resolution, Unit

_SUGGESTIONS: Final = 10


class Places(Atlas):
    """The units of all maps, found by code or name. Immutable; the name index is made by the first search."""

    def resolve(self, code_or_name: str, on: date, residential_group: str | None = None) -> Resolution:
        """What was meant on that day: units of the day first, else those that the named ones became or came from.

        A name may be followed by its district or city ("Phường 4, Phú Nhuận"). A residential group that is on record
        picks its commune from several.
        """
        meant = self._meant(code_or_name)
        units = [unit for unit in meant if unit.valid_on(on)]
        units = units or [carried for unit in meant for carried in self._carried(unit, on)]
        group = self._tables.groups.get(residential_group or "")
        if group is not None:
            settled = group.after if on >= REFORM else group.before
            units = [unit for unit in units if unit.code == settled] or units
        return Resolution(tuple(dict.fromkeys(units)))

    def validate_for(self, code: str, on: date, *, residential_group: str | None = None, field: str = "unit") -> str:
        """The code under which a fact of that day is recorded.

        Raises: InvalidInput with candidates, unless the code is valid on the day or leads forward to a single unit.
        """
        if self.valid_on(code, on):
            return code
        if not self.exists(code):
            raise _refused(field, f"{code!r} is not the code of a unit", self._nearest(code, on))
        resolution = self.resolve(code, on, residential_group)
        if self._is_new(code, on):
            reason = f"{code} was not in use yet on {on}: choose a unit of that day"
            raise _refused(field, reason, resolution.candidates)
        if resolution.unit is None:
            reason = f"{code} was divided: choose the unit of {on} that the place lies in"
            raise _refused(field, reason, resolution.candidates)
        return resolution.unit.code

    def search(self, text: str, on: date | None = None, limit: int = 20) -> tuple[Hit, ...]:
        """The best matches for a code or a name in any spelling, best first; for a former unit with what it is now.

        Without a day, or on today's map, former names are searched too; a day before the reform sees only its own map.
        """
        day = on or REFORM
        found = sorted(self._listed(Query(text), day), key=_best_first)
        units = (self._unit(era, match.row.code) for era, match in found[:limit])
        return tuple(Hit(unit, tuple(self._carried(unit, REFORM)) if day >= REFORM else ()) for unit in units)

    def _listed(self, query: Query, day: date) -> Iterator[tuple[Era, Match]]:
        """What matches on the map of the day; on today's also former units, unless one merely repeats a listed one."""
        listed = set()
        for era in NEWEST_FIRST:
            for match in self._matches(query, era):
                row = match.row
                same = (row.code, row.kind, row.name)
                if day < REFORM:
                    relevant = self._era(row.code, day) is era
                else:
                    relevant = row.successors != row.code or same not in listed
                if relevant:
                    listed.add(same)
                    yield era, match

    def _is_new(self, code: str, on: date) -> bool:
        return all(unit.valid_from is not None and on < unit.valid_from for unit in self._versions(code))

    def _meant(self, text: str) -> list[Unit]:
        if text.isdigit():
            return list(self._versions(text))
        query = Query(text)
        return self._called(query, Index.named) or self._called(query, Index.once_named)

    def _called(self, query: Query, find: Callable[[Index, Query], list[Row]]) -> list[Unit]:
        units = (self._unit(era, row.code) for era in NEWEST_FIRST for row in find(self._index[era], query))
        return [unit for unit in units if self._lies_in(unit, query.around)]

    def _matches(self, query: Query, era: Era) -> Iterator[Match]:
        for match in self._index[era].matches(query):
            if not query.around or self._lies_in(self._unit(era, match.row.code), query.around):
                yield match

    def _lies_in(self, unit: Unit, around: Iterable[str]) -> bool:
        if not around:
            return True
        names = [unit.district or "", self._unit(Era.TODAY, unit.city).name]
        if unit.valid_to is not None:
            names.append(self._unit(Era.BEFORE, unit.province).name)
        return all(f" {place} " in f" {plain(' '.join(names))} " for place in around)

    def _nearest(self, code: str, on: date) -> list[Unit]:
        if not code.isdigit():
            hits = self.search(code, on, _SUGGESTIONS)
            return list(dict.fromkeys(unit for hit in hits for unit in hit.now or (hit.unit,)))[:_SUGGESTIONS]
        near = (self.get(each, on) for each in sorted(set(codes_like(code))))
        return [unit for unit in near if unit is not None][:_SUGGESTIONS]

    @cached_property
    def _index(self) -> tuple[Index, ...]:
        return tuple(Index(rows.values()) for rows in self._tables.maps)


@cache
def places() -> Places:
    """The places of the country, read once per process."""
    return Places.load()


def _refused(field: str, reason: str, candidates: Iterable[Unit]) -> InvalidInput:
    choices = [{"code": unit.code, "name": unit.name, "kind": unit.kind.value} for unit in candidates]
    return InvalidInput.of(field, reason, candidates=choices)


def _best_first(found: tuple[Era, Match]) -> tuple[int | str, ...]:
    era, (rank, other_spelling, row) = found
    return rank, other_spelling, -era, bool(row.province), len(row.name), row.name, row.code
