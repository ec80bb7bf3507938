"""What routes are given: the parts of this service, the work of a request, and who asks; owns who may ask what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from services.patrols.repository import Repositories
from shared.imports import Imports
from shared.security import Principal, Role, require
from shared.service import ServiceRuntime, parts_of, runtime_of
from shared.web import OptionalIdempotencyKey, RequiredIdempotencyKey
from shared.work import Work

# Each within their own units. Names of members are for those who work with them.
POLICY: Final[Mapping[str, tuple[Role, ...]]] = {
    "write": (Role.TEAM_LEADER, Role.COMMUNE_OFFICER, Role.ADMINISTRATOR),
    "read": (Role.TEAM_LEADER, Role.COMMUNE_OFFICER, Role.CITY_OPERATOR, Role.AUDITOR, Role.ADMINISTRATOR),
    "read names": (Role.TEAM_LEADER, Role.COMMUNE_OFFICER, Role.ADMINISTRATOR),
    "import": (Role.TEAM_LEADER, Role.INTEGRATOR, Role.ADMINISTRATOR),
}


def who_may(action: str) -> Any:
    """The dependency that gives a caller whom the policy allows this. Raises: Unauthorised, Forbidden."""
    return require(*POLICY[action])


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
Writer = Annotated[Principal, who_may("write")]
Reader = Annotated[Principal, who_may("read")]
ReaderOfNames = Annotated[Principal, who_may("read names")]


def _creation(runtime: Runtime, caller: Writer, key: RequiredIdempotencyKey) -> Work:
    return runtime.work(caller, key)


def _change(runtime: Runtime, caller: Writer, key: OptionalIdempotencyKey) -> Work:
    return runtime.work(caller, key)


Creation = Annotated[Work, Depends(_creation)]
"""Something new, under an idempotency key."""
Alteration = Annotated[Work, Depends(_change)]
"""A step of what is there; an idempotency key is honoured."""
