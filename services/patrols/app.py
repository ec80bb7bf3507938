"""Puts the patrols service together; owns which parts it is made of."""

from typing import Final

from fastapi import FastAPI

from services.patrols.deps import Parts
from services.patrols.imports import SERVICE, PatrolsIntake
from services.patrols.repository import Repositories
from services.patrols.routes import ROUTERS
from services.patrols.settings import DATABASE, PatrolsSettings
from shared.contracts.topics import INCIDENTS, PATROLS
from shared.imports import IMPORT_LIMITS, Imports
from shared.service import ServiceRuntime, create_service

TOPICS: Final = (PATROLS, INCIDENTS)
DESCRIPTION: Final = """\
Teams of residents and their members, their patrols, the incidents they meet and the sessions in which they inform.

Whatever is entered here can be corrected or taken back; figures follow in the period in which it happened.
"""


def create_app(settings: PatrolsSettings) -> FastAPI:
    """The service as it runs in production."""
    return assemble(ServiceRuntime.of(settings, database=DATABASE, topics=TOPICS))


def assemble(runtime: ServiceRuntime, *, relay: bool = True) -> FastAPI:
    """The service on a given runtime; without `relay` it publishes nothing."""
    return create_service(
        runtime,
        service=SERVICE,
        title="Commune Pulse: patrols",
        description=DESCRIPTION,
        routers=ROUTERS,
        opening=_open,
        relay=relay,
        body_limits_bytes=IMPORT_LIMITS,
    )


async def _open(runtime: ServiceRuntime) -> Parts:
    repositories = Repositories.of(runtime.store)
    await repositories.open()
    return Parts(repositories, Imports(runtime.outbox, service=SERVICE, intake=PatrolsIntake(repositories)))
