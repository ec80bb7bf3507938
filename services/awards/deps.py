"""What routes are given: the parts of this service, the work of a request, and who asks; owns who may ask what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from services.awards.repository import Repositories
from shared.errors import Forbidden
from shared.imports import Imports
from shared.security import Principal, Role, require
from shared.service import ServiceRuntime, parts_of, runtime_of
from shared.web import OptionalIdempotencyKey, RequiredIdempotencyKey
from shared.work import Work

# Each within their own units: communes put forward and report, the administration grants and takes back.
POLICY: Final[Mapping[str, tuple[Role, ...]]] = {
    "report": (Role.COMMUNE_OFFICER, Role.ADMINISTRATOR),
    "grant": (Role.ADMINISTRATOR,),
    "read": (Role.TEAM_LEADER, Role.COMMUNE_OFFICER, Role.CITY_OPERATOR, Role.AUDITOR, Role.ADMINISTRATOR),
    "import": (Role.INTEGRATOR, Role.ADMINISTRATOR),
}


def who_may(action: str) -> Any:
    """The dependency that gives a caller whom the policy allows this. Raises: Unauthorised, Forbidden."""
    return require(*POLICY[action])


def require_may(action: str, caller: Principal) -> None:
    """Raises: Forbidden unless the policy allows the caller this, too."""
    if caller.role not in POLICY[action]:
        raise Forbidden(f"this needs the role {' or '.join(sorted(POLICY[action]))}")


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes of this service work with."""

    repositories: Repositories
    imports: Imports


def _repositories(request: Request) -> Repositories:
    parts: Parts = parts_of(request)
    return parts.repositories


def imports_of(request: Request) -> Imports:
    """Who takes in batches."""
    parts: Parts = parts_of(request)
    return parts.imports


Kept = Annotated[Repositories, Depends(_repositories)]
Runtime = Annotated[ServiceRuntime, Depends(runtime_of)]
Reporter = Annotated[Principal, who_may("report")]
Granter = Annotated[Principal, who_may("grant")]
Reader = Annotated[Principal, who_may("read")]


def _report(runtime: Runtime, caller: Reporter, key: RequiredIdempotencyKey) -> Work:
    return runtime.work(caller, key)


def _later_report(runtime: Runtime, caller: Reporter, key: OptionalIdempotencyKey) -> Work:
    return runtime.work(caller, key)


def _grant(runtime: Runtime, caller: Granter, key: RequiredIdempotencyKey) -> Work:
    return runtime.work(caller, key)


def _later_grant(runtime: Runtime, caller: Granter, key: OptionalIdempotencyKey) -> Work:
    return runtime.work(caller, key)


Report = Annotated[Work, Depends(_report)]
"""Something new that a commune may tell, under an idempotency key."""
LaterReport = Annotated[Work, Depends(_later_report)]
"""A step of what a commune told; an idempotency key is honoured."""
Grant = Annotated[Work, Depends(_grant)]
"""Something new that the administration decides, under an idempotency key."""
LaterGrant = Annotated[Work, Depends(_later_grant)]
"""A step that the administration decides; an idempotency key is honoured."""
