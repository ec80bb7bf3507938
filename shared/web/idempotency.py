"""The Idempotency-Key of a write and the answer given once; keeps nothing itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends, Header, Request, Response

from shared.errors import IdempotencyKeyMissing
from shared.security import Principal
from shared.telemetry import metrics
from shared.web.openapi import REQUIRED

if TYPE_CHECKING:
    from shared.store.idempotency import IdempotencyKeys, StoredAnswer

HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotency-Replayed"
_ACCEPTED: Final = re.compile(r"[!-~]{1,255}")  # visible ASCII
_FORM: Final = {"pattern": f"^{_ACCEPTED.pattern}$"}


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """What tells one attempt of a write from another write; the key itself is a secret and never printed."""

    scope: str
    value: str = field(repr=False)
    digest: bytes = field(repr=False)

    def of(self, caller: Principal) -> IdempotencyKey:
        """The same key among the keys of this caller alone."""
        return replace(self, scope=f"{self.scope} {caller.subject}")


async def _idempotency_key(
    request: Request,
    key: Annotated[
        str | None,
        Header(
            alias=HEADER,
            description="Visible ASCII, up to 255; a UUID is a good choice.",
            json_schema_extra=_FORM | {REQUIRED: True},
        ),
    ] = None,
) -> IdempotencyKey:
    if key is None:
        raise IdempotencyKeyMissing(f"Send the header {HEADER} with a new value for each new request.")
    if not _ACCEPTED.fullmatch(key):
        raise IdempotencyKeyMissing(f"{HEADER} takes 1 to 255 visible ASCII characters without spaces.")
    return IdempotencyKey(f"{request.method} {request.url.path}", key, await request_digest(request))


async def _idempotency_key_if_any(
    request: Request,
    key: Annotated[
        str | None,
        Header(alias=HEADER, description="Visible ASCII, up to 255; may be left out.", json_schema_extra=_FORM),
    ] = None,
) -> IdempotencyKey | None:
    return None if key is None else await _idempotency_key(request, key)


RequiredIdempotencyKey = Annotated[IdempotencyKey, Depends(_idempotency_key)]
"""The parameter of a route that must come with an Idempotency-Key. Raises: IdempotencyKeyMissing."""
OptionalIdempotencyKey = Annotated[IdempotencyKey | None, Depends(_idempotency_key_if_any)]
"""The parameter of a route that honours an Idempotency-Key. Raises: IdempotencyKeyMissing for an unusable one."""


async def request_digest(request: Request) -> bytes:
    """SHA-256 over method, path, query and raw body."""
    digest = hashlib.sha256()
    for part in (request.method.encode(), request.url.path.encode(), request.url.query.encode(), await request.body()):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


async def answer_once(
    keys: IdempotencyKeys, key: IdempotencyKey, perform: Callable[[], Awaitable[StoredAnswer]]
) -> Response:
    """The first answer to this key as an HTTP answer, by `perform` if the key is new.

    `perform` does the work and remembers its answer under the key in the same transaction, so that the two commit
    together or not at all. A replay carries `Idempotency-Replayed: true`.
    Raises: IdempotencyKeyReused; IdempotencyInProgress; what `perform` raises.
    """
    performed = False

    async def perform_noticed() -> StoredAnswer:
        nonlocal performed
        answer = await perform()
        performed = True
        return answer

    answer = await keys.answer_once(key.scope, key.value, key.digest, perform_noticed)
    response = Response(answer.body, answer.status, answer.headers, media_type="application/json")
    if not performed:
        response.headers[REPLAYED_HEADER] = "true"
        metrics.IDEMPOTENT_REPLAYS.inc()
    return response
