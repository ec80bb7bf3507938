"""What callers get to see of publications; owns the form of answers, no rule."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from services.stats.publications.causes import Reason
from services.stats.publications.handlers import told
from services.stats.publications.publication import Publication, PublicationStatus
from services.stats.publications.restatement import Restatement
from services.stats.queries.composition import Composition
from shared.contracts.figures import Cause, Figure
from shared.contracts.stats import Tier
from shared.views import View


class PublicationView(View):
    """A publication without its figures."""

    status: PublicationStatus
    name: str
    title: str
    window: str
    start: datetime
    end: datetime
    tier: Tier
    as_of: datetime
    metrics: tuple[str, ...]
    units: tuple[str, ...]
    restatements: int


class ComparedFigure(BaseModel):
    """A published figure, what was last said about it, and what it is now."""

    unit: str
    metric: str
    published: Figure
    stated: Figure
    now: Figure | None = Field(description="Null where it cannot be compared.")


class RestatementView(BaseModel):
    """One restated figure."""

    number: int
    unit: str
    metric: str
    published: Figure
    last_stated: Figure
    now: Figure
    as_of: datetime
    positions_then: dict[str, int]
    positions_now: dict[str, int]
    reason: Reason
    causes: tuple[Cause, ...]
    more_causes: bool

    @classmethod
    def of(cls, restatement: Restatement, composition: Composition) -> RestatementView:
        metric, found = restatement.metric, restatement.explanation
        return cls(
            number=restatement.number,
            unit=restatement.unit,
            metric=metric,
            published=told(composition, metric, restatement.published),
            last_stated=told(composition, metric, restatement.last_stated),
            now=told(composition, metric, restatement.now),
            as_of=restatement.as_of,
            positions_then=dict(restatement.positions_then),
            positions_now=dict(restatement.positions_now),
            reason=found.reason,
            causes=tuple(Cause.model_validate(cause, from_attributes=True) for cause in found.causes),
            more_causes=found.more,
        )


class WholePublication(BaseModel):
    """A publication with its figures and, beside them, those of now."""

    publication: PublicationView
    generation: str = Field(description="The rules by which the published figures were counted.")
    positions: dict[str, int] = Field(description="Up to which position each sequence was counted.")
    incomplete: tuple[str, ...] = Field(description="Units that lacked an event when they were published.")
    not_compared: str | None = Field(description="Why there are no figures of now; null if there are.")
    figures: list[ComparedFigure]
    restatements: list[RestatementView] = Field(description="The latest ones.")
    next: str | None = Field(description="The cursor for earlier restatements; null if these are all.")


def publication_view(publication: Publication) -> PublicationView:
    return PublicationView.model_validate(publication, from_attributes=True)
