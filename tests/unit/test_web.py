"""What every service answers to bad input, and what surrounds every answer."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, Field, TypeAdapter
from starlette.testclient import TestClient

from shared.errors import ConcurrentChange, InvalidInput, NotFound
from shared.security import Authenticator, Principal, Role, require
from shared.settings import Settings
from shared.testing.tokens import TokenMint
from shared.web import Limit, PastTime, Readiness, Request, create_app

THING = {"seen_at": "2026-01-31T08:30:00+07:00", "count": 1}


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Part(Request):
    name: str
    weight_kg: float = 1.0


class Round(Request):
    shape: Literal["round"]
    radius: int


class Square(Request):
    shape: Literal["square"]
    side: int


class Thing(Request):
    seen_at: PastTime
    count: int
    colour: Colour = Colour.RED
    day: date | None = None
    ident: UUID | None = None
    sure: bool = True
    parts: tuple[Part, ...] = ()
    tags: frozenset[str] = frozenset()
    form: Annotated[Round | Square, Field(discriminator="shape")] | None = None
    details: dict[str, Any] | None = None


router = APIRouter(prefix="/v1", tags=["things"])


@router.post("/things", status_code=201)
async def make_thing(body: Thing) -> dict[str, Any]:
    return body.model_dump(mode="json")


@router.post("/imports")
async def import_things(body: dict[str, Any]) -> int:
    return len(body)


@router.get("/things/{thing_id}")
async def find_thing(thing_id: str, limit: Limit = 10) -> dict[str, Any]:
    match thing_id:
        case "absent":
            raise NotFound("There is no such thing.")
        case "changed":
            raise ConcurrentChange("Somebody was faster.", version=7)
        case "unit":
            raise InvalidInput.of("unit", "00004 was split", candidates=["00004", "00008"])
        case "broken":
            raise RuntimeError("the caller said: 0912345678")
    return {"limit": limit}


@router.get("/stream")
async def stream() -> StreamingResponse:
    async def frames() -> AsyncIterator[str]:
        yield "data: 1\n\n"

    return StreamingResponse(frames(), media_type="text/event-stream")


@router.get("/figures")
async def figures(caller: Annotated[Principal, require(Role.CITY_OPERATOR, Role.AUDITOR, local_reader=True)]) -> str:
    return caller.subject


@router.post("/figures")
async def change_figures(caller: Annotated[Principal, require(Role.CITY_OPERATOR, local_reader=True)]) -> str:
    return caller.subject


@asynccontextmanager
async def nothing_to_open(_app: FastAPI) -> AsyncIterator[None]:
    yield


@pytest.fixture
def mint(tmp_path: Path) -> TokenMint:
    return TokenMint(tmp_path)


def application(mint: TokenMint, readiness: Readiness | None = None, *, local_reader: bool = False) -> FastAPI:
    settings = Settings(jwt_public_key_file=mint.public_key_file)
    return create_app(
        service="things",
        title="Things",
        description="Things for tests.",
        settings=settings,
        lifespan=nothing_to_open,
        routers=[router],
        readiness=readiness or Readiness(),
        authenticator=Authenticator(settings, local_reader=local_reader),
        body_limits_bytes={"/v1/imports": 8_000_000},
    )


@pytest.fixture
def client(mint: TokenMint) -> Iterator[TestClient]:
    with TestClient(application(mint), raise_server_exceptions=False) as client:
        yield client


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"] == f"urn:commune-pulse:problem:{code}"
    assert (body["status"], body["code"]) == (status, code)
    assert body["title"]
    assert body["detail"]
    assert body["correlation_id"] == response.headers["X-Correlation-Id"]
    return body


def test_good_input_is_taken_as_it_is(client: TestClient) -> None:
    thing = {
        **THING,
        "colour": "blue",
        "day": "2026-01-31",
        "ident": "018f2f3e-0000-7000-8000-000000000000",
        "parts": [{"name": "Hoà Lạc", "weight_kg": 2}],
        "tags": ["a"],
        "form": {"shape": "round", "radius": 3},
        "details": {"depth": [1, 2.5, None]},
    }

    response = client.post("/v1/things", json=thing)

    assert response.status_code == 201, response.text
    assert response.json() == {**thing, "sure": True, "parts": [{"name": "Hoà Lạc", "weight_kg": 2.0}]}


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"colr": "red"}, "colr", "is not a known field"),
        ({"parts": [{"name": "x", "size": 1}]}, "parts[0].size", "is not a known field"),
        ({"form": {"shape": "round", "radius": 1, "side": 2}}, "form.round.side", "is not a known field"),
        ({"count": "1"}, "count", "must be a valid integer"),
        ({"count": 1.0}, "count", "must be a valid integer"),
        ({"count": True}, "count", "must be a valid integer"),
        ({"count": None}, "count", "must be a valid integer"),
        ({"sure": "yes"}, "sure", "must be a valid boolean"),
        ({"sure": 1}, "sure", "must be a valid boolean"),
        ({"parts": [{"name": 5}]}, "parts[0].name", "must be a valid string"),
        ({"parts": [{"name": "x", "weight_kg": "2"}]}, "parts[0].weight_kg", "must be a valid number"),
        ({"parts": [{}]}, "parts[0].name", "is required"),
        ({"parts": {"name": "x"}}, "parts", "must be a list"),
        ({"form": {"shape": "round", "radius": "3"}}, "form.round.radius", "must be a valid integer"),
        ({"colour": "green"}, "colour", "must be 'red' or 'blue'"),
        ({"ident": "7"}, "ident", "must be a valid UUID"),
        ({"day": "2026-01-31T00:00:00"}, "day", "must be a day such as 2026-01-31"),
        ({"day": 20000}, "day", "must be a day such as 2026-01-31"),
        ({"seen_at": 1700000000}, "seen_at", "must be a time such as 2026-01-31T08:30:00+07:00"),
        ({"seen_at": "1700000000"}, "seen_at", "must be a time such as 2026-01-31T08:30:00+07:00"),
        ({"seen_at": "2026-01-31"}, "seen_at", "must be a time such as 2026-01-31T08:30:00+07:00"),
        ({"seen_at": "2026-01-31T08:30:00"}, "seen_at", "must carry its offset, such as +07:00"),
        ({"seen_at": "1999-12-31T23:59:59Z"}, "seen_at", "must not be before 2000-01-01"),
        ({"seen_at": "2999-01-01T00:00:00Z"}, "seen_at", "must not be in the future"),
    ],
)
def test_bad_input_is_refused_with_field_and_reason(
    client: TestClient, change: dict[str, Any], field: str, reason: str
) -> None:
    response = client.post("/v1/things", json={**THING, **change})

    body = problem(response, 422, "invalid-input")
    assert [error["field"] for error in body["errors"]] == [field]
    assert body["errors"][0]["reason"].startswith(reason)
    assert field in body["detail"]


def test_clocks_may_differ_by_a_minute_but_not_more(client: TestClient) -> None:
    now = datetime.now(UTC)

    within = client.post("/v1/things", json={**THING, "seen_at": (now + timedelta(seconds=50)).isoformat()})
    beyond = client.post("/v1/things", json={**THING, "seen_at": (now + timedelta(seconds=70)).isoformat()})

    assert within.status_code == 201
    assert problem(beyond, 422, "invalid-input")["errors"][0]["reason"] == "must not be in the future"


def test_a_refusal_never_repeats_what_was_sent(client: TestClient) -> None:
    response = client.post("/v1/things", json={**THING, "count": "0912345678", "colour": "Nguyễn Văn A"})

    problem(response, 422, "invalid-input")
    assert "0912345678" not in response.text
    assert "Nguyễn" not in response.text


@pytest.mark.parametrize("body", [[], "text", 5, None])
def test_a_body_must_be_an_object(client: TestClient, body: Any) -> None:
    response = client.post("/v1/things", json=body)

    assert problem(response, 422, "invalid-input")["errors"][0]["field"] == "body"


def test_a_body_is_required(client: TestClient) -> None:
    assert problem(client.post("/v1/things"), 422, "invalid-input")["errors"] == [
        {"field": "body", "reason": "is required"}
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'count': 1}",
        b'{"count": NaN}',
        b'{"details": {"depth": Infinity}}',
        b'{"count": 1} trailing',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b"[" * 100_000,
    ],
)
def test_what_is_not_json_is_told_so(client: TestClient, body: bytes) -> None:
    response = client.post("/v1/things", content=body, headers={"Content-Type": "application/json"})

    problem(response, 400, "invalid-json")


def test_numbers_beyond_reason_do_no_harm(client: TestClient) -> None:
    body = b'{"seen_at": "2026-01-01T00:00:00Z", "count": ' + b"9" * 5000 + b"}"

    response = client.post("/v1/things", content=body, headers={"Content-Type": "application/json"})

    assert response.status_code in (400, 422)


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-json5"}])
def test_a_body_of_another_kind_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    response = client.post("/v1/things", content=b'{"count": 1}', headers=headers)

    problem(response, 415, "unsupported-media-type")


def chunks(total: int) -> Iterator[bytes]:
    for _ in range(total // 100_000):
        yield b" " * 100_000


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "announced"])
def test_a_body_over_the_limit_is_refused(client: TestClient, streamed: bool) -> None:
    content = chunks(1_100_000) if streamed else b" " * 1_000_001

    response = client.post("/v1/things", content=content, headers={"Content-Type": "application/json"})

    assert problem(response, 413, "body-too-large")["limit_bytes"] == 1_000_000


def test_a_path_may_have_a_limit_of_its_own(client: TestClient) -> None:
    within = client.post("/v1/imports", json={"x": "y" * 7_000_000})
    beyond = client.post("/v1/imports", json={"x": "y" * 8_000_000})

    assert within.json() == 1
    assert problem(beyond, 413, "body-too-large")["limit_bytes"] == 8_000_000


@pytest.mark.parametrize(("limit", "reason"), [("0", "must be greater"), ("501", "must be less"), ("x", "must be a")])
def test_a_bad_parameter_is_refused_with_its_name(client: TestClient, limit: str, reason: str) -> None:
    response = client.get("/v1/things/1", params={"limit": limit})

    (error,) = problem(response, 422, "invalid-input")["errors"]
    assert error["field"] == "limit"
    assert error["reason"].startswith(reason)


def test_broken_rules_are_problems(client: TestClient) -> None:
    problem(client.get("/v1/things/absent"), 404, "not-found")
    assert problem(client.get("/v1/things/changed"), 409, "concurrent-change")["version"] == 7
    refused = problem(client.get("/v1/things/unit"), 422, "invalid-input")
    assert refused["candidates"] == ["00004", "00008"]
    assert refused["errors"] == [{"field": "unit", "reason": "00004 was split"}]


def test_unknown_paths_and_methods_are_problems(client: TestClient) -> None:
    problem(client.get("/nowhere"), 404, "not-found")
    refused = client.delete("/v1/things/1")
    problem(refused, 405, "method-not-allowed")
    assert refused.headers["allow"] == "GET"
    assert client.delete("/v1/figures").headers["allow"] == "GET, POST"  # two routes of one path


def test_the_unforeseen_says_nothing_of_its_cause(client: TestClient) -> None:
    response = client.get("/v1/things/broken")

    problem(response, 500, "internal-error")
    assert "0912345678" not in response.text


def test_a_missing_or_bad_token_is_401_and_a_wrong_role_403(client: TestClient, mint: TokenMint) -> None:
    missing = client.get("/v1/figures")
    bad = client.get("/v1/figures", headers={"Authorization": "Bearer nonsense"})
    other_scheme = client.get("/v1/figures", headers={"Authorization": "Basic eDp5"})
    wrong_role = client.get("/v1/figures", headers=mint.headers(Role.TEAM_LEADER, "00070"))

    for refused in (missing, bad, other_scheme):
        problem(refused, 401, "unauthorised")
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert "auditor or city_operator" in problem(wrong_role, 403, "forbidden")["detail"]


def test_a_fitting_role_is_let_in(client: TestClient, mint: TokenMint) -> None:
    response = client.get("/v1/figures", headers=mint.headers(Role.AUDITOR, "*", subject="auditor-1"))

    assert response.json() == "auditor-1"


def test_local_readers_read_where_the_set_up_allows_and_change_nothing(mint: TokenMint) -> None:
    client = TestClient(application(mint, local_reader=True))

    assert client.get("/v1/figures").json() == "local-reader"
    problem(client.post("/v1/figures"), 401, "unauthorised")
    problem(client.get("/v1/figures", headers={"Authorization": "Bearer nonsense"}), 401, "unauthorised")


@pytest.mark.parametrize("offered", ["abc-123", "A.b_C-9" * 9])
def test_a_harmless_correlation_id_of_whoever_shows_a_token_is_kept(
    client: TestClient, mint: TokenMint, offered: str
) -> None:
    token = mint.headers(Role.AUDITOR, "*")

    known = client.get("/v1/things/1", headers={**token, "X-Correlation-Id": offered})
    anyone = client.get("/v1/things/1", headers={"X-Correlation-Id": offered})

    assert known.headers["X-Correlation-Id"] == offered
    assert UUID(anyone.headers["X-Correlation-Id"]).version == 7


@pytest.mark.parametrize("offered", [None, "", "a b", "x" * 65, '"}\\n{', "chị Hoa"])
def test_any_other_correlation_id_is_replaced(client: TestClient, mint: TokenMint, offered: str | None) -> None:
    told = {} if offered is None else {b"X-Correlation-Id": offered.encode()}
    headers = {name.encode(): value.encode() for name, value in mint.headers(Role.AUDITOR, "*").items()} | told

    given = client.get("/v1/things/1", headers=headers).headers["X-Correlation-Id"]

    assert UUID(given).version == 7


def test_answers_are_not_to_be_framed_sniffed_or_shared(client: TestClient) -> None:
    for path in ("/v1/things/1", "/nowhere", "/v1/things/broken"):
        headers = client.get(path, headers={"Origin": "https://elsewhere.example"}).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert "access-control-allow-origin" not in headers
        assert "set-cookie" not in headers


def test_metrics_name_routes_and_fold_what_matches_none(client: TestClient) -> None:
    client.get("/v1/things/0912345678")
    client.get("/secret-0912345678")
    client.request("BREW", "/v1/things/1")
    client.get("/v1/stream")

    text = client.get("/metrics").text

    assert 'pulse_http_requests_total{method="GET",route="/v1/things/{thing_id}",status="200"}' in text
    assert 'pulse_http_requests_total{method="GET",route="unmatched",status="404"}' in text
    assert 'method="other"' in text
    assert 'pulse_http_request_seconds_count{method="GET",route="/v1/things/{thing_id}"}' in text
    assert 'pulse_http_request_seconds_count{method="GET",route="/v1/stream"}' not in text
    assert "0912345678" not in text


async def fine() -> str | None:
    return None


async def no_broker() -> str | None:
    return "the broker does not answer"


async def bursting() -> str | None:
    raise RuntimeError("mongodb://somebody:hidden@store")


def test_ready_is_what_all_checks_say(mint: TokenMint) -> None:
    readiness = Readiness()
    client = TestClient(application(mint, readiness))
    readiness.add("store", fine)
    assert client.get("/health/ready").json() == {"status": "ready", "checks": {"store": "ok"}}

    readiness.add("broker", no_broker)
    readiness.add("cache", bursting)
    response = client.get("/health/ready")

    assert response.status_code == 503
    assert response.json() == {
        "status": "not ready",
        "checks": {"store": "ok", "broker": "the broker does not answer", "cache": "check failed"},
    }
    assert client.get("/health/live").status_code == 200


def test_a_stopping_process_is_not_ready_but_lives(mint: TokenMint) -> None:
    readiness = Readiness()
    client = TestClient(application(mint, readiness))

    readiness.stopping.set()

    assert client.get("/health/ready").status_code == 503
    assert client.get("/health/live").status_code == 200


def test_the_api_document_declares_problems_and_security(client: TestClient) -> None:
    document = client.get("/openapi.json").json()

    make = document["paths"]["/v1/things"]["post"]
    assert make["operationId"] == "make_thing"
    assert set(make["responses"]) >= {"201", "400", "413", "415", "422", "default"}
    assert make["responses"]["422"]["content"] == {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
    }
    assert set(document["paths"]["/v1/figures"]["get"]["responses"]) >= {"401", "403"}
    assert document["paths"]["/v1/figures"]["get"]["security"] == [{"bearer": []}]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert all(path.startswith("/v1/") for path in document["paths"])


def test_the_api_document_has_an_entity_tag(client: TestClient) -> None:
    first = client.get("/openapi.json")

    again = client.get("/openapi.json", headers={"If-None-Match": first.headers["etag"]})

    assert again.status_code == 304
    assert again.content == b""


def test_the_reference_page_asks_no_other_server(client: TestClient) -> None:
    page = client.get("/docs")

    assert page.status_code == 200
    assert "//" not in page.text.replace("<!doctype html>", "")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png", "start.js"):
        assert client.get(f"/docs/{asset}").status_code == 200
    problem(client.get("/docs/LICENSE"), 404, "not-found")


def test_a_form_of_input_is_checked_once_however_often_it_is_asked_for() -> None:
    class Timed(Request):
        at: AwareDatetime | None = None

    def layers() -> int:
        return str(Timed.__pydantic_core_schema__).count("function-before")

    before = layers()
    for _ in range(3):
        TypeAdapter(list[Timed])

    assert layers() == before == 1
