"""Requests to open who gave a tip: asked for with a reason, decided by a second person; opens nothing itself."""

from collections.abc import Callable
from datetime import timedelta

from services.tips.custody.audit import Action
from services.tips.custody.envelope import Kind, Piece
from services.tips.custody.identity_request import IdentityRequest
from services.tips.custody.vault import Scope
from services.tips.desk.deps import Parts
from services.tips.desk.handlers import deed
from services.tips.desk.requests import RequestIdentity
from shared.errors import InvalidInput
from shared.ids import new_id
from shared.work import Work, Write


async def request_identity(command: RequestIdentity, *, desk: Parts, work: Work) -> IdentityRequest:
    """A new request. Raises: NotFound for a tip out of reach; InvalidInput where nobody is named; Shredded."""
    tip = await desk.repositories.tips.find(command.tip, work.caller)
    if await desk.opener.vault.find(Piece(tip.id, Kind.IDENTITY)) is None:
        raise InvalidInput.of("tip", "nobody stands behind this tip by name")
    await desk.opener.erasure_key(tip.id, Scope.IDENTITY)
    wish = IdentityRequest(
        id=new_id(),
        unit=tip.unit,
        tip=tip.id,
        reason=command.reason,
        requested_by=work.caller.subject,
        requested_at=work.clock.now(),
    )
    told = deed(Action.IDENTITY_REQUESTED, work.caller, tip=tip.id, about=wish.id)
    await desk.audit.commit(work, told, wish, desk.identity_requests.inserting([wish]))
    return wish


async def approve_identity(request_id: str, *, desk: Parts, work: Work) -> IdentityRequest:
    """The request, under which the custodian may open the name for a while. Raises: NotFound; Forbidden."""
    at, for_ = work.clock.now(), timedelta(seconds=desk.settings.identity_access_s)
    return await _decide(
        request_id,
        lambda wish: wish.approve(by=work.caller.subject, at=at, for_=for_),
        Action.IDENTITY_APPROVED,
        desk=desk,
        work=work,
    )


async def refuse_identity(request_id: str, *, desk: Parts, work: Work) -> IdentityRequest:
    """The request, which opens nothing. Raises: NotFound; Forbidden."""
    at = work.clock.now()
    return await _decide(
        request_id,
        lambda wish: wish.refuse(by=work.caller.subject, at=at),
        Action.IDENTITY_REFUSED,
        desk=desk,
        work=work,
    )


async def _decide(
    request_id: str,
    step: Callable[[IdentityRequest], IdentityRequest],
    action: Action,
    *,
    desk: Parts,
    work: Work,
) -> IdentityRequest:
    wish = await desk.identity_requests.find(request_id, work.caller)

    async def make() -> tuple[IdentityRequest, tuple[Write, ...]]:
        before = await desk.identity_requests.find(request_id, work.caller)
        after = step(before)
        return after, (desk.identity_requests.replacing(before, after),)

    return await desk.audit.commit_made(work, deed(action, work.caller, tip=wish.tip, about=wish.id), make)
