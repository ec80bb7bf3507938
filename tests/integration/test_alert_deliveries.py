"""Alerts on their way to people: signed, repeated until they are taken, and not lost with the process."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
import uvicorn
from aiosmtpd.controller import Controller
from fastapi import FastAPI, Request, Response

from deploy.embedded.servers import free_port
from deploy.keys import rotate_webhook_key
from services.stats.alerts import subscriptions
from services.stats.alerts.sealing import SecretKeys
from services.stats.alerts.subscriptions import Subscription, Subscriptions
from shared.contracts.alerts import Severity
from shared.security import Role
from shared.store.client import Store
from tests.integration.desk_rig import CITY, FIRES, UNIT, DeskRig, Json
from tests.integration.worker_rig import ROOT, until

HOOK: Json = {"channel": "webhook", "units": [CITY], "severity": "warning"}


@dataclass
class Receiver:
    """A server that notes what it is sent and answers as told; with nothing to answer it lets the sender wait."""

    statuses: list[int | None]
    port: int = field(default_factory=free_port)
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/alerts"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Receiver]:
        app = FastAPI()

        @app.post("/alerts")
        async def take(request: Request) -> Response:
            self.taken.append((dict(request.headers), await request.body()))
            status = self.statuses.pop(0) if self.statuses else 204
            if status is None:
                await asyncio.sleep(60)
            return Response(status_code=status or 204)

        config = uvicorn.Config(app, port=self.port, log_level="warning", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        await until(lambda: _given(server.started), within_s=10)
        try:
            yield self
        finally:
            server.should_exit = True
            await serving


async def _given(value: Any) -> Any:
    return value


def signed_rightly(headers: dict[str, str], body: bytes, secret: str) -> bool:
    """As the guide tells integrators."""
    expected = hmac.new(secret.encode(), headers["pulse-timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(headers["pulse-signature"], f"v1={expected}")


async def subscribed(rig: DeskRig, body: Json) -> Json:
    answer = await rig.post("/v1/alert-subscriptions", body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def started(command: list[str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL)


async def states(rig: DeskRig) -> list[tuple[str, int]]:
    (alert,) = (await rig.get("/v1/alerts"))["items"]
    deliveries = (await rig.get(f"/v1/alerts/{alert['id']}"))["deliveries"]
    return [(each["state"], each["attempts"]) for each in deliveries]


async def test_a_webhook_that_fails_twice_gets_the_alert_signed_and_with_one_id(store_uri: str, tmp_path: Path) -> None:
    async with (
        Receiver([500, 500]).listening() as receiver,
        DeskRig.running(store_uri, tmp_path, webhooks_to_private=True) as rig,
    ):
        secret = (await subscribed(rig, {**HOOK, "url": receiver.url}))["secret"]
        for _ in range(5):
            rig.city.happened(UNIT, FIRES)

        await until(lambda: _given(len(receiver.taken) == 3), within_s=30)

        assert all(signed_rightly(headers, body, secret) for headers, body in receiver.taken)
        assert not signed_rightly(receiver.taken[0][0], receiver.taken[0][1] + b" ", secret)
        assert len({headers["pulse-delivery"] for headers, _ in receiver.taken}) == 1
        told = orjson.loads(receiver.taken[-1][1])
        assert (told["type"], told["alert"]["rule"], told["alert"]["unit"]) == ("alert.raised.v1", "fires-spike", UNIT)

        async def delivered() -> bool:
            return await states(rig) == [("delivered", 3)]

        await until(delivered, within_s=10)
        listed = await rig.get("/v1/alert-subscriptions")
        assert "secret" not in listed["items"][0]


async def test_mail_goes_to_the_recipients_of_the_unit_and_severity(store_uri: str, tmp_path: Path) -> None:
    class Inbox:
        def __init__(self) -> None:
            self.mails: list[tuple[list[str], bytes]] = []

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            self.mails.append((envelope.rcpt_tos, envelope.content))
            return "250 OK"

    inbox, port = Inbox(), free_port()
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        said: dict[str, Any] = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none"}
        async with DeskRig.running(store_uri, tmp_path, **said) as rig:
            for units, to in (([UNIT], "officer@example.org"), (["79"], "elsewhere@example.org")):
                await subscribed(rig, {"channel": "email", "units": units, "severity": "critical", "to": [to]})
            for _ in range(5):
                rig.city.happened(UNIT, FIRES)

            await until(lambda: _given(inbox.mails), within_s=30)

            ((recipients, content),) = inbox.mails
            mail = message_from_bytes(content, policy=policy.default)
            text = mail.get_content()
            assert recipients == ["officer@example.org"]
            assert mail["Subject"].startswith("[Cảnh báo]")
            assert "Hoàn Kiếm" in text
            assert "28 days" in text
    finally:
        controller.stop()


async def test_an_alert_whose_process_is_killed_before_delivery_arrives_after_its_restart(
    store_uri: str, tmp_path: Path
) -> None:
    database = f"test_{uuid4().hex[:12]}"
    store = Store.open(store_uri, database)
    keys_file = rotate_webhook_key(tmp_path)
    command = [sys.executable, "-m", "tests.integration.desk_rig", store_uri, database, str(keys_file)]
    async with Receiver([None]).listening() as receiver:
        sealed = SecretKeys.read(keys_file).seal("secret", "s")
        await Subscriptions(store).add(replace(hook("s", sealed), url=receiver.url))
        first = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=os.environ, stdout=asyncio.subprocess.DEVNULL
        )
        await until(lambda: _given(receiver.taken), within_s=60)
        os.kill(first.pid, signal.SIGKILL)
        await first.wait()

        second = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=os.environ, stdout=asyncio.subprocess.DEVNULL
        )
        try:
            await until(lambda: _given(len(receiver.taken) == 2), within_s=60)
        finally:
            os.kill(second.pid, signal.SIGKILL)
            await second.wait()

        (before, body_before), (after, body_after) = receiver.taken
        assert before["pulse-delivery"] == after["pulse-delivery"]
        assert body_before == body_after
        assert await store.collection("alerts").count_documents({}) == 1
    await store.drop()
    store.close()


@pytest.mark.parametrize(
    "url", ["http://example.org/a", "https://127.0.0.1/a", "https://localhost/a", "https://[::1]/a", "https://10.1.2.3/a",
            "https://169.254.169.254/latest", "https://user:secret@example.org/a"],
)  # fmt: skip
async def test_webhooks_do_not_lead_into_the_house(store_uri: str, tmp_path: Path, url: str) -> None:
    async with DeskRig.running(store_uri, tmp_path, writes=False) as rig:
        answer = await rig.post("/v1/alert-subscriptions", {**HOOK, "url": url})

    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == ["url"]


async def test_a_removed_recipient_gets_nothing_more(store_uri: str, tmp_path: Path) -> None:
    async with (
        Receiver([]).listening() as receiver,
        DeskRig.running(store_uri, tmp_path, writes=False, webhooks_to_private=True) as rig,
    ):
        made = await subscribed(rig, {**HOOK, "url": receiver.url})

        gone = await rig.client.delete(f"/v1/alert-subscriptions/{made['id']}", headers=rig.administrator)
        twice = await rig.client.delete(f"/v1/alert-subscriptions/{made['id']}", headers=rig.administrator)
        refused = await rig.post("/v1/alert-subscriptions", {**HOOK, "url": receiver.url}, by=rig.as_(Role.AUDITOR))

    assert [answer.status_code for answer in (gone, twice, refused)] == [204, 404, 403]


async def stored(rig: DeskRig) -> str:
    """Every document of the database, as text."""
    store = rig.desk.records.runtime.store
    documents = [
        repr(each) for name in await store.collection_names() async for each in store.collection(name).find({})
    ]
    return "\n".join(documents)


async def test_the_secret_of_a_webhook_is_in_no_document_and_in_no_later_answer(store_uri: str, tmp_path: Path) -> None:
    async with (
        Receiver([500]).listening() as receiver,
        DeskRig.running(store_uri, tmp_path, webhooks_to_private=True) as rig,
    ):
        made = await subscribed(rig, {**HOOK, "url": receiver.url})
        for _ in range(5):
            rig.city.happened(UNIT, FIRES)
        await until(lambda: _given(len(receiver.taken) == 2), within_s=30)
        kept, listed = await stored(rig), await rig.get("/v1/alert-subscriptions")

    assert made["secret"] not in kept
    assert receiver.url in kept
    assert not {"secret", "sealed"} & listed["items"][0].keys()
    assert made["secret"] not in str(listed)


async def test_without_the_seal_the_secret_would_be_in_the_database(
    store_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "_document", in_clear(subscriptions._document))
    monkeypatch.setattr(SecretKeys, "seal", lambda self, secret, subscription: secret.encode())
    async with DeskRig.running(store_uri, tmp_path, writes=False, webhooks_to_private=True) as rig:
        made = await subscribed(rig, {**HOOK, "url": "http://127.0.0.1:1/alerts"})

        assert made["secret"] in await stored(rig)


def in_clear(document_of: Callable[[Subscription], Json]) -> Callable[[Subscription], Json]:
    return lambda subscription: {**document_of(subscription), "sealed": (subscription.sealed or b"").decode()}


async def test_without_a_key_webhooks_are_refused_and_mail_is_not(store_uri: str, tmp_path: Path) -> None:
    mail: Json = {"channel": "email", "units": [CITY], "severity": "warning", "to": ["officer@example.org"]}
    said: Json = {"webhook_keys_file": None, "webhooks_to_private": True, "smtp_host": "127.0.0.1"}
    async with DeskRig.running(store_uri, tmp_path, writes=False, **said) as rig:
        refused = await rig.post("/v1/alert-subscriptions", {**HOOK, "url": "http://127.0.0.1:1/alerts"})
        mailed = await subscribed(rig, mail)

    assert refused.status_code == 422
    assert "no key for the secrets of webhooks" in refused.json()["detail"]
    assert mailed["secret"] is None


async def test_a_wrong_key_is_told_with_the_delivery_and_the_right_one_delivers(store_uri: str, tmp_path: Path) -> None:
    async with (
        Receiver([]).listening() as receiver,
        DeskRig.running(store_uri, tmp_path, webhooks_to_private=True) as rig,
    ):
        secret = (await subscribed(rig, {**HOOK, "url": receiver.url}))["secret"]
        right = rig.desk.keys._keys
        rig.desk.keys._keys = {}
        for _ in range(5):
            rig.city.happened(UNIT, FIRES)

        async def told() -> bool:
            alerts = (await rig.get("/v1/alerts"))["items"]
            deliveries = (await rig.get(f"/v1/alerts/{alerts[0]['id']}"))["deliveries"] if alerts else []
            return bool(deliveries) and deliveries[0]["reason"] == "the key that opens the secret is not at hand"

        await until(told, within_s=30)
        assert not receiver.taken
        rig.desk.keys._keys = right
        await until(lambda: _given(receiver.taken), within_s=30)

    assert signed_rightly(*receiver.taken[0], secret)


async def test_a_start_with_a_new_key_seals_anew_what_a_former_one_sealed_or_lay_in_clear(store_uri: str) -> None:
    store = Store.open(store_uri, f"test_{uuid4().hex[:12]}")
    kept, old, both = Subscriptions(store), SecretKeys([b"1" * 32]), SecretKeys([b"2" * 32, b"1" * 32])
    await kept.add(hook("sealed", old.seal("secret-1", "sealed")))
    await kept.add(hook("broken", old.seal("secret-3", "another")))
    await kept.add(hook("clear", None))
    await store.collection("alert_subscriptions").update_one({"_id": "clear"}, {"$set": {"secret": "secret-2"}})
    try:
        for _ in range(2):
            await kept.seal_anew(both)
        new = SecretKeys([b"2" * 32])
        opened = {each.id: new.open(each.sealed or b"", each.id) for each in await kept.all() if each.id != "broken"}
        documents = repr([each async for each in store.collection("alert_subscriptions").find({})])
    finally:
        await store.drop()
        store.close()

    assert opened == {"sealed": "secret-1", "clear": "secret-2"}
    assert "secret-" not in documents


def hook(id: str, sealed: bytes | None) -> Subscription:
    return Subscription(
        id=id,
        channel="webhook",
        units=("*",),
        severity=Severity.WARNING,
        level=0,
        url="https://example.org",
        to=(),
        sealed=sealed,
        created_at=datetime.now(UTC),
    )
