"""Paths of teams and members; must not decide anything."""

from fastapi import APIRouter, Response

from services.patrols import handlers
from services.patrols.commands import DissolveTeam, EnrolMember, EstablishTeam, ReleaseMember
from services.patrols.deps import Alteration, Creation, Kept, Reader, ReaderOfNames
from services.patrols.schemas import MemberView, TeamView
from shared.views import Cursor, UnitQuery, show, show_page
from shared.web import Limit, Page
from shared.work import changed, created

router = APIRouter(prefix="/v1")


@router.post("/teams", status_code=201, response_model=TeamView, tags=["teams"])
async def establish_team(command: EstablishTeam, work: Creation, kept: Kept) -> Response:
    """Establish a team; its seats are still empty."""
    return await work.answer(
        lambda: handlers.establish_team(command, teams=kept.teams, work=work), created(TeamView, "/v1/teams")
    )


@router.get("/teams", tags=["teams"])
async def list_teams(
    unit: UnitQuery, caller: Reader, kept: Kept, cursor: Cursor = None, limit: Limit = 100
) -> Page[TeamView]:
    """The teams of one unit, the latest established first."""
    return await show_page(TeamView, kept.teams, caller, unit=unit, cursor=cursor, limit=limit)


@router.get("/teams/{team_id}", tags=["teams"])
async def show_team(team_id: str, caller: Reader, kept: Kept) -> TeamView:
    """One team with its seats."""
    return await show(TeamView, kept.teams, team_id, caller)


@router.post("/teams/{team_id}/dissolution", response_model=TeamView, tags=["teams"])
async def dissolve_team(team_id: str, command: DissolveTeam, work: Alteration, kept: Kept) -> Response:
    """Dissolve a team; its members leave with it."""
    return await work.answer(
        lambda: handlers.dissolve_team(team_id, command, teams=kept.teams, members=kept.members, work=work),
        changed(TeamView),
    )


@router.post("/teams/{team_id}/members", status_code=201, response_model=MemberView, tags=["members"])
async def enrol_member(team_id: str, command: EnrolMember, work: Creation, kept: Kept) -> Response:
    """Enrol a person: a team takes one leader, one deputy and up to three members."""
    return await work.answer(
        lambda: handlers.enrol_member(team_id, command, teams=kept.teams, members=kept.members, work=work),
        created(MemberView, "/v1/members"),
    )


@router.get("/members/{member_id}", tags=["members"])
async def show_member(member_id: str, caller: ReaderOfNames, kept: Kept) -> MemberView:
    """One member, with the name."""
    return await show(MemberView, kept.members, member_id, caller)


@router.post("/members/{member_id}/departure", response_model=MemberView, tags=["members"])
async def release_member(member_id: str, command: ReleaseMember, work: Alteration, kept: Kept) -> Response:
    """Record that a person left; the seat is free again."""
    return await work.answer(
        lambda: handlers.release_member(member_id, command, teams=kept.teams, members=kept.members, work=work),
        changed(MemberView),
    )
