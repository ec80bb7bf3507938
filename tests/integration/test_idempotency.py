"""Repeated requests, on a real store."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from shared.errors import ConcurrentChange, IdempotencyInProgress, IdempotencyKeyReused
from shared.store.client import Session, Store
from shared.store.idempotency import IdempotencyKeys, StoredAnswer, body_digest

SCOPE = "POST /v1/tips"
KEY = "5f0c7b8e-6f0d-4b0e-9a55-0d6c1f8d3a11"
BODY = body_digest(b'{"summary":"noise at night"}')
ANSWER = StoredAnswer(201, b'{"receipt":"K7-PQ-11"}', {"Location": "/v1/tips/1"})


@pytest.fixture
async def store(store_uri: str) -> AsyncIterator[Store]:
    store = Store.open(store_uri, f"keys_{uuid4().hex[:12]}")
    yield store
    await store.drop()
    store.close()


@pytest.fixture
async def keys(store: Store) -> IdempotencyKeys:
    keys = IdempotencyKeys(store)
    await keys.open()
    return keys


async def test_a_repeated_request_gets_the_first_answer(store: Store, keys: IdempotencyKeys) -> None:
    assert await keys.lookup(SCOPE, KEY, BODY) is None

    await store.transaction(lambda session: keys.remember(session, SCOPE, KEY, BODY, ANSWER))

    assert await keys.lookup(SCOPE, KEY, BODY) == ANSWER
    assert await keys.lookup("POST /v1/patrols", KEY, BODY) is None


async def test_a_key_cannot_stand_for_two_requests(store: Store, keys: IdempotencyKeys) -> None:
    await store.transaction(lambda session: keys.remember(session, SCOPE, KEY, BODY, ANSWER))

    with pytest.raises(IdempotencyKeyReused):
        await keys.lookup(SCOPE, KEY, body_digest(b"{}"))


async def test_twins_at_the_same_moment_do_the_work_once(store: Store, keys: IdempotencyKeys) -> None:
    async def perform() -> StoredAnswer:
        answer = StoredAnswer(201, uuid4().bytes)

        async def work(session: Session) -> None:
            await store.collection("work").insert_one({"_id": uuid4().hex}, session=session)
            await keys.remember(session, SCOPE, KEY, BODY, answer)

        await store.transaction(work)
        return answer

    answers = await asyncio.gather(*(keys.answer_once(SCOPE, KEY, BODY, perform) for _ in range(5)))

    assert len({answer.body for answer in answers}) == 1
    assert await store.collection("work").count_documents({}) == 1


async def test_a_request_that_failed_may_be_sent_again(store: Store, keys: IdempotencyKeys) -> None:
    async def failing(session: Session) -> None:
        await keys.remember(session, SCOPE, KEY, BODY, ANSWER)
        raise LookupError

    with pytest.raises(LookupError):
        await store.transaction(failing)

    assert await keys.lookup(SCOPE, KEY, BODY) is None


async def test_a_commit_that_was_taken_for_lost_is_answered_as_what_it_did(store: Store, keys: IdempotencyKeys) -> None:
    async def perform() -> StoredAnswer:
        await store.transaction(lambda session: keys.remember(session, SCOPE, KEY, BODY, ANSWER))
        raise ConcurrentChange("the second run finds what the first has made")

    assert await keys.answer_once(SCOPE, KEY, BODY, perform) == ANSWER


async def test_a_twin_without_an_answer_yet_is_told_to_wait(keys: IdempotencyKeys) -> None:
    async def perform() -> StoredAnswer:
        raise IdempotencyInProgress("the other one is not done")

    with pytest.raises(IdempotencyInProgress):
        await keys.answer_once(SCOPE, KEY, BODY, perform)


async def test_neither_key_nor_request_nor_answer_is_at_rest_in_clear(store: Store, keys: IdempotencyKeys) -> None:
    await store.transaction(lambda session: keys.remember(session, SCOPE, KEY, BODY, ANSWER))

    (document,) = await store.collection("idempotency_keys").find().to_list(None)

    stored = repr(document).encode()
    for secret in (KEY.encode(), b"receipt", b"K7-PQ-11", repr(BODY)[2:-1].encode(), BODY.hex().encode()):
        assert secret not in stored
