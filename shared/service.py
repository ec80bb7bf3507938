"""What a service that owns facts runs on: store, outbox, idempotency keys, relay, journal; owns their life, no rule."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Self

import stamina
import structlog
from fastapi import APIRouter, FastAPI, Request, Response

from shared.clock import Clock, SystemClock
from shared.contracts.topics import Topic
from shared.errors import Unavailable
from shared.outbox.entries import Outbox
from shared.outbox.journal import journal_router
from shared.outbox.relay import Relay
from shared.pausing import at_work
from shared.places import places
from shared.security import Principal
from shared.settings import Settings
from shared.store.client import Store, StoreError, StoreUnavailable
from shared.store.idempotency import IdempotencyKeys
from shared.web import IdempotencyKey, Readiness, create_app
from shared.web.problems import problem_of
from shared.work import Work

STORE_WAIT_S: Final = 60.0  # how long a starting service waits for a store that starts beside it
RELAY_STOP_S: Final = 5.0

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class ServiceRuntime:
    """Everything of a service that its requests share."""

    settings: Settings
    store: Store
    outbox: Outbox
    keys: IdempotencyKeys
    clock: Clock
    readiness: Readiness = field(default_factory=Readiness)
    relaying: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, settings: Settings, *, database: str, topics: Sequence[Topic], clock: Clock | None = None) -> Self:
        """A runtime on the store that the settings name; connects on first use."""
        store = Store.open(settings.mongodb_uri.get_secret_value(), database)
        clock = clock or SystemClock()
        outbox = Outbox(store, clock=clock, topics=topics)
        return cls(settings=settings, store=store, outbox=outbox, keys=IdempotencyKeys(store), clock=clock)

    async def open(self) -> None:
        """Make what the store needs. Raises: StoreError if the store stays away."""
        async for attempt in stamina.retry_context(on=StoreError, attempts=None, timeout=STORE_WAIT_S):
            with attempt:
                await self.outbox.open()
                await self.keys.open()

    def work(self, caller: Principal, key: IdempotencyKey | None) -> Work:
        """The work of one request; its idempotency key is one of this caller alone."""
        own = key.of(caller) if key is not None else None
        return Work(caller=caller, clock=self.clock, outbox=self.outbox, keys=self.keys, key=own)

    @asynccontextmanager
    async def relayed(self) -> AsyncIterator[None]:
        """Publish what is committed for as long as the block lasts."""
        relay = Relay(self.store, self.settings, self.outbox.topics, hints=self.outbox.hints, clock=self.clock)
        async with at_work(relay.run, "relay", stop_s=RELAY_STOP_S) as self.relaying:
            self.relaying.add_done_callback(_tell_end)
            yield

    async def store_answers(self) -> str | None:
        try:
            await self.store.ping()
        except StoreError:
            return "the store does not answer"
        return None

    async def relay_runs(self) -> str | None:
        # A broker that is away does not count: intake goes on without it.
        return "the relay has ended" if self.relaying is not None and self.relaying.done() else None


def create_service(
    runtime: ServiceRuntime,
    *,
    service: str,
    title: str,
    description: str,
    routers: Sequence[APIRouter],
    opening: Callable[[ServiceRuntime], Awaitable[Any]],
    relay: bool = True,
    beside: Callable[[Any], AbstractAsyncContextManager[Any]] | None = None,
    body_limits_bytes: Mapping[str, int] | None = None,
) -> FastAPI:
    """The application of a service that owns facts, with its relay in the same process.

    `opening` gives what the service's own routes need, once the store is there; they find it by `parts_of`, and the
    runtime by `runtime_of`. `beside` runs what works between requests, on what `opening` gave. Without `relay` nothing
    is published: another process does that, or a test does not care.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await runtime.open()
        await asyncio.to_thread(places)  # reading the tables takes 0.2 s, which nobody's first request should wait
        app.state.parts = await opening(runtime)
        try:
            async with AsyncExitStack() as running:
                if relay:
                    await running.enter_async_context(runtime.relayed())
                if beside is not None:
                    await running.enter_async_context(beside(app.state.parts))
                yield
        finally:
            runtime.store.close()

    runtime.readiness.add("store", runtime.store_answers)
    runtime.readiness.add("relay", runtime.relay_runs)
    app = create_app(
        service=service,
        title=title,
        description=description,
        settings=runtime.settings,
        lifespan=lifespan,
        routers=(*routers, journal_router(runtime.outbox)),
        readiness=runtime.readiness,
        body_limits_bytes=body_limits_bytes,
    )
    refuse_while_store_is_away(app)
    app.state.runtime = runtime
    return app


def refuse_while_store_is_away(app: FastAPI) -> None:
    """Make a store that does not answer a 503 of the request, not a fault of the service."""
    app.add_exception_handler(StoreUnavailable, _store_is_away)


def runtime_of(request: Request) -> ServiceRuntime:
    """The runtime of the service that answers this request."""
    runtime: ServiceRuntime = request.app.state.runtime
    return runtime


def parts_of(request: Request) -> Any:
    """What the service's `opening` gave."""
    return request.app.state.parts


async def _store_is_away(_: Request, error: Exception) -> Response:
    _log.warning("the store does not answer", error=type(error).__name__)
    return problem_of(Unavailable("The store does not answer at the moment; send the request again."))


def _tell_end(relaying: "asyncio.Task[None]") -> None:
    if not relaying.cancelled() and (error := relaying.exception()) is not None:
        _log.error("the relay ended and nothing is published any more", reason=_sentence(error))


def _sentence(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)
