"""Puts the tips service together; owns which parts it is made of."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from services.tips.abuse.budget import Budget
from services.tips.abuse.gate import Gate
from services.tips.abuse.repeats import Repeats
from services.tips.abuse.tickets import derived_key
from services.tips.clockwork import Clockwork
from services.tips.commands import MAX_BASE64
from services.tips.custody.audit_log import AuditLog
from services.tips.custody.noting import Noting
from services.tips.custody.seals import Seals
from services.tips.deps import Parts
from services.tips.dialogue.reporters import Reporters
from services.tips.erasing import Eraser, Shredder
from services.tips.handlers import Intake
from services.tips.imports import SERVICE, RecordIntake
from services.tips.pages.forms import MULTIPART_BYTES
from services.tips.receipts import ReceiptHasher
from services.tips.repository import Repositories
from services.tips.routes import ROUTERS
from services.tips.settings import DATABASE, TipsSettings
from shared.contracts.topics import TIPS, TIPS_AUDIT
from shared.imports import IMPORT_LIMITS, Imports
from shared.pausing import at_work
from shared.service import ServiceRuntime, create_service

# A picture of the largest size, in base64 and as browsers send it, with its receipt.
BODY_LIMITS: Final = {
    **IMPORT_LIMITS,
    "/v1/receipts/attachments": MAX_BASE64 + 1_000,
    "/report/pictures": MULTIPART_BYTES,
}

DESCRIPTION: Final = """\
Tips to the police and advisory documents: taken in without a token, worked on by the officers of their unit.

Anonymous reporters need no account: they get a receipt and ask with it how things stand. What a tip tells is sealed
to its commune and who gave it to the custodian at intake; nothing that this service answers, publishes or logs tells
either. Officers read what is sealed to their commune at the desk.
"""


def create_app(settings: TipsSettings, *, relay: bool = True) -> FastAPI:
    """The service as it runs in production. Raises: ValueError for a key file that holds no usable key."""
    runtime = ServiceRuntime.of(settings, database=DATABASE, topics=(TIPS, TIPS_AUDIT))
    return assemble(runtime, intake_of(settings), relay=relay)


def assemble(runtime: ServiceRuntime, intake: Intake, *, relay: bool) -> FastAPI:
    """The service on a given runtime and with a given intake."""

    async def opening(runtime: ServiceRuntime) -> Parts:
        repositories = Repositories.of(runtime.store)
        await repositories.open()
        records = RecordIntake(
            repositories, seals=intake.seals, clock=runtime.clock, anonymous_step_s=intake.anonymous_step_s
        )
        imports = Imports(runtime.outbox, service=SERVICE, intake=records)
        reporters = Reporters(intake.receipts, intake.seals.communes, repositories.tips, repositories.vault)
        gate = Gate(intake.budget, intake.ticket_key, runtime.clock, repositories.spent)
        message_gate = Gate(intake.message_budget, intake.message_ticket_key, runtime.clock, repositories.spent)
        repeats = Repeats(intake.repeat_key, intake.repeat_window_s, repositories.reports)
        noting = Noting(intake.seals, repositories.vault)
        return Parts(
            repositories=repositories, intake=intake, imports=imports, reporters=reporters,
            gate=gate, message_gate=message_gate, repeats=repeats, noting=noting,
        )  # fmt: skip

    def striking(parts: Parts) -> AbstractAsyncContextManager[Any]:
        tips, audit = parts.repositories.tips, AuditLog(runtime.store, unit=runtime.settings.city)
        eraser = Eraser(Shredder(tips, parts.repositories.vault, audit), runtime)
        clockwork = Clockwork(tips, runtime.outbox, clock=runtime.clock, erase=eraser.erase)
        return at_work(clockwork.run, "clockwork")

    return create_service(
        runtime,
        service=SERVICE,
        title="Commune Pulse: tips",
        description=DESCRIPTION,
        routers=ROUTERS,
        opening=opening,
        relay=relay,
        beside=striking if relay else None,
        body_limits_bytes=BODY_LIMITS,
    )


def intake_of(settings: TipsSettings) -> Intake:
    """How reports are taken in, with the keys that the settings name."""
    secret = _secret(settings.receipt_key_file)
    return Intake(
        seals=Seals.of(settings),
        receipts=ReceiptHasher(secret),
        anonymous_step_s=settings.anonymous_step_s,
        budget=Budget(settings.anonymous_per_s, settings.anonymous_burst),
        message_budget=Budget(settings.messages_per_s, settings.messages_burst),
        ticket_key=derived_key(secret, b"tickets"),
        # Another one, or the cheap tickets of a quiet budget would be good at one that is flooded.
        message_ticket_key=derived_key(secret, b"tickets of messages"),
        repeat_key=derived_key(secret, b"repeated reports"),
        repeat_window_s=settings.repeat_window_s,
    )


def _secret(path: Path) -> bytes:
    return path.read_bytes().strip()
