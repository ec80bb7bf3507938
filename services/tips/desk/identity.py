"""Requests to open who gave a tip: asked for with a reason, decided by a second person; opens nothing itself."""

from collections.abc import Callable
from datetime import timedelta

from services.tips.custody.audit import Action
from services.tips.custody.envelope import Holder, Kind, Piece, Recipient, seal
from services.tips.custody.identity_request import IdentityRequest
from services.tips.custody.vault import Scope, Shredded
from services.tips.desk.deps import Parts
from services.tips.desk.handlers import deed
from services.tips.desk.requests import RequestIdentity
from shared.errors import InvalidInput, NotFound
from shared.ids import new_id
from shared.work import Work, Write


async def request_identity(command: RequestIdentity, *, desk: Parts, work: Work) -> IdentityRequest:
    """A new request. Raises: NotFound for a tip out of reach; InvalidInput where nobody is named; Shredded."""
    tip = await desk.repositories.tips.find(command.tip, work.caller)
    if await desk.opener.vault.find(Piece(tip.id, Kind.IDENTITY)) is None:
        raise InvalidInput.of("tip", "nobody stands behind this tip by name")
    await desk.opener.erasure_key(tip.id, Scope.IDENTITY)
    tips, vault, id, at = desk.repositories.tips, desk.opener.vault, new_id(), work.clock.now()

    async def make() -> tuple[IdentityRequest, tuple[Write, ...]]:
        tip = await tips.find(command.tip, work.caller)
        if tip.erased_at is not None:
            raise Shredded("What this tip told was destroyed for good.")
        # With the content and not with the name: why somebody asked can be read for as long as the tip can.
        key, first = await vault.key_or_new(tip.id, Scope.CONTENT)
        commune = desk.communes.of(tip.unit)
        number = await vault.count(tip.id, Kind.REASON)
        piece, to = Piece(tip.id, Kind.REASON, number), [Recipient(Holder.COMMUNE, commune)]
        sealed = seal(command.reason.encode(), piece, to, erasure_key=key)
        wish = IdentityRequest(
            id=id, unit=tip.unit, tip=tip.id, stream=tip.stream, number=number,
            requested_by=work.caller.subject, requested_at=at,
        )  # fmt: skip
        # Fenced, or a shredding in between would leave behind what is sealed here.
        return wish, (tips.fencing(tip), desk.identity_requests.inserting([wish]), *first, vault.adding(sealed, {}))

    told = deed(Action.IDENTITY_REQUESTED, work.caller, tip=tip.id, about=id)
    return await desk.audit.commit_made(work, told, make)


async def read_reason(request_id: str, *, desk: Parts, work: Work) -> str:
    """Why somebody asked, for whoever decides or watches. Raises: NotFound; Shredded; SealedElsewhere."""
    wish = await desk.identity_requests.find(request_id, work.caller)
    reason = await desk.opener.read(Piece(wish.tip, Kind.REASON, wish.number))
    if reason is None:
        raise NotFound(f"The identity request {request_id} has no reason.")
    told = deed(Action.IDENTITY_REASON_READ, work.caller, tip=wish.tip, about=wish.id)
    await desk.audit.commit(work, told, wish)
    return reason.decode()


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
