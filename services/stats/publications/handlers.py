"""What is done on request: freeze the figures that are served; must not know HTTP."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from services.stats.publications.commands import IssuePublication
from services.stats.publications.publication import Frozen, Publication, Row, Skipped
from services.stats.publications.repository import Publications
from services.stats.queries import Queries
from services.stats.queries.composition import Composition, Stated
from services.stats.serving.served import Served
from shared.contracts.figures import Figure, FigureRow, PublicationIssued, PublishedFigures
from shared.errors import InvalidInput, NotFound, Unavailable
from shared.ids import new_id
from shared.work import Work

# All 134 figures of Hanoi and its 126 communes are 17,018, and 300 kB as an event; a broker takes 1 MB.
MAX_FIGURES: Final = 20_000


async def issue_publication(
    command: IssuePublication, *, publications: Publications, served: Served, queries: Queries, work: Work
) -> Publication:
    """The figures of this moment under a name. Raises: InvalidInput; NotFound; Unavailable while they are not live."""
    if not work.caller.covers(command.unit):
        raise NotFound(f"There is no unit {command.unit} among yours.")
    publication, frozen = frozen_figures(command, id=new_id(), served=served, queries=queries, work=work)
    event = issued(publication, frozen, served.composition)
    await work.commit(
        publication,
        [event],
        publications.kept.inserting([publication]),
        publications.adding(publication.id, frozen),
    )
    return publication


def frozen_figures(
    command: IssuePublication, *, id: str, served: Served, queries: Queries, work: Work
) -> tuple[Publication, Frozen]:
    """The publication and its table, both of one state. Raises: InvalidInput; WindowError; Unavailable."""
    if not served.is_live:
        raise Unavailable("The figures are being rebuilt or catching up: publish them once they are complete.")
    as_of = work.clock.now()
    metrics = tuple(dict.fromkeys(command.metrics))
    selection = queries.select(
        served.view, command.unit, command.window, command.from_date, command.to_date, ",".join(metrics)
    )
    interval = queries.interval(served.view, selection, as_of)
    units = _units(command, served)
    if len(units) * len(metrics) > MAX_FIGURES:
        raise InvalidInput.of("metrics", f"{len(units) * len(metrics)} figures are more than {MAX_FIGURES}")
    topics = served.topics(metrics)
    positions = tuple(sorted(served.positions(served.codes_behind(command.unit), topics).items()))
    publication = Publication(
        id=id,
        unit=command.unit,
        name=command.name,
        title=command.title,
        window=selection.window or f"{command.from_date}/{command.to_date}",
        start=interval.start,
        end=interval.end,
        tier=interval.tier,
        as_of=as_of,
        generation=served.generation,
        metrics=metrics,
        units=units,
        positions=positions,
        lineages=tuple(sorted((topic, id) for topic, id in served.lineages().items() if topic in topics)),
        issued_by=work.caller.subject,
        skipped=skipped(served, served.codes_behind(command.unit), topics),
    )
    figures = served.rows(units, metrics, interval)
    return publication, Frozen(_rows(units, metrics, figures, served.incomplete()), positions, served.generation)


def skipped(served: Served, codes: Collection[str], topics: Collection[str]) -> Skipped:
    """The positions of these sources that the figures lack although they hold higher ones."""
    heads = served.view.heads.items()
    found = ((f"{topic}/{unit}", head.skipped) for (topic, unit), head in heads if topic in topics and unit in codes)
    return tuple(sorted((source, positions) for source, positions in found if positions))


def issued(publication: Publication, frozen: Frozen, composition: Composition) -> PublicationIssued:
    """The event of a new publication."""
    rows = tuple(
        FigureRow(
            unit=row.unit,
            figures=tuple(told(composition, *one) for one in zip(publication.metrics, row.figures, strict=True)),
            incomplete=row.incomplete,
        )
        for row in frozen.rows
    )
    facts = PublishedFigures(
        name=publication.name,
        title=publication.title,
        window=publication.window,
        start=publication.start,
        end=publication.end,
        tier=publication.tier,
        as_of=publication.as_of,
        generation=publication.generation,
        metrics=publication.metrics,
        rows=rows,
        positions=dict(publication.positions),
    )
    return PublicationIssued(time=publication.as_of, subject=publication.id, partitionkey=publication.unit, data=facts)


def parts_told(composition: Composition, metric: str, stated: Stated) -> dict[str, int | float | None]:
    """A figure as it is told to others: a ratio with its two parts, a percentile with how many it is of."""
    if metric in composition.catalogue.ratios:
        return {"value": stated.value, "numerator": stated.parts[0], "denominator": stated.parts[1]}
    if metric in composition.catalogue.percentiles:
        return {"value": stated.value, "n": sum(stated.parts)}
    return {"value": stated.value}


def told(composition: Composition, metric: str, stated: Stated) -> Figure:
    """The same as events tell it."""
    return Figure.model_validate(parts_told(composition, metric, stated))


def _units(command: IssuePublication, served: Served) -> tuple[str, ...]:
    """The city first, then the communes that were asked for. Raises: InvalidInput."""
    communes = [unit.code for unit in served.places.communes_of(command.unit)]
    if command.units == "communes":
        return (command.unit, *communes)
    asked = tuple(dict.fromkeys(command.units or ()))
    for place, code in enumerate(asked):
        if code not in communes:
            raise InvalidInput.of(f"units[{place}]", f"{code} is not a commune of {command.unit} today")
    return (command.unit, *asked)


def _rows(
    units: Sequence[str],
    metrics: Iterable[str],
    figures: Mapping[tuple[str, str], Stated],
    incomplete: frozenset[str],
) -> tuple[Row, ...]:
    wanted = tuple(metrics)
    return tuple(Row(unit, tuple(figures[unit, metric] for metric in wanted), unit in incomplete) for unit in units)
