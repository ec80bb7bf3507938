"""Paths of community models; must not decide anything."""

from fastapi import APIRouter, Response

from services.awards import handlers
from services.awards.commands import (
    DiscontinueCommunityModel,
    LaunchCommunityModel,
    RecogniseCommunityModel,
    ReplicateCommunityModel,
)
from services.awards.deps import Kept, LaterGrant, LaterReport, Reader, Report
from services.awards.schemas import CommunityModelView
from shared.views import Cursor, UnitQuery, show, show_page
from shared.web import Limit, Page
from shared.work import changed, created

router = APIRouter(prefix="/v1", tags=["community models"])


@router.post("/community-models", status_code=201, response_model=CommunityModelView)
async def launch_community_model(command: LaunchCommunityModel, work: Report, kept: Kept) -> Response:
    """Set a model up in one unit."""
    return await work.answer(
        lambda: handlers.launch_community_model(command, models=kept.community_models, work=work),
        created(CommunityModelView, "/v1/community-models"),
    )


@router.get("/community-models")
async def list_community_models(
    unit: UnitQuery, caller: Reader, kept: Kept, cursor: Cursor = None, limit: Limit = 100
) -> Page[CommunityModelView]:
    """The models of one unit, the latest first."""
    return await show_page(CommunityModelView, kept.community_models, caller, unit=unit, cursor=cursor, limit=limit)


@router.get("/community-models/{model_id}")
async def show_community_model(model_id: str, caller: Reader, kept: Kept) -> CommunityModelView:
    """One model."""
    return await show(CommunityModelView, kept.community_models, model_id, caller)


@router.post("/community-models/{model_id}/recognition", response_model=CommunityModelView)
async def recognise_community_model(
    model_id: str, command: RecogniseCommunityModel, work: LaterGrant, kept: Kept
) -> Response:
    """Record that the ministry recognised it."""
    return await work.answer(
        lambda: handlers.recognise_community_model(model_id, command, models=kept.community_models, work=work),
        changed(CommunityModelView),
    )


@router.post("/community-models/{model_id}/replication", response_model=CommunityModelView)
async def replicate_community_model(
    model_id: str, command: ReplicateCommunityModel, work: LaterGrant, kept: Kept
) -> Response:
    """Record that it is taken up nationwide."""
    return await work.answer(
        lambda: handlers.replicate_community_model(model_id, command, models=kept.community_models, work=work),
        changed(CommunityModelView),
    )


@router.post("/community-models/{model_id}/discontinuation", response_model=CommunityModelView)
async def discontinue_community_model(
    model_id: str, command: DiscontinueCommunityModel, work: LaterReport, kept: Kept
) -> Response:
    """Record that it is kept up no longer."""
    return await work.answer(
        lambda: handlers.discontinue_community_model(model_id, command, models=kept.community_models, work=work),
        changed(CommunityModelView),
    )
