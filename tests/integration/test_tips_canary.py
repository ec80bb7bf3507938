"""Marks in what reporters tell go through the whole system, crashes included: afterwards they are found nowhere."""

import asyncio
import re
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from bson.raw_bson import RawBSONDocument
from fastapi import FastAPI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from pymongo import MongoClient

from shared.contracts.topics import DEAD_LETTERS
from shared.errors import NotFound
from shared.security import Role
from shared.telemetry.metrics import HTTP_REQUESTS
from shared.web import health, problems
from tests.integration.system_rig import System
from tests.integration.worker_rig import until
from tests.support.canaries import forms, halves, sightings, typed
from tests.support.collector import Collector, collector
from tests.unit.test_tips_attachments import exif, jpeg

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNIT: Final = "00070"
NAME, PHONE, ADDRESS, TEXT, MESSAGE, ANSWER, NOTE, REASON, VOIDING, HOLD, FORM, BOOK = (
    f"{word} {uuid4().hex[:12]}"
    for word in (
        "Nguyễn Thị Yến",
        "0912",
        "Số 7 ngõ Canary",
        "Mất trộm",
        "Tôi thấy",
        "Biển số gì",
        "Đã hỏi bà Tư",
        "Vì bà Tư khai",
        "Bà Tư kể hai lần",
        "Toà gọi bà Tư",
        "Tờ khai trên trang",
        "Sổ ghi",
    )
)
CAMERA: Final = "CANARY-0912345678"  # what the camera data of the pictures tell
KEY: Final = f"0912345678-{uuid4().hex[:12]}"  # what somebody calls a record of a book
READ_S: Final = 3.0  # for some hundred records
PLACES: Final = ("databases", "topics", "logs", "metrics", "traces", "answers")
IN_TEXT: Final = ("metrics", "answers")  # written in UTF-8, which the bytes of UTF-16 are not
PORTS: Final = ("stats", "tips", "patrols", "awards", "desk", "worker_metrics", "ledger_metrics")


@dataclass
class Told:
    """What callers were told, and the receipts that nobody else may have."""

    receipts: list[str] = field(default_factory=list)
    refusals: list[bytes] = field(default_factory=list)

    def as_typed(self) -> list[str]:
        """Each receipt as somebody else would type it."""
        ways = [typed(receipt) for receipt in self.receipts]
        return [way[turn % len(way)] for turn, way in enumerate(ways)]


@pytest.fixture(scope="module")
def traces() -> Iterator[Collector]:
    with collector() as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory, traces: Collector) -> AsyncIterator[System]:
    """All processes, with tracing switched on as whoever runs them may do."""
    tracing = {
        "FASTAPI_OTEL_AUTO_CONFIGURE": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": traces.address,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    async with System.running(tmp_path_factory.mktemp("canary"), **tracing) as system:
        yield system


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(system: System) -> Told:
    """Reports with marks, before, during and after the death of the intake, of the store and of the desk."""
    told = Told()
    async with httpx.AsyncClient(timeout=10) as client:
        await _report(system, client, told, times=4)
        for victim in ("tips", "store"):
            reporting = asyncio.create_task(_report(system, client, told, times=8))
            await system.kill(victim)
            await reporting
        await _talk(system, client, told)
        await _come_otherwise(system, client, told)
        await _err(system, client, told)
        await until(lambda: _published(system, len(told.receipts)), within_s=30, what="the events on their topic")
    return told


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def places(system: System, traces: Collector, told: Told) -> dict[str, bytes]:
    return {place: await _read(system, traces, told, place) for place in PLACES}


async def test_no_mark_is_found_anywhere(told: Told, places: dict[str, bytes]) -> None:
    found = sightings(_marks(told), places)

    assert len(told.receipts) == 21
    assert all(content for place, content in places.items() if place != "traces")  # where nothing at all may be told
    assert found == []


@pytest.mark.parametrize("place", PLACES)
async def test_a_mark_planted_in_a_place_is_found_there_in_every_form(
    system: System, traces: Collector, told: Told, places: dict[str, bytes], place: str
) -> None:
    mark = f"Lê Văn Gài {uuid4().hex[:12]}"
    possible = {form: ways for form, ways in forms(mark).items() if place not in IN_TEXT or "utf-16" not in form}
    written = b" ".join(each for ways in possible.values() for each in ways)

    planted = places | {place: await _planted(system, traces, told, place, written)}

    found = sightings([mark], planted)
    assert {sighting.form for sighting in found} == possible.keys()
    assert {sighting.place for sighting in found} == {place}


def _marks(told: Told) -> list[str]:
    receipts = {half for receipt in told.receipts for way in typed(receipt) for half in halves(way)}
    said = [NAME, PHONE, ADDRESS, TEXT, MESSAGE, ANSWER, NOTE, REASON, VOIDING, HOLD, FORM, BOOK, KEY, CAMERA]
    return [*said, *sorted(receipts)]


# -- what is done with marks


async def _report(system: System, client: httpx.AsyncClient, told: Told, *, times: int) -> None:
    """Reports, each repeated under its idempotency key until it is answered."""
    for _ in range(times):
        body = {
            "unit": UNIT,
            "stream": "crime_report",
            "category": "theft",
            "text": TEXT,
            "reporter": {"name": NAME, "contact": f"{PHONE}, {ADDRESS}"},
        }
        answer = await _persistently(client, f"{system.set_up.address('tips')}/v1/tips", body)
        told.receipts.append(answer.json()["receipt"])


async def _persistently(client: httpx.AsyncClient, url: str, body: Any, **headers: str) -> httpx.Response:
    key = {"Idempotency-Key": str(uuid4())}
    answers: list[httpx.Response] = []

    async def answered() -> bool:
        with suppress(httpx.TransportError):
            answers.append(await client.post(url, json=body, headers=key | headers))
        return bool(answers) and answers[-1].is_success

    await until(answered, within_s=60, what=f"an answer of {url}")
    return answers[-1]


async def _come_otherwise(system: System, client: httpx.AsyncClient, told: Told) -> None:
    """A report by the page, with a picture, and one from a book, which a word of it finds again."""
    page, intake = f"{system.set_up.address('tips')}/report", system.set_up.address("tips")
    form = {"stream": "crime_report", "category": "theft", "text": FORM, "place": UNIT, "name": NAME, "contact": PHONE}
    received = await client.post(page, data=form | {"happened_at": "2026-01-05T08:00"})
    assert received.status_code == 201, received.text
    (grouped,) = re.findall(r'id="receipt">([^<]+)<', received.text)
    told.receipts.append(grouped.replace("-", ""))
    for path in ("receipt", "messages"):
        assert (await client.post(f"{page}/{path}", data={"receipt": grouped, "answer": MESSAGE})).is_success
    files = {"picture": (f"{NAME}.jpg", jpeg(exif(6)), "image/jpeg")}
    assert (await client.post(f"{page}/pictures", data={"receipt": grouped}, files=files)).is_success
    book = {"type": "tip", "key": KEY, "unit": UNIT, "stream": "crime_report", "category": "theft", "source": "media"}
    book |= {"text": BOOK, "received_at": "2026-01-05T08:00:00+07:00"}
    bearer = {"Authorization": f"Bearer {system.token(Role.ADMINISTRATOR)}"}
    taken = await _persistently(client, f"{intake}/v1/imports", {"records": [book]}, **bearer)
    assert taken.json()["outcomes"][0]["outcome"] == "created", taken.text
    words = {"unit": UNIT, "words": BOOK}
    found = await _persistently(client, f"{system.set_up.address('desk')}/v1/search", words, **bearer)
    assert len(found.json()["found"]) == 1


async def _talk(system: System, client: httpx.AsyncClient, told: Told) -> None:
    """A dialogue, a picture and a reading at the desk, which dies in between."""
    intake, desk = system.set_up.address("tips"), system.set_up.address("desk")
    officer = {"Authorization": f"Bearer {system.token(Role.ADMINISTRATOR)}"}
    tips = (await client.get(f"{intake}/v1/tips", params={"unit": UNIT}, headers=officer)).json()["items"]
    for tip in tips[:2]:
        await _persistently(client, f"{desk}/v1/tips/{tip['id']}/messages", {"text": ANSWER}, **officer)
    await system.kill("tips-desk")
    for receipt in told.as_typed()[:5]:
        await _persistently(client, f"{intake}/v1/receipts/messages", {"receipt": receipt, "text": MESSAGE})
        picture = b64encode(jpeg(exif(6))).decode()
        await _persistently(client, f"{intake}/v1/receipts/attachments", {"receipt": receipt, "content": picture})
        assert MESSAGE in (await client.post(f"{intake}/v1/receipts/dialogue", json={"receipt": receipt})).text
    await _persistently(client, f"{desk}/v1/tips/{tips[0]['id']}/messages", {"text": ANSWER}, **officer)
    assert TEXT in (await client.get(f"{desk}/v1/tips/{tips[0]['id']}/content", headers=officer)).text
    for step, body in (("registration", {}), ("verification", {"note": NOTE}), ("confirmation", {"note": NOTE})):
        await _persistently(client, f"{intake}/v1/tips/{tips[0]['id']}/{step}", body, **officer)
    assert NOTE in (await client.get(f"{desk}/v1/tips/{tips[0]['id']}/notes", headers=officer)).text
    for step, why in (("hold", HOLD), ("voiding", VOIDING)):
        await _persistently(client, f"{intake}/v1/tips/{tips[1]['id']}/{step}", {"reason": why}, **officer)
        assert why in (await client.get(f"{desk}/v1/tips/{tips[1]['id']}/notes", headers=officer)).text
    wishes, asked = f"{desk}/v1/identity-requests", {"tip": tips[0]["id"], "reason": REASON}
    wish = (await _persistently(client, wishes, asked, **officer)).json()
    assert REASON in (await client.get(f"{wishes}/{wish['id']}/reason", headers=officer)).text


async def _err(system: System, client: httpx.AsyncClient, told: Told) -> None:
    """Requests that are refused, each with a mark where it hurts."""
    intake, desk = system.set_up.address("tips"), system.set_up.address("desk")
    ways = told.as_typed()[:5]
    mistyped = [("/v1/receipts/status", {"receipt": f"{way[:-1]}U"}) for way in ways]
    lost = [(f"/v1/receipts/{way}", {"receipt": way}) for way in ways]
    bodies: list[tuple[str, Any]] = [
        ("/v1/tips", {"unit": NAME, "stream": PHONE, "category": ADDRESS, "text": [TEXT], "reporter": NAME}),
        ("/v1/receipts/messages", {"receipt": ways[1], "text": MESSAGE * 500}),
        ("/v1/receipts/attachments", {"receipt": ways[2], "content": b64encode(CAMERA.encode()).decode()}),
        *mistyped,
        *lost,
    ]
    for path, body in bodies:
        for base in (intake, desk):
            refused = await client.post(base + path, json=body, headers={"Idempotency-Key": str(uuid4())})
            assert refused.is_client_error, refused.text
            told.refusals.append(refused.content)
    officer = {"Authorization": f"Bearer {system.token(Role.ADMINISTRATOR)}"}
    for body in ({"note": NOTE * 500}, {"note": [NOTE]}, {"notes": NOTE}):
        refused = await client.post(f"{intake}/v1/tips/{uuid4()}/verification", json=body, headers=officer)
        assert refused.status_code == 422, refused.text
        told.refusals.append(refused.content)
    for step, why in (("voiding", VOIDING), ("hold", HOLD)):
        for reason in (why, why * 50, [why]):
            refused = await client.post(f"{intake}/v1/tips/{uuid4()}/{step}", json={"reason": reason}, headers=officer)
            assert refused.status_code in (404, 422), refused.text
            told.refusals.append(refused.content)
    for unit, words in ((BOOK, BOOK), (UNIT, BOOK * 20), (UNIT, [BOOK])):
        refused = await client.post(f"{desk}/v1/search", json={"unit": unit, "words": words}, headers=officer)
        assert refused.status_code == 422, refused.text
        told.refusals.append(refused.content)
    order = {"reason": f"QD-{PHONE}"}
    refused = await client.post(f"{desk}/v1/tips/{uuid4()}/shredding", json=order, headers=officer)
    assert refused.status_code == 422, refused.text
    told.refusals.append(refused.content)
    for body in ({"tip": str(uuid4()), "reason": REASON * 50}, {"tip": str(uuid4()), "reason": REASON}):
        key = {"Idempotency-Key": str(uuid4())}
        refused = await client.post(f"{desk}/v1/identity-requests", json=body, headers=officer | key)
        assert refused.status_code in (404, 422), refused.text
        told.refusals.append(refused.content)
    for path in (*(f"/v1/tips/{way}/content" for way in ways), f"/v1/tips?unit={NAME}", f"/{TEXT}"):
        headers = {"User-Agent": CAMERA, "Cookie": f"who={CAMERA}", "Authorization": f"Bearer {PHONE.replace(' ', '')}"}
        told.refusals += [(await client.get(base + path, headers=headers)).content for base in (intake, desk)]


async def _published(system: System, tips: int) -> bool:
    return (await _topics(system)).count(b'"tip.received.v1"') >= tips


# -- where marks are looked for


async def _read(system: System, traces: Collector, told: Told, place: str) -> bytes:
    """All that is in one place now."""
    match place:
        case "databases":
            return await asyncio.to_thread(_databases, system.set_up.store_uri)
        case "topics":
            return await _topics(system)
        case "logs":
            logs = sorted(path for path in system.set_up.directory.logs.rglob("*") if path.is_file())
            return b"\n".join(path.read_bytes() for path in logs)
        case "metrics":
            async with httpx.AsyncClient(timeout=10) as client:
                addresses = [f"http://127.0.0.1:{getattr(system.set_up.ports, port)}/metrics" for port in PORTS]
                return b"\n".join([(await client.get(address)).content for address in addresses])
        case "traces":
            return traces.collected
        case _:
            return b"\n".join(told.refusals)


async def _planted(system: System, traces: Collector, told: Told, place: str, written: bytes) -> bytes:
    """The place after something was written into it, as a leak would."""
    match place:
        case "databases":
            with MongoClient[dict[str, Any]](system.set_up.store_uri) as client:
                client["pulse_tips"]["planted"].insert_one({"leak": written})
        case "topics":
            producer = AIOKafkaProducer(bootstrap_servers=system.set_up.bootstrap_servers)
            await producer.start()
            await producer.send_and_wait(DEAD_LETTERS[0].name, written)
            await producer.stop()
        case "logs":
            with (system.set_up.directory.logs / "planted.log").open("ab") as log:
                log.write(written)
        case "metrics":
            return await _read(system, traces, told, place) + await _measured(written.decode())
        case "traces":
            await asyncio.to_thread(_traced, traces, written)
        case _:
            told.refusals.append(await _refused(written.decode()))
    return await _read(system, traces, told, place)


async def _measured(leak: str) -> bytes:
    """What `/metrics` tells of a process that has the leak in a label."""
    leaking = FastAPI()
    leaking.include_router(health.router)
    labels = ("GET", leak, "200")
    HTTP_REQUESTS.labels(*labels).inc()
    try:
        return await _asked(leaking, "/metrics")
    finally:
        HTTP_REQUESTS.remove(*labels)


async def _refused(leak: str) -> bytes:
    """What a service answers whose refusal repeats the leak."""
    leaking = FastAPI()
    problems.install(leaking)

    @leaking.get("/")
    async def refuse() -> None:
        raise NotFound(leak)

    return await _asked(leaking, "/")


async def _asked(app: FastAPI, path: str) -> bytes:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://leaking") as client:
        return (await client.get(path)).content


def _traced(traces: Collector, leak: bytes) -> None:
    """One span more, by the exporter that the services use."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{traces.address}/v1/traces")))
    with provider.get_tracer("planted").start_as_current_span("planted", attributes={"leak": leak}):
        pass
    provider.shutdown()


def _databases(uri: str) -> bytes:
    with MongoClient[RawBSONDocument](uri, document_class=RawBSONDocument) as client:
        names = [name for name in client.list_database_names() if name.startswith("pulse")]
        assert {"pulse_tips", "pulse_tips_erasure", "pulse_stats"} <= set(names)
        return b"\n".join(
            document.raw
            for name in names
            for collection in client[name].list_collection_names()
            for document in client[name][collection].find()
        )


def _bytes_of(record: Any) -> bytes:
    headers = (value for _, value in record.headers)
    return b" ".join((record.key or b"", record.value or b"", *headers))


async def _topics(system: System) -> bytes:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=system.set_up.bootstrap_servers, auto_offset_reset="earliest", fetch_max_wait_ms=20
    )
    await consumer.start()
    try:
        topics = sorted(topic for topic in await consumer.topics() if not topic.startswith("__"))
        assert {"tips.v1", "tips.audit.v1", "stats.panes.v1"} <= set(topics)
        consumer.subscribe(topics)
        found: list[bytes] = []
        deadline = time.monotonic() + READ_S  # heartbeats never cease, so that no fetch would be the last
        while time.monotonic() < deadline:
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                found += [_bytes_of(record) for record in batch]
        return b"\n".join(found)
    finally:
        await consumer.stop()
