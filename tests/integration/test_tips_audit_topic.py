"""The audit log is compared with the heads that left for the broker: what somebody changes in the store alone shows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from pydantic import SecretStr

from services.tips.custodians import Verified, at_the_console, custody_of, verify_audit
from services.tips.custody.audit import Action, Deed, Entry, Head
from services.tips.custody.audit_log import AuditLog
from services.tips.settings import CustodySettings
from shared.errors import Unavailable
from shared.service import ServiceRuntime
from tests.integration.tips_rig import NOWHERE

CITY = "96"  # whose heads no other test publishes
READ = Deed(Action.CONTENT_READ, "officer", "commune_officer", "tip")


@pytest.fixture
def settings(store_uri: str, kafka_bootstrap: str) -> CustodySettings:
    return CustodySettings(mongodb_uri=SecretStr(store_uri), kafka_bootstrap_servers=kafka_bootstrap, city=CITY)


@asynccontextmanager
async def published_log(settings: CustodySettings, *, entries: int) -> AsyncIterator[ServiceRuntime]:
    """The store with a log of so many entries, the heads of which are all on the topic."""
    async with custody_of(settings, f"tips_{uuid4().hex[:12]}") as runtime:
        log = AuditLog(runtime.store, unit=settings.city)
        for _ in range(entries):
            await log.commit(runtime.work(at_the_console("me"), None), READ, None)
        async with runtime.relayed(), asyncio.timeout(30):
            while (await verified(settings, runtime)).compared < entries:
                await asyncio.sleep(0.1)
        try:
            yield runtime
        finally:
            await asyncio.shield(runtime.store.drop())


async def verified(settings: CustodySettings, runtime: ServiceRuntime) -> Verified:
    return await verify_audit(settings, [], with_topic=True, database=runtime.store.name)


async def test_what_is_written_anew_in_the_store_is_not_what_was_published(settings: CustodySettings) -> None:
    async with published_log(settings, entries=3) as runtime:
        whole, entries = await verified(settings, runtime), runtime.store.collection("audit_entries")
        first = await entries.find_one({"_id": 1})
        assert first is not None

        head = Head()
        for seq in (1, 2, 3):  # a chain that is whole in itself, with somebody else in its first entry
            deed = Deed(Action.CONTENT_READ, "nobody" if seq == 1 else "officer", "commune_officer", "tip")
            forged = Entry.after(head, deed, at=first["at"])
            told = {"actor": deed.actor, "at": forged.at, "previous": forged.previous, "hash": forged.hash}
            await entries.update_one({"_id": seq}, {"$set": told})
            head = Head(forged.seq, forged.hash)
        alone = await verify_audit(settings, [], database=runtime.store.name)
        beside_the_topic = await verified(settings, runtime)

    assert (whole.fault, whole.end.seq, whole.compared) == (None, 3, 3)
    assert (alone.fault, alone.compared) == (None, 0)
    assert beside_the_topic.fault == "entry 1 is not the one that was published"


async def test_a_log_that_is_begun_anew_beside_published_heads_shows(settings: CustodySettings) -> None:
    settings = settings.model_copy(update={"city": "95"})
    async with published_log(settings, entries=1), published_log(settings, entries=1) as anew:
        done = await verified(settings, anew)

    assert done.compared == 1
    assert done.fault == "heads of 1 other database(s) were published: the log was begun anew"


async def test_without_a_broker_it_says_so(store_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.messaging.consumer.AWAY_S", 0.2)
    settings = CustodySettings(mongodb_uri=SecretStr(store_uri), kafka_bootstrap_servers=NOWHERE, city=CITY)

    with pytest.raises(Unavailable, match=r"No broker answers, or it has no tips\.audit\.v1"):
        await verify_audit(settings, [], with_topic=True, database=f"tips_{uuid4().hex[:12]}")
