"""Paths of requests to open who gave a tip; must not decide anything."""

from typing import Final

from fastapi import APIRouter, Response

from services.tips.desk import identity
from services.tips.desk.deps import Decision, Desk, IdentityReader, IdentityWish, ReasonReading
from services.tips.desk.requests import RequestIdentity
from services.tips.desk.schemas import IdentityReasonView, IdentityRequestView
from shared.views import Cursor, UnitQuery, show, show_page
from shared.web import Limit, Page
from shared.work import changed, created

router = APIRouter(prefix="/v1/identity-requests", tags=["identity requests"])

REQUEST: Final = changed(IdentityRequestView)


@router.post("", status_code=201, response_model=IdentityRequestView)
async def request_identity(command: RequestIdentity, work: IdentityWish, desk: Desk) -> Response:
    """Ask to know who gave a tip, with the reason. It takes a second person, and then the custodian's key."""
    return await work.answer(
        lambda: identity.request_identity(command, desk=desk, work=work), created(IdentityRequestView, router.prefix)
    )


@router.get("")
async def list_identity_requests(
    unit: UnitQuery, caller: IdentityReader, desk: Desk, cursor: Cursor = None, limit: Limit = 100
) -> Page[IdentityRequestView]:
    """The requests about tips of one unit, the latest first."""
    return await show_page(IdentityRequestView, desk.identity_requests, caller, unit=unit, cursor=cursor, limit=limit)


@router.get("/{request_id}")
async def show_identity_request(request_id: str, caller: IdentityReader, desk: Desk) -> IdentityRequestView:
    """One request."""
    return await show(IdentityRequestView, desk.identity_requests, request_id, caller)


@router.get("/{request_id}/reason")
async def read_identity_reason(request_id: str, work: ReasonReading, desk: Desk) -> IdentityReasonView:
    """Why it was asked, for whoever decides. The reading is in the audit log; 410 once the tip is shredded."""
    reason = await identity.read_reason(request_id, desk=desk, work=work)
    return IdentityReasonView(request=request_id, reason=reason)


@router.post("/{request_id}/approval", response_model=IdentityRequestView)
async def approve_identity(request_id: str, work: Decision, desk: Desk) -> Response:
    """Let the custodian open the name for an hour, unless set otherwise. Whoever asked cannot approve."""
    return await work.answer(lambda: identity.approve_identity(request_id, desk=desk, work=work), REQUEST)


@router.post("/{request_id}/refusal", response_model=IdentityRequestView)
async def refuse_identity(request_id: str, work: Decision, desk: Desk) -> Response:
    """Let the name stay sealed. Whoever asked cannot refuse either."""
    return await work.answer(lambda: identity.refuse_identity(request_id, desk=desk, work=work), REQUEST)
