"""Puts the desk together; owns which parts it is made of."""

from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from fastapi import FastAPI

from services.tips.custody.audit_log import AuditLog
from services.tips.custody.identity_requests import IdentityRequests
from services.tips.custody.keys import PrivateKeys, PublicKeys
from services.tips.custody.opening import Opener
from services.tips.desk.deps import Parts
from services.tips.desk.following import Following
from services.tips.desk.routes import ROUTERS
from services.tips.erasing import Shredder
from services.tips.repository import Repositories
from services.tips.settings import DATABASE, DeskSettings
from shared.contracts.topics import TIPS_AUDIT
from shared.pausing import at_work
from shared.service import ServiceRuntime, create_service

DESCRIPTION: Final = """\
What is sealed of tips, for the officers of their commune: texts, dialogues with reporters, attachments, notes.

This process holds the communes' private keys; the intake holds none. Every reading is in a hash-chained audit log
before anything is shown, and the head of the log is published on `tips.audit.v1`. Who gave a tip cannot be opened here:
a request, approved by a second person, lets the custodian do that with a key of their own.
"""


def create_desk(settings: DeskSettings) -> FastAPI:
    """The desk as it runs in production. Raises: ValueError for a key file that holds no usable key."""
    return assemble_desk(ServiceRuntime.of(settings, database=DATABASE, topics=(TIPS_AUDIT,)), settings)


def assemble_desk(runtime: ServiceRuntime, settings: DeskSettings) -> FastAPI:
    """The desk on a given runtime. It publishes nothing: the service's relay sends what is committed here as well."""
    communes, keys = (
        PublicKeys.from_directory(settings.commune_keys_dir),
        PrivateKeys.from_directory(settings.desk_keys_dir),
    )

    async def opening(runtime: ServiceRuntime) -> Parts:
        repositories = Repositories.of(runtime.store)
        await repositories.open()
        requests = IdentityRequests(runtime.store)
        await requests.open()
        opener = Opener(repositories.vault, keys)
        audit = AuditLog(runtime.store, unit=settings.city)
        return Parts(
            repositories=repositories, identity_requests=requests, opener=opener, communes=communes, audit=audit,
            shredder=Shredder(repositories.tips, repositories.vault, audit), settings=settings,
        )  # fmt: skip

    def following(parts: Parts) -> AbstractAsyncContextManager[Any]:
        following = Following(
            parts.repositories,
            parts.identity_requests,
            keys=keys,
            communes=communes,
            audit=parts.audit,
            runtime=runtime,
        )
        return at_work(following.run, "following")

    return create_service(
        runtime,
        service="tips-desk",
        title="Commune Pulse: desk of tips",
        description=DESCRIPTION,
        routers=ROUTERS,
        opening=opening,
        beside=following,
        relay=False,
    )
