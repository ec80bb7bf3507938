"""What surrounds every request: correlation, limits, measurement; must not know routes or read a caller's address."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

import orjson
import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import BodyTooLarge, DomainError, InvalidJson
from shared.telemetry import metrics
from shared.telemetry.correlation import HEADER, accepted_correlation_id, correlated
from shared.telemetry.logs import discreet
from shared.web.problems import internal_error, is_json, problem_of

DEFAULT_BODY_LIMIT_BYTES: Final = 1_000_000
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET: Final = frozenset({"/metrics", "/health/live", "/health/ready"})  # probes would drown the log

_log = structlog.get_logger(__name__)


class Surroundings:
    """Gives each request its correlation id, security headers, metrics, one log line and a last answer."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = dict(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        # Whoever comes without a token may be a reporter, whom an id of their own would let one know again.
        given = accepted_correlation_id(headers.get(HEADER) if "authorization" in headers else None)
        with correlated(given), discreet(), metrics.HTTP_REQUESTS_IN_PROGRESS.track_inprogress():
            await self._observe(scope, receive, send, given)

    async def _observe(self, scope: Scope, receive: Receive, send: Send, correlation_id: str) -> None:
        started = time.perf_counter()
        status = 0
        stream = False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, stream
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                stream = headers.get("content-type", "").startswith("text/event-stream")
                headers[HEADER] = correlation_id
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            status = status or 499
        except Exception:
            _log.exception("request failed")
            if status == 0:
                await internal_error()(scope, receive, send_with_headers)
        finally:
            _record(scope, status, time.perf_counter() - started, stream=stream)


def _record(scope: Scope, status: int, elapsed_s: float, *, stream: bool) -> None:
    """Measure and log one request by its route template: a path may hold a receipt or a name."""
    method = scope["method"] if scope["method"] in _METHODS else "other"
    route = route_template(scope)
    metrics.HTTP_REQUESTS.labels(method, route, str(status)).inc()
    if not stream:
        metrics.HTTP_REQUEST_SECONDS.labels(method, route).observe(elapsed_s)
    if route not in _QUIET:
        _log.info("request", method=method, route=route, status=status, duration_ms=round(elapsed_s * 1000, 1))


def route_template(scope: Scope) -> str:
    """The route's own path, such as `/v1/tips/{tip_id}`; whatever matched nothing is one and the same."""
    template = getattr(scope.get("route"), "path", None)
    return template if isinstance(template, str) and template else "unmatched"


class BodyGate:
    """Lets in bodies up to a limit, and JSON only if it is JSON, before any route sees them."""

    def __init__(self, app: ASGIApp, limits: Mapping[str, int]) -> None:
        self._app = app
        # The longest prefix decides.
        self._limits = sorted(limits.items(), key=lambda item: len(item[0]), reverse=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if "content-length" not in headers and "transfer-encoding" not in headers:
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read(scope, headers, receive)
        except DomainError as refusal:
            await problem_of(refusal)(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)

    async def _read(self, scope: Scope, headers: Headers, receive: Receive) -> bytes:
        limit = self._limit_of(scope)
        told = headers.get("content-length", "0")
        if told.isdecimal() and int(told) > limit:
            raise _too_large(limit)
        chunks: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            chunks.append(chunk)
            more = message.get("more_body", False)
        body = b"".join(chunks)
        if body and is_json(headers.get("content-type", "")):
            _require_json(body)
        return body

    def _limit_of(self, scope: Scope) -> int:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        return next((limit for prefix, limit in self._limits if path.startswith(prefix)), DEFAULT_BODY_LIMIT_BYTES)


def _require_json(body: bytes) -> None:
    """Refuse what the standard library would let through as well: NaN, lone surrogates, bottomless nesting."""
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidJson(f"Not valid JSON at line {error.lineno}, column {error.colno}.") from None


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"This path takes bodies of up to {limit:,} bytes.", limit_bytes=limit)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Hand on a body that was read already, then whatever the client does next."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed
