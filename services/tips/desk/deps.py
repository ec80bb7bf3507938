"""What routes of the desk are given: its parts, the work of a request, and who asks; owns who may ask what here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from services.tips.custody.audit_log import AuditLog
from services.tips.custody.identity_requests import IdentityRequests
from services.tips.custody.keys import PublicKeys
from services.tips.custody.opening import Opener
from services.tips.erasing import Shredder
from services.tips.repository import Repositories
from services.tips.settings import DeskSettings
from shared.errors import Forbidden
from shared.security import Principal, Role, require
from shared.service import ServiceRuntime, parts_of, runtime_of
from shared.web import OptionalIdempotencyKey, RequiredIdempotencyKey
from shared.work import Work

# Each within their own units, but for the audit log, which is the city's.
POLICY: Final[Mapping[str, tuple[Role, ...]]] = {
    "read": (Role.COMMUNE_OFFICER, Role.ADMINISTRATOR),
    "write": (Role.COMMUNE_OFFICER, Role.ADMINISTRATOR),
    "request_identity": (Role.COMMUNE_OFFICER, Role.ADMINISTRATOR),
    "see_identity_requests": (Role.COMMUNE_OFFICER, Role.CUSTODIAN, Role.AUDITOR, Role.ADMINISTRATOR),
    "decide_identity": (Role.CUSTODIAN, Role.ADMINISTRATOR),
    "shred": (Role.CUSTODIAN, Role.ADMINISTRATOR),
    "audit": (Role.AUDITOR, Role.CUSTODIAN, Role.ADMINISTRATOR),
}


def who_may(action: str) -> Any:
    """The dependency that gives a caller whom the policy allows this. Raises: Unauthorised, Forbidden."""
    return require(*POLICY[action])


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes of the desk work with."""

    repositories: Repositories
    identity_requests: IdentityRequests
    opener: Opener
    communes: PublicKeys
    audit: AuditLog
    shredder: Shredder
    settings: DeskSettings


def _parts(request: Request) -> Parts:
    parts: Parts = parts_of(request)
    return parts


Desk = Annotated[Parts, Depends(_parts)]
Runtime = Annotated[ServiceRuntime, Depends(runtime_of)]


def _auditor(desk: Desk, caller: Annotated[Principal, who_may("audit")]) -> Principal:
    if not caller.covers(desk.settings.city):
        raise Forbidden("The audit log is the whole city's.")
    return caller


def _reading(runtime: Runtime, caller: Annotated[Principal, who_may("read")]) -> Work:
    return runtime.work(caller, None)


def _writing(runtime: Runtime, caller: Annotated[Principal, who_may("write")], key: RequiredIdempotencyKey) -> Work:
    return runtime.work(caller, key)


def _request(
    runtime: Runtime, caller: Annotated[Principal, who_may("request_identity")], key: RequiredIdempotencyKey
) -> Work:
    return runtime.work(caller, key)


def _reason_reading(runtime: Runtime, caller: Annotated[Principal, who_may("see_identity_requests")]) -> Work:
    return runtime.work(caller, None)


def _decision(
    runtime: Runtime, caller: Annotated[Principal, who_may("decide_identity")], key: OptionalIdempotencyKey
) -> Work:
    return runtime.work(caller, key)


def _shredding(runtime: Runtime, caller: Annotated[Principal, who_may("shred")], key: OptionalIdempotencyKey) -> Work:
    return runtime.work(caller, key)


Reading = Annotated[Work, Depends(_reading)]
"""A look at what is sealed: work, because it is written down."""
Writing = Annotated[Work, Depends(_writing)]
"""Something new for the reporter, under an idempotency key."""
IdentityWish = Annotated[Work, Depends(_request)]
ReasonReading = Annotated[Work, Depends(_reason_reading)]
Decision = Annotated[Work, Depends(_decision)]
Shredding = Annotated[Work, Depends(_shredding)]
Auditor = Annotated[Principal, Depends(_auditor)]
Reader = Annotated[Principal, who_may("read")]
IdentityReader = Annotated[Principal, who_may("see_identity_requests")]
