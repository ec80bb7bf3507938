"""What the routes of the statistics are given: who asks, and the parts of the running process."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Query, Request

from services.stats.changes import Changes
from services.stats.feed import Feed
from services.stats.figures import Figures
from services.stats.queries import Queries, Selection
from services.stats.view import View
from shared.clock import Clock
from shared.security import Principal, require

# Figures are aggregates without personal data: every role may read them, in the local set-up even without a token.
Reader = Annotated[Principal, require(local_reader=True)]


def _view(request: Request) -> View:
    feed: Feed = request.app.state.feed
    return feed.view


def _figures(request: Request) -> Figures:
    figures: Figures = request.app.state.figures
    return figures


def _queries(request: Request) -> Queries:
    queries: Queries = request.app.state.queries
    return queries


def _changes(request: Request) -> Changes:
    changes: Changes = request.app.state.changes
    return changes


def _clock(request: Request) -> Clock:
    clock: Clock = request.app.state.clock
    return clock


ViewDep = Annotated[View, Depends(_view)]
FiguresDep = Annotated[Figures, Depends(_figures)]
QueriesDep = Annotated[Queries, Depends(_queries)]
ChangesDep = Annotated[Changes, Depends(_changes)]
ClockDep = Annotated[Clock, Depends(_clock)]

City = Annotated[str, Query(pattern=r"^\d{2}$", description="Today's two-digit code of a city or province.")]
WindowId = Annotated[str | None, Query(description="PT5M, PT24H, P7D, day, month, … or the id of a named window.")]
FromDate = Annotated[date | None, Query(alias="from", description="First local day, instead of a window.")]
ToDate = Annotated[date | None, Query(alias="to", description="Last local day, inclusive.")]
MetricIds = Annotated[str | None, Query(description="Metric ids, separated by commas; all unless given.")]


def _selection(
    queries: QueriesDep,
    view: ViewDep,
    city: City = "01",
    window: WindowId = None,
    from_: FromDate = None,
    to: ToDate = None,
    metrics: MetricIds = None,
) -> Selection:
    # A dependency, so that a stream of a window that does not exist is refused before it begins.
    return queries.select(view, city, window, from_, to, metrics)


SelectionDep = Annotated[Selection, Depends(_selection)]
