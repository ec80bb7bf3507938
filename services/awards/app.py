"""Puts the awards service together; owns which parts it is made of."""

from typing import Final

from fastapi import FastAPI

from services.awards.deps import Parts
from services.awards.imports import SERVICE, AwardsIntake
from services.awards.repository import Repositories
from services.awards.routes import ROUTERS
from services.awards.settings import DATABASE, AwardsSettings
from shared.contracts.topics import AWARDS
from shared.imports import IMPORT_LIMITS, Imports
from shared.service import ServiceRuntime, create_service

TOPICS: Final = (AWARDS,)
DESCRIPTION: Final = """\
Honours, emulation campaigns, exemplars, community models and the legal instruments they rest on.

Campaigns and legal instruments become named windows of the statistics by their dates.
"""


def create_app(settings: AwardsSettings) -> FastAPI:
    """The service as it runs in production."""
    return assemble(ServiceRuntime.of(settings, database=DATABASE, topics=TOPICS))


def assemble(runtime: ServiceRuntime, *, relay: bool = True) -> FastAPI:
    """The service on a given runtime; without `relay` it publishes nothing."""
    return create_service(
        runtime,
        service=SERVICE,
        title="Commune Pulse: awards",
        description=DESCRIPTION,
        routers=ROUTERS,
        opening=_open,
        relay=relay,
        body_limits_bytes=IMPORT_LIMITS,
    )


async def _open(runtime: ServiceRuntime) -> Parts:
    repositories = Repositories.of(runtime.store)
    await repositories.open()
    intake = AwardsIntake(repositories, runtime.clock)
    return Parts(repositories, Imports(runtime.outbox, service=SERVICE, intake=intake))
