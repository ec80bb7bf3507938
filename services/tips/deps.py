"""What routes are given: the parts of this service, the work of a request, and who asks; owns who may ask what."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request

from services.tips.abuse.gate import Gate
from services.tips.abuse.repeats import Repeats
from services.tips.custody.noting import Noting
from services.tips.dialogue.reporters import Reporters
from services.tips.handlers import Intake
from services.tips.repository import Repositories
from shared.errors import Forbidden, Unauthorised
from shared.imports import Imports
from shared.security import Authenticator, Principal, Role, require
from shared.service import ServiceRuntime, parts_of, runtime_of
from shared.web import IdempotencyKey, OptionalIdempotencyKey, RequiredIdempotencyKey
from shared.work import Work

# An anonymous reporter: writes one report, and sees and reaches nothing.
NOBODY: Final = Principal("nobody", Role.TEAM_LEADER, frozenset())

# Each within their own units. What a tip tells is for those who work on it.
POLICY: Final[Mapping[str, tuple[Role, ...]]] = {
    "report": (Role.TEAM_LEADER, Role.COMMUNE_OFFICER, Role.CITY_OPERATOR, Role.ADMINISTRATOR),
    "read": (Role.COMMUNE_OFFICER, Role.ADMINISTRATOR),
    "write": (Role.COMMUNE_OFFICER, Role.ADMINISTRATOR),
    "hold": (Role.ADMINISTRATOR,),
    "import": (Role.COMMUNE_OFFICER, Role.INTEGRATOR, Role.ADMINISTRATOR),
}
_BEARER: Final = "bearer "


def who_may(action: str) -> Any:
    """The dependency that gives a caller whom the policy allows this. Raises: Unauthorised, Forbidden."""
    return require(*POLICY[action])


async def _whoever_reports(request: Request) -> Principal | None:
    """The caller if there is a token, None if there is none. Raises: Unauthorised, Forbidden."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    if not header.lower().startswith(_BEARER):
        raise Unauthorised("send a token in the header Authorization: Bearer, or no such header")
    authenticator: Authenticator = request.app.state.authenticator
    caller = await authenticator.authenticate(header[len(_BEARER) :].strip())
    if caller.role not in POLICY["report"]:
        raise Forbidden(f"with a token this needs the role {' or '.join(sorted(POLICY['report']))}")
    return caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the routes of this service work with."""

    repositories: Repositories
    intake: Intake
    imports: Imports
    reporters: Reporters
    gate: Gate
    message_gate: Gate
    repeats: Repeats
    noting: Noting


def _parts(request: Request) -> Parts:
    parts: Parts = parts_of(request)
    return parts


def _kept(request: Request) -> Repositories:
    return _parts(request).repositories


def imports_of(request: Request) -> Imports:
    """Who takes in batches."""
    return _parts(request).imports


ThisService = Annotated[Parts, Depends(_parts)]
Kept = Annotated[Repositories, Depends(_kept)]
Runtime = Annotated[ServiceRuntime, Depends(runtime_of)]
Reader = Annotated[Principal, who_may("read")]
Writer = Annotated[Principal, who_may("write")]
Holder = Annotated[Principal, who_may("hold")]
Whoever = Annotated[Principal | None, Depends(_whoever_reports)]
Proof = Annotated[
    str | None,
    Header(alias="Pulse-Proof", max_length=500, description="What a 429 asked for; not needed with a token."),
]


def _report(runtime: Runtime, caller: Whoever, key: RequiredIdempotencyKey) -> Work:
    return runtime.work(caller or NOBODY, key)


def by_receipt(runtime: ServiceRuntime, parts: Parts, key: IdempotencyKey) -> Work:
    """The work of whoever holds a receipt, known or not; its key is kept for less long than others are."""
    return replace(runtime.work(NOBODY, key), keys=parts.repositories.receipt_keys)


def _by_receipt(runtime: Runtime, service: ThisService, key: RequiredIdempotencyKey) -> Work:
    return by_receipt(runtime, service, key)


def _creation(runtime: Runtime, caller: Writer, key: RequiredIdempotencyKey) -> Work:
    return runtime.work(caller, key)


def _change(runtime: Runtime, caller: Writer, key: OptionalIdempotencyKey) -> Work:
    return runtime.work(caller, key)


def _hold(runtime: Runtime, caller: Holder, key: OptionalIdempotencyKey) -> Work:
    return runtime.work(caller, key)


Reporting = Annotated[Work, Depends(_report)]
"""A new tip, from whomever, under an idempotency key."""
ByReceipt = Annotated[Work, Depends(_by_receipt)]
"""What the holder of a receipt adds, under an idempotency key; the receipt alone is the right to it."""
Creation = Annotated[Work, Depends(_creation)]
"""Something new, under an idempotency key."""
Alteration = Annotated[Work, Depends(_change)]
"""A step of what is there; an idempotency key is honoured."""
Holding = Annotated[Work, Depends(_hold)]
"""Whether what is sealed may be destroyed; an idempotency key is honoured."""
