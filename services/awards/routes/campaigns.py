"""Paths of emulation campaigns; must not decide anything."""

from fastapi import APIRouter, Response

from services.awards import handlers
from services.awards.commands import LaunchCampaign
from services.awards.deps import Kept, Reader, Report
from services.awards.schemas import CampaignView
from shared.views import Cursor, UnitQuery, show, show_page
from shared.web import Limit, Page
from shared.work import created

router = APIRouter(prefix="/v1", tags=["campaigns"])


@router.post("/campaigns", status_code=201, response_model=CampaignView)
async def launch_campaign(command: LaunchCampaign, work: Report, kept: Kept) -> Response:
    """Launch a campaign; its dates become a named window of the statistics."""
    return await work.answer(
        lambda: handlers.launch_campaign(command, campaigns=kept.campaigns, work=work),
        created(CampaignView, "/v1/campaigns"),
    )


@router.get("/campaigns")
async def list_campaigns(
    unit: UnitQuery, caller: Reader, kept: Kept, cursor: Cursor = None, limit: Limit = 100
) -> Page[CampaignView]:
    """The campaigns of one unit, the latest first."""
    return await show_page(CampaignView, kept.campaigns, caller, unit=unit, cursor=cursor, limit=limit)


@router.get("/campaigns/{campaign_id}")
async def show_campaign(campaign_id: str, caller: Reader, kept: Kept) -> CampaignView:
    """One campaign."""
    return await show(CampaignView, kept.campaigns, campaign_id, caller)
