"""Paths of incidents; must not decide anything."""

from fastapi import APIRouter, Response

from services.patrols import handlers
from services.patrols.commands import ReclassifyIncident, ReportIncident, ResolveIncident, RespondToIncident, Void
from services.patrols.deps import Alteration, Creation, Kept, Reader
from services.patrols.schemas import IncidentView
from shared.views import Cursor, UnitQuery, show, show_page
from shared.web import Limit, Page
from shared.work import changed, created

router = APIRouter(prefix="/v1", tags=["incidents"])


@router.post("/incidents", status_code=201, response_model=IncidentView)
async def report_incident(command: ReportIncident, work: Creation, kept: Kept) -> Response:
    """Report an incident, with as much of its course as is known."""
    return await work.answer(
        lambda: handlers.report_incident(command, incidents=kept.incidents, work=work),
        created(IncidentView, "/v1/incidents"),
    )


@router.get("/incidents")
async def list_incidents(
    unit: UnitQuery, caller: Reader, kept: Kept, cursor: Cursor = None, limit: Limit = 100
) -> Page[IncidentView]:
    """The incidents of one unit, the latest first."""
    return await show_page(IncidentView, kept.incidents, caller, unit=unit, cursor=cursor, limit=limit)


@router.get("/incidents/{incident_id}")
async def show_incident(incident_id: str, caller: Reader, kept: Kept) -> IncidentView:
    """One incident."""
    return await show(IncidentView, kept.incidents, incident_id, caller)


@router.post("/incidents/{incident_id}/reclassification", response_model=IncidentView)
async def reclassify_incident(incident_id: str, command: ReclassifyIncident, work: Alteration, kept: Kept) -> Response:
    """Put kind, category or another fact right; the incident moves between figures."""
    return await work.answer(
        lambda: handlers.reclassify_incident(incident_id, command, incidents=kept.incidents, work=work),
        changed(IncidentView),
    )


@router.post("/incidents/{incident_id}/response", response_model=IncidentView)
async def respond_to_incident(incident_id: str, command: RespondToIncident, work: Alteration, kept: Kept) -> Response:
    """Record that the force went to deal with it."""
    return await work.answer(
        lambda: handlers.respond_to_incident(incident_id, command, incidents=kept.incidents, work=work),
        changed(IncidentView),
    )


@router.post("/incidents/{incident_id}/resolution", response_model=IncidentView)
async def resolve_incident(incident_id: str, command: ResolveIncident, work: Alteration, kept: Kept) -> Response:
    """Record that it is over, and whether the force helped."""
    return await work.answer(
        lambda: handlers.resolve_incident(incident_id, command, incidents=kept.incidents, work=work),
        changed(IncidentView),
    )


@router.post("/incidents/{incident_id}/voiding", response_model=IncidentView)
async def void_incident(incident_id: str, command: Void, work: Alteration, kept: Kept) -> Response:
    """Take back an incident that was entered in error."""
    return await work.answer(
        lambda: handlers.void_incident(incident_id, command, incidents=kept.incidents, work=work),
        changed(IncidentView),
    )
