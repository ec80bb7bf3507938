"""Puts the tips service together; owns which parts it is made of."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI

from services.tips.deps import Parts
from services.tips.handlers import Intake
from services.tips.imports import SERVICE, RecordIntake
from services.tips.receipts import ReceiptHasher
from services.tips.repository import Repositories
from services.tips.routes import ROUTERS
from services.tips.sealing import PublicKeySealer
from services.tips.settings import DATABASE, TipsSettings
from shared.contracts.topics import TIPS
from shared.imports import IMPORT_LIMITS, Imports
from shared.service import ServiceRuntime, create_service

DESCRIPTION: Final = """\
Tips to the police and advisory documents: taken in without a token, worked on by the officers of their unit.

Anonymous reporters need no account: they get a receipt and ask with it how things stand. Who gave a tip is sealed with
the custodian's public key at intake; nothing that this service answers, publishes or logs tells it.
"""


def create_app(settings: TipsSettings, *, relay: bool = True) -> FastAPI:
    """The service as it runs in production. Raises: ValueError for a key file that holds no usable key."""
    runtime = ServiceRuntime.of(settings, database=DATABASE, topics=(TIPS,))
    return assemble(runtime, intake_of(settings), relay=relay)


def assemble(runtime: ServiceRuntime, intake: Intake, *, relay: bool) -> FastAPI:
    """The service on a given runtime and with a given intake."""

    async def opening(runtime: ServiceRuntime) -> Parts:
        repositories = Repositories.of(runtime.store)
        await repositories.open()
        records = RecordIntake(repositories, anonymous_step_s=intake.anonymous_step_s)
        return Parts(repositories, intake, Imports(runtime.outbox, service=SERVICE, intake=records))

    return create_service(
        runtime,
        service=SERVICE,
        title="Commune Pulse: tips",
        description=DESCRIPTION,
        routers=ROUTERS,
        opening=opening,
        relay=relay,
        body_limits_bytes=IMPORT_LIMITS,
    )


def intake_of(settings: TipsSettings) -> Intake:
    """How reports are taken in, with the keys that the settings name."""
    return Intake(
        sealer=PublicKeySealer.from_file(settings.sealing_public_key_file),
        receipts=ReceiptHasher(_secret(settings.receipt_key_file)),
        anonymous_step_s=settings.anonymous_step_s,
    )


def _secret(path: Path) -> bytes:
    return path.read_bytes().strip()
