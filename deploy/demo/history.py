"""What the demonstration's past consists of, chunk by chunk; pure and seeded, opens no connection and reads no clock.

Two parts. The *reviews* are the days of the published figures, each fact in the unit of its day, and add up to the
table exactly. The *recent days* are the last 62 before now, at the same rates in today's units, drawn day by day, so
that a day comes out the same whenever it is asked for. Between the two there is nothing, and the pages say so.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from deploy.demo import honours
from deploy.demo.facts import (
    ADVISORY_DOCUMENT,
    CRIME_REPORT,
    OUTREACH_SESSION,
    SERIES,
    Series,
    Span,
)
from deploy.demo.geography import Era, eras, shares, weights
from deploy.demo.published import BY_METRIC, CONFERENCE, FORCE_YEAR
from deploy.demo.rhythm import DAY_S, day_number, day_of, text
from deploy.demo.shares import allocate, poisson
from deploy.demo.teams import Teams
from shared.places import REFORM

Record = dict[str, Any]
SEED: Final = "commune-pulse"
RECENT_DAYS: Final = 62
LATELY: Final = "last two days"
LATELY_S: Final = 2 * DAY_S
SERVICES: Final = ("patrols", "tips")
_LABELS: Final = {"tips": "tips and documents since 2022", "patrols": "the year of the force, outreach since 2019"}
CHUNK_RECORDS: Final = 6_000  # about three seconds of work: little is sent twice after an interruption
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records that are loaded together and then never again. `expected` is their number, or about their number."""

    name: str
    service: str
    label: str
    expected: int
    records: Callable[[], Iterator[Record]]


@dataclass(frozen=True, slots=True)
class Stretch:
    """So many facts of a series between two days."""

    series: Series
    first: date
    last: date
    count: int
    noted: int

    @classmethod
    def published(cls, series: Series, scale: float) -> "Stretch":
        """The facts of a published figure."""
        figure = BY_METRIC[series.metric]
        noted = BY_METRIC[series.noted].amount if series.noted else 0
        return cls(series, figure.first, figure.last, round(figure.amount * scale), round(noted * scale))

    @classmethod
    def assumed(cls, series: Series, first: date, last: date, scale: float) -> "Stretch":
        """Facts at the published rate in days of which nothing was published."""
        count = round(series.per_day * ((last - first).days + 1) * scale)
        return cls(series, first, last, count, round(count * series.note_per_fact))

    def portions(self) -> Iterator["Portion"]:
        """The facts by the map of their day and by unit."""
        parts = eras(self.first, self.last)
        counts = allocate(self.count, [(era.last - era.first).days + 1.0 for era in parts])
        by_map = [(era, weights(self.series.name, era.first), count) for era, count in zip(parts, counts, strict=True)]
        split = [
            (era, unit, share)
            for era, by_unit, count in by_map
            for unit, share in zip(by_unit, allocate(count, list(by_unit.values())), strict=True)
        ]
        noted = allocate(self.noted, [share for _, _, share in split])
        for (era, unit, share), note in zip(split, noted, strict=True):
            if share:
                yield Portion(self.series, era, unit, share, note)


@dataclass(frozen=True, slots=True)
class Portion:
    """The facts of one series in one unit over days of one map."""

    series: Series
    era: Era
    unit: str
    count: int
    noted: int

    def records(self, seed: str) -> Iterator[Record]:
        """One record for each, in order of time."""
        series = self.series
        name = f"{series.name}/{self.era.first}/{self.unit}"
        rng = Random(f"{seed}/{name}")
        first, last = day_number(self.era.first), day_number(self.era.last)
        moments = series.rhythm.draw(rng, first, last, self.count)
        span = Span(earliest=first * DAY_S)
        for number, (at, note) in enumerate(zip(moments, series.notes(rng, self.noted, self.count), strict=True)):
            content = series.make(rng, at, span, note)
            if content is not None:
                yield {"type": series.type, "key": f"demo/{name}/{number}", "unit": self.unit, **content}


@dataclass(frozen=True, slots=True)
class Recent:
    """The recent facts that count after the moment `since` and up to `until`, as far as they are known at `now`.

    With `until` now, those that have begun and are not over belong to them.
    """

    since: int
    until: int
    now: int

    @classmethod
    def before(cls, now: int) -> "Recent":
        """The last 62 days and the day that has begun, but nothing of the days of the reviews."""
        earliest = max(now // DAY_S - RECENT_DAYS, day_number(CONFERENCE))
        return cls(earliest * DAY_S, now, now)

    def divided(self, at: int) -> tuple["Recent", "Recent"]:
        """The facts up to a moment and those after it."""
        middle = max(self.since, at)
        return Recent(self.since, middle, self.now), Recent(middle, self.until, self.now)

    @property
    def expected_days(self) -> float:
        return max(0.0, (self.until - self.since) / DAY_S)

    def records(self, series: Series, unit: str, share: float, seed: str, scale: float) -> Iterator[Record]:
        """The facts of one series in one unit, whose share of the city this is."""
        span = Span(earliest=0, until=self.now)
        under_way = self.until == self.now
        last = self.until // DAY_S + (series.lead_days if under_way else 0)
        for day in range(self.since // DAY_S, last + 1):
            name = f"{series.name}/{day_of(day * DAY_S)}/{unit}"
            rng = Random(f"{seed}/{name}")
            count = poisson(rng, series.per_day * series.rhythm.of_day(day) * share * scale)
            noted = round(series.note_per_fact * count + rng.random() - 0.5) if series.noted else 0
            notes = series.notes(rng, noted, count)
            for number, (at, note) in enumerate(zip(series.rhythm.draw(rng, day, day, count), notes, strict=True)):
                content = series.make(rng, at, span, note)
                if content is not None and self.since < at and (at <= self.until or under_way):
                    yield {"type": series.type, "key": f"demo/{name}/{number}", "unit": unit, **content}


class History:
    """All that is loaded. `scale` thins it out for trying."""

    def __init__(self, *, seed: str = SEED, scale: float = 1.0) -> None:
        self._seed = seed
        self._scale = scale

    def chunks(self, now: int) -> list[Chunk]:
        """Everything up to now, in the order in which somebody who is watching would like it."""
        before, lately = Recent.before(now).divided(now - LATELY_S)
        return [
            self._honours(),
            *self.recent(LATELY, lately),
            *self._teams(),
            *self.recent("last 62 days", before),
            self._models(),
            *self._reviews("tips"),
            *self._reviews("patrols"),
        ]

    def recent(self, label: str, days: Recent) -> list[Chunk]:
        """The recent days between two moments."""
        return [chunk for service in SERVICES for chunk in self._recent(label, service, days)]

    def _recent(self, label: str, service: str, days: Recent) -> Iterator[Chunk]:
        several = [(series, shares(series.name, REFORM)) for series in SERIES if series.service == service]

        def expected(unit: str) -> float:
            return sum(series.per_day * share[unit] for series, share in several) * days.expected_days * self._scale

        def load(units: list[str]) -> Iterator[Record]:
            for unit in units:
                for series, share in several:
                    yield from days.records(series, unit, share[unit], self._seed, self._scale)

        for number, units in enumerate(_groups(several[0][1], expected)):
            yield Chunk(
                name=f"recent/{service}/{text(days.since)}/{text(days.until)}/{number}",
                service=service,
                label=label,
                expected=round(sum(expected(unit) for unit in units)),
                records=lambda units=units: load(units),  # type: ignore[misc]
            )

    def _stretches(self) -> list[Stretch]:
        continued = [
            # The reports on these end earlier than the one on the force; at nothing, every comparison of the force's
            # year with the year before would show a collapse that never was.
            Stretch.assumed(series, BY_METRIC[series.metric].last + _DAY, FORCE_YEAR[1], self._scale)
            for series in (CRIME_REPORT, ADVISORY_DOCUMENT, OUTREACH_SESSION)
        ]
        return [*(Stretch.published(series, self._scale) for series in SERIES), *continued]

    def _reviews(self, service: str) -> Iterator[Chunk]:
        """The facts of all series, unit by unit: records of one unit are one transaction, and those are what costs."""
        of_unit: dict[tuple[date, str], list[Portion]] = {}
        for stretch in self._stretches():
            if stretch.series.service == service:
                for portion in stretch.portions():
                    of_unit.setdefault((portion.era.map_since, portion.unit), []).append(portion)

        def load(units: list[tuple[date, str]]) -> Iterator[Record]:
            for unit in units:
                for portion in of_unit[unit]:
                    yield from portion.records(self._seed)

        for since in sorted({since for since, _ in of_unit}, reverse=True):
            units = sorted(unit for unit in of_unit if unit[0] == since)
            for number, group in enumerate(_groups(units, lambda unit: sum(each.count for each in of_unit[unit]))):
                yield Chunk(
                    name=f"review/{service}/{since}/{number}",
                    service=service,
                    label=_LABELS[service],
                    expected=sum(portion.count for unit in group for portion in of_unit[unit]),
                    records=lambda group=group: load(group),  # type: ignore[misc]
                )

    def _honours(self) -> Chunk:
        def load() -> Iterator[Record]:
            yield from honours.instruments()
            yield from honours.campaigns()
            yield from honours.awards()
            yield from honours.exemplars()
            yield from honours.gifts()

        return Chunk("honours", "awards", "windows and honours", sum(1 for _ in load()), load)

    def _models(self) -> Chunk:
        amount = round(BY_METRIC["models_launched"].amount * self._scale)
        return Chunk("models", "awards", "models", amount + 1, lambda: honours.models(self._seed, amount))

    def _teams(self) -> Iterator[Chunk]:
        teams = Teams.of(self._seed, self._scale)
        for number, units in enumerate(_groups(teams.numbers, teams.expected)):
            yield Chunk(
                name=f"teams/{number}",
                service="patrols",
                label="teams",
                expected=round(sum(teams.expected(unit) for unit in units)),
                records=lambda units=units: teams.records(units),  # type: ignore[misc]
            )


def _groups(items: Iterable[Any], size: Callable[[Any], float]) -> Iterator[list[Any]]:
    """The items in order, in groups of about a chunk."""
    group: list[Any] = []
    filled = 0.0
    for item in items:
        if group and filled + size(item) > CHUNK_RECORDS:
            yield group
            group, filled = [], 0.0
        group.append(item)
        filled += size(item)
    if group:
        yield group
