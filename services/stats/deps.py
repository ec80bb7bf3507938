"""What the routes of the statistics are given: who asks, and the parts of the running process.

All of it is made in the event loop: the view changes there, and a thread would meet it half changed.
"""

from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query, Request

from services.stats.desk import Desk
from services.stats.feed import Feed
from services.stats.publications.repository import Publications
from services.stats.queries import Queries
from services.stats.queries.areas import Map
from services.stats.queries.selection import Selection
from services.stats.queries.sets import WantedSet
from services.stats.serving.changes import Changes
from services.stats.serving.explaining import Explanations
from services.stats.serving.figures import Figures
from services.stats.serving.served import Served
from services.stats.view import View
from shared.clock import Clock
from shared.contracts.stats import Tier
from shared.errors import InvalidInput
from shared.security import Principal, Role, require
from shared.web import OptionalIdempotencyKey, RequiredIdempotencyKey
from shared.work import Work

# Figures are aggregates without personal data: every role may read them, in the local set-up even without a token.
Reader = Annotated[Principal, require(local_reader=True)]
Publisher = Annotated[Principal, require(Role.CITY_OPERATOR, Role.ADMINISTRATOR)]
Administrator = Annotated[Principal, require(Role.ADMINISTRATOR)]
# Alerts, and the single events behind a figure: for those who answer for the unit, not for every reader of figures.
UnitReader = Annotated[
    Principal,
    require(
        Role.COMMUNE_OFFICER,
        Role.CITY_OPERATOR,
        Role.INTEGRATOR,
        Role.AUDITOR,
        Role.ADMINISTRATOR,
        local_reader=True,
    ),
]
Acknowledger = Annotated[Principal, require(Role.COMMUNE_OFFICER, Role.CITY_OPERATOR, Role.ADMINISTRATOR)]


async def _view(request: Request) -> View:
    feed: Feed = request.app.state.feed
    return feed.view


async def _feed(request: Request) -> Feed:
    feed: Feed = request.app.state.feed
    return feed


async def _figures(request: Request) -> Figures:
    figures: Figures = request.app.state.figures
    return figures


async def _queries(request: Request) -> Queries:
    queries: Queries = request.app.state.queries
    return queries


async def _changes(request: Request) -> Changes:
    changes: Changes = request.app.state.changes
    return changes


async def _explanations(request: Request) -> Explanations:
    explanations: Explanations = request.app.state.explanations
    return explanations


async def _clock(request: Request) -> Clock:
    clock: Clock = request.app.state.clock
    return clock


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


DeskDep = Annotated[Desk, Depends(_desk)]


async def _served(desk: DeskDep) -> Served:
    return desk.served


async def open_desk(desk: DeskDep) -> Desk:
    """What is kept, once the store has answered. Raises: Unavailable."""
    desk.records.require_open()
    return desk


OpenDesk = Annotated[Desk, Depends(open_desk)]


async def _publications(desk: OpenDesk) -> Publications:
    return desk.publications


async def _publish(desk: OpenDesk, caller: Publisher, key: RequiredIdempotencyKey) -> Work:
    return desk.records.work(caller, key)


async def _acknowledge(desk: OpenDesk, caller: Acknowledger, key: OptionalIdempotencyKey) -> Work:
    return desk.records.work(caller, key)


ViewDep = Annotated[View, Depends(_view)]
FeedDep = Annotated[Feed, Depends(_feed)]
FiguresDep = Annotated[Figures, Depends(_figures)]
QueriesDep = Annotated[Queries, Depends(_queries)]
ChangesDep = Annotated[Changes, Depends(_changes)]
ExplanationsDep = Annotated[Explanations, Depends(_explanations)]
ClockDep = Annotated[Clock, Depends(_clock)]
ServedDep = Annotated[Served, Depends(_served)]
PublicationsDep = Annotated[Publications, Depends(_publications)]
Publish = Annotated[Work, Depends(_publish)]
"""Figures that a city makes public, under an idempotency key."""
Acknowledge = Annotated[Work, Depends(_acknowledge)]
"""Somebody looks after an alert; an idempotency key is honoured."""

City = Annotated[str, Query(pattern=r"^\d{2}$", description="Today's two-digit code of a city or province.")]
WindowId = Annotated[str | None, Query(description="PT5M, PT24H, P7D, day, month, … or the id of a named window.")]
FromDate = Annotated[date | None, Query(alias="from", description="First local day, instead of a window.")]
ToDate = Annotated[date | None, Query(alias="to", description="Last local day, inclusive.")]
UnitKey = Annotated[str, Query(pattern=r"^(\d{2}|\d{5})(@\d{4}-\d{2}-\d{2})?$", description="The code of a unit.")]
UnitCodes = Annotated[str | None, Query(max_length=20_000, description="Codes of units with commas between.")]
District = Annotated[str | None, Query(max_length=100, description="A former district of the city: code or name.")]
MapOf = Annotated[
    Map,
    Query(
        alias="map",
        description="`is`: today's units, each with what former units recorded in its area. `was`: the units of the "
        "day on which something happened; a former one is named by code and last day, as in 00004@2025-06-30.",
    ),
]
MetricIds = Annotated[str | None, Query(description="Metric ids, separated by commas; all unless given.")]


async def _selection(
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


async def _whose(
    unit: UnitKey | None = None, city: City = "01", units: UnitCodes = None, district: District = None
) -> str | WantedSet:
    if unit is not None and (units is not None or district is not None):
        raise InvalidInput.of("unit", "ask either for a unit or for a set")
    return unit or WantedSet(city, units, district)


WhoseDep = Annotated[str | WantedSet, Depends(_whose)]
"""The line that is asked for: a unit by its key, or a set of units."""


async def _series(
    queries: QueriesDep,
    view: ViewDep,
    clock: ClockDep,
    whose: WhoseDep,
    metric: str,
    tier: Tier = Tier.DAY,
    from_: FromDate = None,
    to: ToDate = None,
    map_: MapOf = Map.IS,
) -> dict[str, Any]:
    return queries.series(view, whose, metric, tier, from_, to, clock.now(), map_)


SeriesDep = Annotated[dict[str, Any], Depends(_series)]
"""One figure of one unit or set over time, as the parameters ask for it."""
