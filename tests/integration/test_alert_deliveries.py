"""Alerts on their way to people: signed, repeated until they are taken, and not lost with the process."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
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
    command = [sys.executable, "-m", "tests.integration.desk_rig", store_uri, database]
    async with Receiver([None]).listening() as receiver:
        await Subscriptions(store).add(
            Subscription(
                id="s",
                channel="webhook",
                units=("*",),
                severity=Severity.WARNING,
                level=0,
                url=receiver.url,
                to=(),
                secret="secret",
                created_at=datetime.now(UTC),
            )
        )
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
