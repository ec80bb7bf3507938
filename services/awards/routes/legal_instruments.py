"""Paths of legal instruments; must not decide anything."""

from fastapi import APIRouter, Response

from services.awards import handlers
from services.awards.commands import BringLegalInstrumentIntoForce, Withdraw
from services.awards.deps import Grant, Kept, LaterGrant, Reader
from services.awards.schemas import LegalInstrumentView
from shared.views import Cursor, UnitQuery, show, show_page
from shared.web import Limit, Page
from shared.work import changed, created

router = APIRouter(prefix="/v1", tags=["legal instruments"])


@router.post("/legal-instruments", status_code=201, response_model=LegalInstrumentView)
async def bring_legal_instrument_into_force(
    command: BringLegalInstrumentIntoForce, work: Grant, kept: Kept
) -> Response:
    """Record a law, decree, resolution or directive in force; its dates become a named window of the statistics."""
    return await work.answer(
        lambda: handlers.bring_legal_instrument_into_force(command, instruments=kept.legal_instruments, work=work),
        created(LegalInstrumentView, "/v1/legal-instruments"),
    )


@router.get("/legal-instruments")
async def list_legal_instruments(
    unit: UnitQuery, caller: Reader, kept: Kept, cursor: Cursor = None, limit: Limit = 100
) -> Page[LegalInstrumentView]:
    """The legal instruments of one unit, the latest first."""
    return await show_page(LegalInstrumentView, kept.legal_instruments, caller, unit=unit, cursor=cursor, limit=limit)


@router.get("/legal-instruments/{instrument_id}")
async def show_legal_instrument(instrument_id: str, caller: Reader, kept: Kept) -> LegalInstrumentView:
    """One legal instrument."""
    return await show(LegalInstrumentView, kept.legal_instruments, instrument_id, caller)


@router.post("/legal-instruments/{instrument_id}/withdrawal", response_model=LegalInstrumentView)
async def withdraw_legal_instrument(instrument_id: str, command: Withdraw, work: LaterGrant, kept: Kept) -> Response:
    """Take back an instrument that was entered in error; its window is no longer offered."""
    return await work.answer(
        lambda: handlers.withdraw_legal_instrument(
            instrument_id, command, instruments=kept.legal_instruments, work=work
        ),
        changed(LegalInstrumentView),
    )
