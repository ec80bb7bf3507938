import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from fastapi import APIRouter, Request
from starlette.testclient import TestClient

from shared.security import Authenticator
from shared.settings import Settings
from shared.telemetry.correlation import correlated, correlation_id
from shared.telemetry.logs import configure_logging, discreet
from shared.web import Readiness, create_app
from tests.unit.test_web import nothing_to_open


@pytest.fixture(autouse=True)
def _logging_put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_line_is_json_with_service_and_ids(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("tips")

    with correlated("abc", event_id="e-1"):
        structlog.get_logger("ours").info("tip received", unit="00070", note="Hoà Lạc")
    structlog.get_logger("ours").info("idle")

    inside, outside = lines(capsys)
    assert (
        inside.items()
        >= {
            "event": "tip received",
            "level": "info",
            "logger": "ours",
            "service": "tips",
            "correlation_id": "abc",
            "event_id": "e-1",
            "unit": "00070",
            "note": "Hoà Lạc",
        }.items()
    )
    assert inside["timestamp"].endswith("Z")
    assert "correlation_id" not in outside


def test_libraries_speak_through_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("tips")

    with correlated("abc"):
        logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
        logging.getLogger("aiokafka.consumer").info("chatter")
        logging.getLogger("aiokafka.consumer").warning("Unable to connect")

    told = lines(capsys)
    assert [line["event"] for line in told] == ["Started server process [7]", "Unable to connect"]
    assert told[0].items() >= {"service": "tips", "correlation_id": "abc", "logger": "uvicorn.error"}.items()


def test_the_level_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("tips", "WARNING")

    structlog.get_logger("ours").info("quiet")
    structlog.get_logger("ours").warning("loud")

    assert [line["event"] for line in lines(capsys)] == ["loud"]


def test_fields_that_could_name_a_caller_are_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("tips")

    structlog.get_logger("ours").info(
        "x", client="10.0.0.7", body="text", token="t", url="/v1/tips?who=me", unit="00070"
    )

    (line,) = lines(capsys)
    assert line.keys() == {"event", "unit", "level", "logger", "service", "timestamp"}


def test_an_exception_is_told_by_type_message_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("stats")

    try:
        raise ConnectionError("broker:9092 refuses") from KeyError("x")
    except ConnectionError:
        structlog.get_logger("ours").exception("poll failed")
        logging.getLogger("library").exception("so it did")

    for line in lines(capsys):
        assert line["error"]["type"] == "ConnectionError"
        assert line["error"]["message"] == "broker:9092 refuses"
        assert line["error"]["cause"] == "KeyError"
        assert "test_logs.py" in line["error"]["at"][-1]


def test_a_discreet_exception_keeps_its_message_to_itself(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("tips")

    with discreet():
        try:
            raise ValueError("the caller said: 0912345678")
        except ValueError:
            structlog.get_logger("ours").exception("failed")

    (line,) = lines(capsys)
    assert line["error"]["type"] == "ValueError"
    assert "0912345678" not in json.dumps(line)


def test_a_request_leaves_no_trace_of_its_caller(capsys: pytest.CaptureFixture[str]) -> None:
    router = APIRouter()

    @router.post("/v1/receipts/{receipt}")
    async def look_up(receipt: str, request: Request) -> None:
        raise RuntimeError(f"{receipt} {request.client} {await request.body()!r}")

    settings = Settings()
    app = create_app(
        service="tips",
        title="Tips",
        description="",
        settings=settings,
        lifespan=nothing_to_open,
        routers=[router],
        readiness=Readiness(),
        authenticator=Authenticator(settings, local_reader=True),
    )
    caller = TestClient(app, client=("203.0.113.9", 4711), raise_server_exceptions=False)
    configure_logging("tips")

    response = caller.post(
        "/v1/receipts/ABCDE12345?who=hoa",
        json={"name": "Nguyễn Văn A"},
        headers={
            "User-Agent": "old-phone",
            "X-Forwarded-For": "198.51.100.7",
            "X-Correlation-Id": "an-id-of-their-own",
        },
    )

    text = capsys.readouterr().out
    assert response.status_code == 500
    failed, request = [json.loads(line) for line in text.splitlines()]
    assert failed["error"]["type"] == "RuntimeError"
    assert (
        request.items()
        >= {
            "event": "request",
            "method": "POST",
            "route": "/v1/receipts/{receipt}",
            "status": 500,
            "service": "tips",
        }.items()
    )
    assert failed["correlation_id"] == request["correlation_id"] == response.headers["X-Correlation-Id"]
    for secret in ("their-own-id", "203.0.113.9", "198.51.100.7", "ABCDE12345", "hoa", "Nguyễn", "old-phone"):
        assert secret not in text


def test_the_correlation_id_of_the_work_in_hand_can_be_asked() -> None:
    assert correlation_id() is None
    with correlated("abc"):
        assert correlation_id() == "abc"
    with correlated():
        assert correlation_id()
    assert correlation_id() is None
