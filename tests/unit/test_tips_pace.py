"""Neither the time nor the length of an answer tells what was found."""

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, field_serializer
from starlette.types import Message

from services.tips import pace
from services.tips.commands import AskStatus
from services.tips.domain import TipStatus
from services.tips.pace import LEAST_BYTES, STEP_S, SteadyRoute, filled_up
from services.tips.routes import ROUTERS
from services.tips.schemas import TipStatusView
from shared.errors import DomainError
from shared.web import problems
from tests.support.virtual_time import LOOK_S, run, work
from tests.support.welch import TELLS, welch_t

WORKS_S: Final = (0.004, 0.0043, 0.0047, 0.0109)
SAME_S: Final = 2 * LOOK_S

GIVE_RECEIPTS_OUT: Final = {"submit_tip", "send_report_form"}
"""What has to do with receipts, but is asked with none: there is nothing to be found."""


# -- the block


async def answered(work_s: float) -> float:
    began = asyncio.get_running_loop().time()
    async with pace.steady():
        work(work_s)
    return asyncio.get_running_loop().time() - began


def times() -> list[float]:
    return [run(answered(work_s)) for work_s in WORKS_S]


def apart(times: list[float]) -> float:
    return max(times) - min(times)


def test_work_of_different_length_is_answered_at_the_same_pace() -> None:
    assert apart(times()) < SAME_S
    assert min(times()) >= STEP_S


def test_without_the_pace_the_same_test_tells_the_two_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "STEP_S", 1e-6)

    assert apart(times()) > SAME_S


def test_asleep_to_the_end_the_same_test_tells_them_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "AWAKE_S", 0.0)

    assert apart(times()) > SAME_S


def test_longer_work_is_answered_at_the_next_step() -> None:
    assert 2 * STEP_S <= run(answered(1.2 * STEP_S)) < 2 * STEP_S + SAME_S


def test_a_refusal_keeps_the_pace_too() -> None:
    async def refused() -> float:
        with pytest.raises(ValueError, match="refused"):
            async with pace.steady():
                raise ValueError("refused")
        return asyncio.get_running_loop().time()

    assert run(refused()) >= STEP_S


def test_a_planted_difference_is_told() -> None:
    times = [0.05 + 0.0001 * (number % 7) for number in range(2_000)]

    assert abs(welch_t(times, times)) < TELLS
    assert abs(welch_t([each + 50e-6 for each in times], times)) > TELLS


# -- the route


class Found(BaseModel):
    """An answer that takes long to make where something was found."""

    found: bool

    @field_serializer("found")
    def slowly(self, found: bool) -> bool:
        work(0.0033 if found else 0.0)
        return found


class Refused(DomainError):
    """A refusal that takes long to tell."""

    status = 409


async def _refuse(*_: Any) -> Any:
    work(0.0033)
    return problems.problem_of(Refused("found"))


async def _opened() -> AsyncIterator[None]:
    yield
    work(0.0021)


async def look(found: bool) -> Found:
    return Found(found=found)


async def look_steadily(found: bool) -> Found:
    async with pace.steady():
        return Found(found=found)


async def look_and_close(found: bool, _: None = Depends(_opened)) -> Found:
    return Found(found=found)


async def refuse(found: bool) -> Found:
    if found:
        raise Refused("found")
    return Found(found=False)


async def fail(found: bool) -> Found:
    if found:
        raise RuntimeError("nobody foresaw this")
    return Found(found=False)


async def asked(endpoint: Any, route_class: type[APIRoute], *, found: bool) -> tuple[float, list[Message]]:
    """When the answer began to go out, or the fault came out, and what went out."""
    router = APIRouter(route_class=route_class)
    router.get("/look", response_model=Found)(endpoint)
    app = FastAPI()
    app.add_exception_handler(Refused, _refuse)
    app.include_router(router)
    out: list[tuple[float, Message]] = []
    loop = asyncio.get_running_loop()
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/look",
        "query_string": f"found={found}".encode(),
        "headers": [],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        out.append((loop.time(), message))

    began = loop.time()
    try:
        await app(scope, receive, send)
    except RuntimeError:
        return loop.time() - began, []
    return out[0][0] - began, [message for _, message in out]


def told_apart(endpoint: Any, route_class: type[APIRoute]) -> float:
    return apart([run(asked(endpoint, route_class, found=found))[0] for found in (True, False)])


@pytest.mark.parametrize("endpoint", [look, look_and_close, refuse, fail])
def test_nothing_that_depends_on_what_was_found_is_done_after_the_step(endpoint: Any) -> None:
    assert told_apart(endpoint, SteadyRoute) < SAME_S


@pytest.mark.parametrize(
    ("endpoint", "route_class"), [(look_steadily, APIRoute), (look, APIRoute), (look_and_close, APIRoute)]
)
def test_paced_within_the_endpoint_or_not_at_all_the_same_test_tells_them_apart(
    endpoint: Any, route_class: type[APIRoute]
) -> None:
    assert told_apart(endpoint, route_class) > SAME_S


def test_an_answer_goes_out_whole_and_filled_up() -> None:
    _, (start, body) = run(asked(look, SteadyRoute, found=True))

    assert (start["type"], start["status"], body["type"]) == ("http.response.start", 200, "http.response.body")
    assert json.loads(body["body"]) == {"found": True}
    assert (dict(start["headers"])[b"content-length"], len(body["body"])) == (b"512", LEAST_BYTES)


# -- the length


def answer(*pieces: bytes) -> list[Message]:
    length = str(sum(len(piece) for piece in pieces)).encode()
    return [
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", length), (b"x", b"y")]},
        *({"type": "http.response.body", "body": piece, "more_body": True} for piece in pieces),
    ]


@given(st.lists(st.binary(max_size=900), max_size=4))
def test_an_answer_is_filled_up_to_a_power_of_two_and_nothing_of_it_is_lost(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)

    filled = filled_up(answer(*pieces))

    if not whole:
        assert filled == answer(*pieces)
        return
    start, body = filled
    size = len(body["body"])
    assert dict(start["headers"]) == {b"content-length": str(size).encode(), b"x": b"y"}
    assert (size & (size - 1), body.get("more_body", False)) == (0, False)
    assert LEAST_BYTES <= size <= max(LEAST_BYTES, 2 * len(whole))
    assert (body["body"][: len(whole)], body["body"][len(whole) :].strip(b" ")) == (whole, b"")


def test_how_things_stand_is_told_at_one_length_known_or_not() -> None:
    told = [TipStatusView(status=status).model_dump_json().encode() for status in (*TipStatus, "unknown")]

    assert len({len(each) for each in told}) > 1
    assert {len(filled_up(answer(each))[1]["body"]) for each in told} == {LEAST_BYTES}


# -- which routes


def unsteady(routers: tuple[APIRouter, ...]) -> Iterator[str]:
    """Routes that are asked with a receipt and do not keep the pace, by the names of their endpoints."""
    for route in (route for router in routers for route in router.routes if isinstance(route, APIRoute)):
        takes = "receipt" in route.path or "receipt" in inspect.getsource(route.endpoint).lower()
        takes |= any("receipt" in getattr(one.field_info.annotation, "model_fields", {}) for one in _bodies(route))
        if takes and route.endpoint.__name__ not in GIVE_RECEIPTS_OUT and not isinstance(route, SteadyRoute):
            yield route.endpoint.__name__


def _bodies(route: APIRoute) -> list[Any]:
    return route.dependant.body_params


def test_every_route_that_is_asked_with_a_receipt_keeps_the_pace() -> None:
    assert list(unsteady(ROUTERS)) == []
    steady = {each.endpoint.__name__ for router in ROUTERS for each in router.routes if isinstance(each, SteadyRoute)}
    assert {"ask_status", "read_dialogue", "send_message", "attach_picture"} <= steady
    assert {"open_receipt", "send_message_form", "send_picture_form"} <= steady


def test_a_new_route_without_the_pace_is_noticed() -> None:
    router = APIRouter()

    @router.post("/v1/lookups")
    async def look_up(command: AskStatus) -> None: ...

    @router.get("/v1/receipts/newest")
    async def newest() -> None: ...

    assert list(unsteady((*ROUTERS, router))) == ["look_up", "newest"]
