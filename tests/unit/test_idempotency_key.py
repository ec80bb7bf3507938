"""The Idempotency-Key at the door; what is kept behind it is tested with the store."""

import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI, Response
from starlette.testclient import TestClient

from shared.security import Principal, Role
from shared.store.idempotency import StoredAnswer
from shared.telemetry import metrics
from shared.web import IdempotencyKey, OptionalIdempotencyKey, RequiredIdempotencyKey, answer_once, openapi, problems


class Remembered:
    """Keys in a dictionary, with the interface that a route uses."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], StoredAnswer] = {}

    async def answer_once(
        self, scope: str, key: str, body_digest: bytes, perform: Callable[[], Awaitable[StoredAnswer]]
    ) -> StoredAnswer:
        if (scope, key) not in self.answers:
            self.answers[scope, key] = await perform()
        return self.answers[scope, key]


def client() -> TestClient:
    app = FastAPI()
    problems.install(app)
    remembered: Any = Remembered()
    numbers = iter(range(100))

    @app.post("/v1/tips/{unit}")
    async def submit_tip(unit: str, key: RequiredIdempotencyKey) -> Response:
        async def perform() -> StoredAnswer:
            return StoredAnswer(201, str(next(numbers)).encode(), {"Location": f"/v1/tips/{unit}/1"})

        return await answer_once(remembered, key, perform)

    @app.post("/v1/digest")
    async def digest(key: RequiredIdempotencyKey) -> str:
        return key.digest.hex()

    return TestClient(app)


def test_the_document_tells_the_form_of_a_key_and_where_it_has_to_come() -> None:
    app = FastAPI()
    openapi.install(app)

    @app.post("/required")
    async def required(key: RequiredIdempotencyKey) -> None: ...

    @app.post("/optional")
    async def optional(key: OptionalIdempotencyKey) -> None: ...

    paths = app.openapi()["paths"]
    keys = {path: paths[path]["post"]["parameters"][0] for path in paths}
    assert {path: key["required"] for path, key in keys.items()} == {"/required": True, "/optional": False}
    for key in keys.values():
        assert openapi.REQUIRED not in key["schema"]
        assert re.search(key["schema"]["pattern"], str(uuid4()))
        assert not any(re.search(key["schema"]["pattern"], wrong) for wrong in ("", "a key", "khoá", "k" * 256))


def test_a_repeated_key_gets_the_first_answer() -> None:
    caller = client()
    replays = metrics.IDEMPOTENT_REPLAYS._value.get()

    first = caller.post("/v1/tips/00070", headers={"Idempotency-Key": "a"})
    again = caller.post("/v1/tips/00070", headers={"Idempotency-Key": "a"})
    other = caller.post("/v1/tips/00070", headers={"Idempotency-Key": "b"})

    assert (first.status_code, first.text, first.headers["location"]) == (201, "0", "/v1/tips/00070/1")
    assert (again.status_code, again.text, again.headers["location"]) == (201, "0", "/v1/tips/00070/1")
    assert other.text == "1"
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert metrics.IDEMPOTENT_REPLAYS._value.get() == replays + 1


@pytest.mark.parametrize("key", [None, b"", b"a b", b"x" * 256, "chị".encode(), b"tab\tbed"])
def test_a_missing_or_unusable_key_is_refused(key: bytes | None) -> None:
    headers = {} if key is None else {b"Idempotency-Key": key}

    response = client().post("/v1/tips/00070", headers=headers)

    assert response.status_code == 400
    assert response.json()["code"] == "idempotency-key-missing"


def test_the_digest_tells_every_part_of_a_request_apart() -> None:
    caller = client()
    headers = {"Idempotency-Key": "a"}

    digests = [
        caller.post("/v1/digest", headers=headers).json(),
        caller.post("/v1/digest", headers=headers, content=b"{}").json(),
        caller.post("/v1/digest?x=1", headers=headers, content=b"{}").json(),
        caller.post("/v1/digest", headers=headers, content=b"x=1{}").json(),
    ]

    assert len(set(digests)) == 4
    assert caller.post("/v1/digest", headers=headers, content=b"{}").json() == digests[1]


def test_a_key_belongs_to_its_caller_and_is_never_printed() -> None:
    key = IdempotencyKey("POST /v1/tips", "secret-key", b"digest")

    own = key.of(Principal("officer-7", Role.COMMUNE_OFFICER, frozenset({"00070"})))

    assert own.scope == "POST /v1/tips officer-7"
    assert own.value == key.value
    assert "secret-key" not in repr(own)
