"""Speaks to the services as any client does; owns patience and tokens, knows no kind of record."""

import asyncio
from collections.abc import Callable, Mapping
from random import Random
from types import TracebackType
from typing import Any, Final, Self

import httpx
import orjson
import structlog

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 20.0
TIMEOUT: Final = httpx.Timeout(120.0, connect=5.0)  # a batch of 2,000 records waits its turn on a busy machine
_ASK_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_IN_PROGRESS: Final = "idempotency-in-progress"

log = structlog.get_logger(__name__)


class Refused(Exception):
    """A service will not do what was asked; asking again changes nothing."""

    def __init__(self, status: int, problem: Any) -> None:
        super().__init__(f"{status}: {problem}")
        self.status = status
        self.problem = problem


class Services:
    """The services by name. A request waits as long as its service is away."""

    def __init__(
        self,
        urls: Mapping[str, str],
        token: Callable[[], str | None],
        *,
        rng: Random | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self._urls = urls
        self._token = token
        self._rng = rng or Random()
        self._client = httpx.AsyncClient(timeout=TIMEOUT, transport=transport)
        self._away: set[str] = set()
        self._first_pause_s = first_pause_s

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(self, service: str, path: str, **query: str | int) -> Any:
        """The answer as JSON. Raises: Refused."""
        return await self._send(service, "GET", path, None, {}, query, anonymous=False)

    async def post(
        self, service: str, path: str, body: Any = None, *, key: str | None = None, anonymous: bool = False
    ) -> Any:
        """The answer as JSON; under the same key a request is done once, however often it is sent. Raises: Refused."""
        headers = {"content-type": "application/json"} | ({} if key is None else {"idempotency-key": key})
        content = b"{}" if body is None else orjson.dumps(body)
        return await self._send(service, "POST", path, content, headers, {}, anonymous=anonymous)

    async def post_csv(self, service: str, path: str, lines: str) -> Any:
        """The answer to a file of comma-separated values. Raises: Refused."""
        headers = {"content-type": "text/csv; charset=utf-8"}
        return await self._send(service, "POST", path, lines.encode(), headers, {}, anonymous=False)

    async def _send(
        self,
        service: str,
        method: str,
        path: str,
        content: bytes | None,
        headers: dict[str, str],
        query: Mapping[str, str | int],
        *,
        anonymous: bool,
    ) -> Any:
        pause_s = self._first_pause_s
        while True:
            token = None if anonymous else self._token()
            sent = headers if token is None else headers | {"authorization": f"Bearer {token}"}
            try:
                answer = await self._client.request(
                    method, self._urls[service] + path, content=content, headers=sent, params=query
                )
            except httpx.TransportError as error:
                self._is_away(service, type(error).__name__)
            else:
                if answer.is_success:
                    self._is_back(service)
                    return orjson.loads(answer.content) if answer.content else None
                problem = _problem(answer)
                if answer.status_code not in _ASK_AGAIN and _IN_PROGRESS not in str(problem):
                    raise Refused(answer.status_code, problem)
                self._is_away(service, str(answer.status_code))
            await asyncio.sleep(pause_s * (0.5 + self._rng.random()))
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def _is_away(self, service: str, why: str) -> None:
        if service not in self._away:
            self._away.add(service)
            log.info("waiting for a service", waiting_for=service, why=why)

    def _is_back(self, service: str) -> None:
        if service in self._away:
            self._away.discard(service)
            log.info("the service answers again", waited_for=service)


def _problem(answer: httpx.Response) -> Any:
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return answer.text[:200]
