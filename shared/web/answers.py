"""Answers that several services give alike: pages, entity tags, positions; owns their form only."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Final, Generic, TypeVar

import orjson
from fastapi import Query, Response
from pydantic import BaseModel
from starlette.requests import Request

from shared.errors import InvalidInput

POSITION_HEADER: Final = "Pulse-Position"
MAX_PAGE: Final = 500
_CHECK_BYTES: Final = 6

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at most.")]


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` is the cursor of the following one, null at the end."""

    items: list[T]
    next: str | None = None


def positions_header(positions: Iterable[object]) -> dict[str, str]:
    """The header that tells at which positions a write stands, `tips.v1/00070/17, …`; none if it told no event."""
    stated = ", ".join(str(position) for position in positions)
    return {POSITION_HEADER: stated} if stated else {}


def encode_cursor(values: Mapping[str, str | int]) -> str:
    """Where a list is to go on, as a text that callers hand back unread."""
    payload = orjson.dumps(values, option=orjson.OPT_SORT_KEYS)
    return base64.urlsafe_b64encode(_check(payload) + payload).rstrip(b"=").decode()


def decode_cursor(cursor: str, **kinds: type[str] | type[int]) -> dict[str, str | int]:
    """The values of a cursor, one of each kind named. Raises: InvalidInput if it was not made here."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        payload = raw[_CHECK_BYTES:]
        values = orjson.loads(payload) if raw[:_CHECK_BYTES] == _check(payload) else None
    except (binascii.Error, ValueError):
        values = None
    if not isinstance(values, dict) or {name: type(value) for name, value in values.items()} != kinds:
        raise InvalidInput.of("cursor", "is not a cursor of this list; begin again without one")
    return values


def etagged(
    request: Request,
    body: bytes,
    *,
    media_type: str = "application/json",
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """The body with a strong entity tag, or 304 without it if the caller has this very body."""
    tagged = {**tag_of(body), **headers}
    return not_modified(request, tagged) or Response(body, headers=tagged, media_type=media_type)


def tag_of(content: bytes, *, weak: bool = False) -> dict[str, str]:
    """The headers that name a content; a weak tag where the body says the same in other bytes each time."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return {"cache-control": "private, no-cache", "etag": f"W/{tag}" if weak else tag}


def not_modified(request: Request, tagged: Mapping[str, str]) -> Response | None:
    """304 if the caller has what these headers name."""
    if _known(request.headers.get("if-none-match", ""), tagged["etag"].removeprefix("W/")):
        return Response(status_code=304, headers=dict(tagged))
    return None


def _known(if_none_match: str, etag: str) -> bool:
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in tags or "*" in tags


def _check(payload: bytes) -> bytes:
    return hashlib.sha256(b"cursor" + payload).digest()[:_CHECK_BYTES]
