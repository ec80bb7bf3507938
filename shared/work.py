"""One writing request as a unit of work: change, events and remembered answer commit together; knows no rule."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from fastapi import Response
from pydantic import BaseModel

from shared.aggregate import Aggregate
from shared.clock import Clock
from shared.contracts.base import Event
from shared.outbox.entries import Outbox, Position, latest
from shared.security import Principal
from shared.store.client import Session
from shared.store.idempotency import IdempotencyKeys, StoredAnswer
from shared.telemetry.correlation import correlation_id
from shared.web import IdempotencyKey, answer_once, positions_header

T = TypeVar("T")

Write = Callable[[Session], Awaitable[None]]
"""One write within a transaction; it may run several times."""
Render = Callable[[Any], StoredAnswer]
"""How the outcome of a request is told."""


@dataclass(slots=True)
class Work:
    """What one request changes on behalf of its caller, all at once or not at all."""

    caller: Principal
    clock: Clock
    outbox: Outbox
    keys: IdempotencyKeys
    key: IdempotencyKey | None
    _render: Render | None = None
    _answer: StoredAnswer | None = None

    async def commit(self, outcome: object, events: Sequence[Event], *writes: Write) -> None:
        """Commit the writes, the events and, under the idempotency key, the answer that tells the outcome."""

        async def remember(session: Session, positions: list[Position]) -> None:
            if self._render is None:
                return
            told = self._render(outcome)
            stands = positions_header(latest(positions)) if positions else {}
            self._answer = replace(told, headers={**told.headers, **stands})
            if self.key is not None:
                await self.keys.remember(session, self.key.scope, self.key.value, self.key.digest, self._answer)

        await self.outbox.commit(correlated(events), together(writes), then=remember)

    def aside(self) -> "Work":
        """Work of the same caller that belongs to the request and whose outcome is not its answer."""
        return Work(self.caller, self.clock, self.outbox, self.keys, key=None)

    async def answer(self, perform: Callable[[], Awaitable[T]], render: Render) -> Response:
        """The answer to the request: the first one if its key was used before, else that of `perform`.

        Raises: IdempotencyKeyReused; IdempotencyInProgress; what `perform` raises.
        """
        self._render = render

        async def performed() -> StoredAnswer:
            outcome = await perform()
            return self._answer or render(outcome)

        if self.key is not None:
            return await answer_once(self.keys, self.key, performed)
        answer = await performed()
        return Response(answer.body, answer.status, answer.headers, media_type="application/json")


def together(writes: Sequence[Write]) -> Write:
    """One write that does all of these, in their order."""

    async def write(session: Session) -> None:
        for each in writes:
            await each(session)

    return write


def correlated(events: Sequence[Event]) -> list[Event]:
    """The events with the correlation id of the work in hand.

    Events that are told coarsely go without: by the id, the log would give away the exact time.
    """
    current = correlation_id()
    return [event if event.recorded_step_s else event.model_copy(update={"correlationid": current}) for event in events]


def created(view: type[BaseModel], collection_path: str) -> Render:
    """201 with the aggregate's view and where to find it."""

    def render(aggregate: Aggregate) -> StoredAnswer:
        return StoredAnswer(201, _body(view, aggregate), {"location": f"{collection_path}/{aggregate.id}"})

    return render


def changed(view: type[BaseModel]) -> Render:
    """200 with the aggregate's view."""

    def render(aggregate: Aggregate) -> StoredAnswer:
        return StoredAnswer(200, _body(view, aggregate))

    return render


def _body(view: type[BaseModel], aggregate: Aggregate) -> bytes:
    return view.model_validate(aggregate, from_attributes=True).model_dump_json().encode()
