"""The served figures as publications and alerts ask for them: of one state, with positions and gaps. Stores nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol
from zoneinfo import ZoneInfo

from services.stats.feed import Status
from services.stats.queries.composition import Composition, Stated
from services.stats.view import View
from services.stats.windows import Interval
from shared.places import Places


class Feed(Protocol):
    """Who keeps the served view up to date."""

    @property
    def view(self) -> View: ...

    @property
    def status(self) -> Status: ...


class Served:
    """What is served at this moment. A city's figures come from all codes that ever were in it."""

    def __init__(self, feed: Feed, composition: Composition, places: Places, zone: ZoneInfo, generation: str) -> None:
        self.composition = composition
        self.places = places
        self.zone = zone
        self.generation = generation
        self._feed = feed
        self._sources: dict[str, frozenset[str]] = {}

    @property
    def view(self) -> View:
        return self._feed.view

    @property
    def is_live(self) -> bool:
        """Whether the figures are of now, complete, and counted by the rules of this process."""
        return self._feed.status == Status.LIVE and not self._feed.view.uncounted

    def codes_behind(self, unit: str) -> frozenset[str]:
        """The codes whose events may change the figures of a unit of today: of a city all that lie or lay in it."""
        found = self._sources.get(unit)
        if found is None:
            codes = self.places.codes_of(self.places.city_of(unit))
            near = (code for code in codes if code == unit or unit in self.places.successors(code))
            found = self._sources[unit] = frozenset(codes if len(unit) == 2 else near)
        return found

    def positions(self, codes: frozenset[str], topics: Iterable[str]) -> dict[str, int]:
        """Up to which position the figures are complete, by "<topic>/<unit>"."""
        wanted = frozenset(topics)
        return {
            f"{topic}/{unit}": head.position
            for (topic, unit), head in self.view.heads.items()
            if topic in wanted and unit in codes
        }

    def lineages(self) -> dict[str, str]:
        """The lineage of each topic; one per topic, because each is numbered by one owner."""
        return {topic: head.lineage for (topic, _), head in self.view.heads.items() if head.lineage}

    def incomplete(self) -> frozenset[str]:
        """The units, and their cities, whose figures lack an event that could not be read or has not come."""
        return self.view.incomplete_rows()

    def topics(self, figures: Iterable[str]) -> frozenset[str]:
        """The topics whose events change any of these figures, as far as they are still in the catalogue."""
        known = (figure for figure in figures if self.composition.knows(figure))
        return frozenset(topic for figure in known for topic in self.composition.topics(figure))

    def rows(self, units: Iterable[str], figures: Iterable[str], interval: Interval) -> dict[tuple[str, str], Stated]:
        """The figures of these units, by (unit, figure)."""
        wanted = tuple(figures)
        return {
            (unit, figure): self.composition.over(self.view.series(unit), figure, interval)
            for unit in units
            for figure in wanted
        }

    def comparable(
        self, units: Iterable[str], figures: Iterable[str], interval: Interval
    ) -> dict[tuple[str, str], Stated]:
        """The same without figures that are not counted any more, and without units that lack an event."""
        incomplete = self.incomplete()
        complete = (unit for unit in units if unit not in incomplete)
        return self.rows(complete, filter(self.composition.knows, figures), interval)
