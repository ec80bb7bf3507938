"""Answers about publications: the frozen figures beside those of now, and restatements by page. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.stats.publications.handlers import parts_told
from services.stats.publications.publication import Cell, Frozen, Publication
from services.stats.publications.repository import Publications
from services.stats.publications.schemas import RestatementView, publication_view
from services.stats.queries.composition import Composition, Stated
from services.stats.serving.served import Served
from shared.web import Page

LATEST: Final = 100


async def whole(id: str, publications: Publications, served: Served, as_of: datetime) -> dict[str, Any]:
    """A publication with all that is known of it. Shape: WholePublication. Raises: NotFound."""
    publication, frozen = await publications.find(id), await publications.table(id)
    latest = await restatements(id, publications, served, None, LATEST)
    obstacle, now = of_now(publication, served, as_of)
    return {
        "publication": publication_view(publication).model_dump(mode="json"),
        "generation": frozen.generation,
        "positions": dict(frozen.positions),
        "incomplete": [row.unit for row in frozen.rows if row.incomplete],
        "not_compared": obstacle,
        "figures": _figures(publication, frozen, now, served.composition),
        "restatements": [each.model_dump(mode="json") for each in latest.items],
        "next": latest.next,
    }


def _figures(
    publication: Publication, frozen: Frozen, now: Mapping[Cell, Stated], composition: Composition
) -> list[dict[str, Any]]:
    """Plain dictionaries: of 17,000 figures, models of them would keep everybody waiting for half a second."""
    stated = publication.stated(frozen)
    figures = []
    for cell, published in publication.published(frozen).items():
        unit, metric = cell
        figures.append(
            {
                "unit": unit,
                "metric": metric,
                "published": parts_told(composition, metric, published),
                "stated": parts_told(composition, metric, stated[cell]),
                "now": parts_told(composition, metric, now[cell]) if cell in now else None,
            }
        )
    return figures


def of_now(publication: Publication, served: Served, as_of: datetime) -> tuple[str | None, Mapping[Cell, Stated]]:
    """Why the figures of now cannot be told, or those figures."""
    if not served.is_live:
        return "figures_not_live", {}
    positions = served.positions(served.codes_behind(publication.unit), served.topics(publication.metrics))
    obstacle = publication.obstacle(positions, served.lineages(), as_of=as_of, zone=served.zone)
    if obstacle is not None:
        return obstacle.value, {}
    return None, served.comparable(publication.units, publication.metrics, publication.interval(served.zone))


async def restatements(
    id: str, publications: Publications, served: Served, cursor: str | None, limit: int
) -> Page[RestatementView]:
    """One page, the latest first. Raises: InvalidInput for a cursor that is not one."""
    found, following = await publications.restatements(id, cursor, limit)
    return Page(items=[RestatementView.of(each, served.composition) for each in found], next=following)
