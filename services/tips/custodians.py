"""Tasks of those who keep keys, each on the store and in the audit log; must not serve anybody over HTTP."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.tips.custody.audit import Action, Deed, Head, fault
from services.tips.custody.audit_log import AuditLog
from services.tips.custody.envelope import Holder, Kind, Piece, Recipient
from services.tips.custody.identity_requests import IdentityRequests
from services.tips.custody.keys import PrivateKeys, PublicKeys, read_private_key, read_public_key
from services.tips.custody.opening import Opener
from services.tips.custody.rekeying import Rekeyed, rekey
from services.tips.custody.reporter import Reporter
from services.tips.custody.vault import Scope, Shredded
from services.tips.repository import Repositories
from services.tips.settings import DATABASE, CustodySettings, DeskSettings
from shared.contracts.audit import AuditHead
from shared.contracts.topics import TIPS_AUDIT
from shared.messaging.codec import decode
from shared.messaging.consumer import read_all
from shared.outbox.sequences import Sequences
from shared.security import EVERYWHERE, Principal, Role
from shared.service import ServiceRuntime
from shared.work import Work


def at_the_console(actor: str) -> Principal:
    """Whoever runs a command: they hold the store's address, and a name for the audit log."""
    return Principal(actor, Role.CUSTODIAN, frozenset({EVERYWHERE}))


@asynccontextmanager
async def custody_of(settings: CustodySettings, database: str = DATABASE) -> AsyncIterator[ServiceRuntime]:
    """The service's store and outbox for the time of one task."""
    runtime = ServiceRuntime.of(settings, database=database, topics=(TIPS_AUDIT,))
    try:
        await runtime.open()
        yield runtime
    finally:
        runtime.store.close()


async def rekey_communes(settings: DeskSettings, *, actor: str, database: str = DATABASE) -> Rekeyed:
    """What was sealed anew to the key of the unit that each tip lies in today."""
    communes = PublicKeys.from_directory(settings.commune_keys_dir)
    keys = PrivateKeys.from_directory(settings.desk_keys_dir)
    async with custody_of(settings, database) as runtime:
        tips, work = Repositories.of(runtime.store).tips, runtime.work(at_the_console(actor), None)

        async def to(tip: str) -> Recipient | None:
            known = await tips.find_known([tip], work.caller)
            return Recipient(Holder.COMMUNE, communes.of(known[tip].unit)) if tip in known else None

        done = await rekey(Repositories.of(runtime.store).vault, keys, Holder.COMMUNE, Scope.CONTENT.kinds, to)
        await _write_down(runtime, settings, work, Deed(Action.REKEYED, actor, Role.CUSTODIAN.value, about="content"))
        return done


async def rekey_identities(
    settings: CustodySettings, former: Path, new: Path, *, actor: str, database: str = DATABASE
) -> Rekeyed:
    """Whose identities were sealed anew to the custodian's new key."""
    recipient = Recipient(Holder.CUSTODIAN, read_public_key(new))
    keys = PrivateKeys([read_private_key(former)])

    async def to(_: str) -> Recipient:
        return recipient

    async with custody_of(settings, database) as runtime:
        work = runtime.work(at_the_console(actor), None)
        done = await rekey(Repositories.of(runtime.store).vault, keys, Holder.CUSTODIAN, Scope.IDENTITY.kinds, to)
        await _write_down(runtime, settings, work, Deed(Action.REKEYED, actor, Role.CUSTODIAN.value, about="identity"))
        return done


async def open_identity(
    settings: CustodySettings, request_id: str, key_file: Path, *, actor: str, database: str = DATABASE
) -> Reporter:
    """Who gave the tip of an approved request.

    Raises: NotFound; TransitionNotAllowed unless it is approved and within its time; Shredded; SealedElsewhere.
    """
    keys = PrivateKeys([read_private_key(key_file)])
    async with custody_of(settings, database) as runtime:
        work = runtime.work(at_the_console(actor), None)
        wish = await IdentityRequests(runtime.store).find(request_id, work.caller)
        wish.require_open(at=work.clock.now())
        opener = Opener(Repositories.of(runtime.store).vault, keys, Holder.CUSTODIAN)
        name = await opener.read(Piece(wish.tip, Kind.IDENTITY))
        if name is None:
            raise Shredded("Who gave this tip was destroyed for good.")
        told = Deed(Action.IDENTITY_OPENED, actor, Role.CUSTODIAN.value, tip=wish.tip, about=wish.id)
        await _write_down(runtime, settings, work, told)
        return Reporter.decoded(name)


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of verifying the audit log."""

    fault: str | None
    end: Head
    compared: int
    """With how many heads that left this system."""


async def verify_audit(
    settings: CustodySettings, seen: Sequence[Head], *, with_topic: bool = False, database: str = DATABASE
) -> Verified:
    """Whether the audit log is whole, and leads over these heads and over those on the topic.

    Raises: Unavailable without a broker, if it is to be asked.
    """
    async with custody_of(settings, database) as runtime:
        log, sequences = AuditLog(runtime.store, unit=settings.city), Sequences(runtime.store, TIPS_AUDIT.name)

        async def committed() -> int:
            return (await sequences.committed()).get(settings.city, 0)

        # The log is in use: what was published before its entries are read has to be among them, and no entry may be
        # there that is not published afterwards.
        before = await committed()
        published = await _published(settings) if with_topic else []
        entries = [entry async for entry in log.entries()]
        after = await committed()
        end = Head(entries[-1].seq, entries[-1].hash) if entries else Head()
        others = {lineage for lineage, _ in published} - {runtime.outbox.lineage}
        heads = [*seen, *(head for lineage, head in published if lineage not in others)]
        found = fault(entries, heads)
        if found is None and not before <= end.seq <= after:
            found = f"the chain ends at {end.seq}, and {after} heads were published"
        if found is None and others:
            found = f"heads of {len(others)} other database(s) were published: the log was begun anew"
        return Verified(found, end, len(heads))


async def _published(settings: CustodySettings) -> list[tuple[str, Head]]:
    """The city's heads as they stand on the topic, each with the lineage of the database that it came from."""
    events = (decode(record.value) for record in await read_all(settings, [TIPS_AUDIT]))
    heads = [
        (event.lineage, AuditHead.model_validate_json(bytes(event.data)))
        for event in events
        if event.partitionkey == settings.city
    ]
    return [(lineage, Head(head.seq, head.hash)) for lineage, head in heads]


async def _write_down(runtime: ServiceRuntime, settings: CustodySettings, work: Work, deed: Deed) -> None:
    await AuditLog(runtime.store, unit=settings.city).commit(work, deed, None)
