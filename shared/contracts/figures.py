"""Events of published figures: what was frozen under a name, and what changed of it since. Counted by nobody."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.contracts.base import Event
from shared.contracts.outbox import Unit
from shared.contracts.stats import Tier


class _Published(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Figure(_Published):
    """One figure. A ratio comes with the two figures that it is made of, a percentile with how many it is of."""

    value: int | float | None = None
    numerator: int | None = None
    denominator: int | None = None
    n: int | None = None


class FigureRow(_Published):
    """The figures of one unit, in the order in which the publication names them."""

    unit: Unit
    figures: tuple[Figure, ...]
    incomplete: bool = Field(default=False, description="An event of the unit could not be read at that moment.")


class PublishedFigures(_Published):
    """Figures as they stood at one moment.

    Shape: `positions` maps "<topic>/<unit>" to the position of the unit's sequence up to which the figures are
           complete. The interval is half-open.
    """

    name: str
    title: str
    window: str = Field(description="The window that was asked for; the interval says where it lay.")
    start: AwareDatetime
    end: AwareDatetime
    tier: Tier
    as_of: AwareDatetime
    generation: str = Field(description="The rules that the figures were counted by.")
    metrics: tuple[str, ...]
    rows: tuple[FigureRow, ...]
    positions: dict[str, int]


class Cause(_Published):
    """An event that changed a figure after it was stated, and by how much."""

    metric: str
    event_id: str
    event_type: str
    time: AwareDatetime
    recordedtime: AwareDatetime
    amount: int


class RestatedFigure(_Published):
    """One figure of a publication that is another one now.

    Shape: the positions are those, of all that feed the figure, which moved since it was stated last.
    """

    publication: str = Field(description="The id of the publication, which itself stays as it is.")
    name: str
    unit: Unit
    metric: str
    published: Figure
    last_stated: Figure
    now: Figure
    as_of: AwareDatetime
    positions_then: dict[str, int]
    positions_now: dict[str, int]
    reason: Literal["events", "rules", "time", "not_yet_explained"] = Field(
        description="Events that came after the figure was stated; other rules of counting; or what was due later in "
        "an interval that was not over. What is not yet explained is told by a later event of the same number."
    )
    causes: tuple[Cause, ...] = Field(default=(), description="The first of the events, by the time they happened.")
    more_causes: bool = False
    number: int | None = Field(default=None, description="Of the restatement within its publication, from 1.")


class ExplainedRestatement(_Published):
    """Why a figure was restated, found after the restatement was told."""

    publication: str
    name: str
    number: int = Field(description="Of the restatement within its publication.")
    unit: Unit
    metric: str
    as_of: AwareDatetime = Field(description="That of the restatement.")
    reason: Literal["events", "rules", "time"]
    causes: tuple[Cause, ...] = Field(default=(), description="The first of the events, by the time they happened.")
    more_causes: bool = False


class FiguresEvent(Event):
    source: ClassVar[str] = "/services/stats"


class PublicationIssued(FiguresEvent):
    """Figures were published under a name; they stay as they are."""

    type: Literal["publication.issued.v1"] = "publication.issued.v1"
    data: PublishedFigures


class PublicationRestated(FiguresEvent):
    """A published figure is another one now, with the reason if it is known already."""

    type: Literal["publication.restated.v1"] = "publication.restated.v1"
    data: RestatedFigure


class RestatementExplained(FiguresEvent):
    """The reason of a restatement that was not yet explained is known now."""

    type: Literal["restatement.explained.v1"] = "restatement.explained.v1"
    data: ExplainedRestatement


EVENTS: tuple[type[Event], ...] = (PublicationIssued, PublicationRestated, RestatementExplained)
