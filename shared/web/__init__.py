"""HTTP as every service speaks it; owns problems, limits, health and request models, and no route of a service."""

from shared.web.answers import (
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
    etagged,
    not_modified,
    positions_header,
    tag_of,
)
from shared.web.app import create_app
from shared.web.health import Readiness
from shared.web.idempotency import IdempotencyKey, OptionalIdempotencyKey, RequiredIdempotencyKey, answer_once
from shared.web.requests import PastTime, PlannedTime, Request
from shared.web.serve import serve

__all__ = [
    "IdempotencyKey",
    "Limit",
    "OptionalIdempotencyKey",
    "Page",
    "PastTime",
    "PlannedTime",
    "Readiness",
    "Request",
    "RequiredIdempotencyKey",
    "answer_once",
    "create_app",
    "decode_cursor",
    "encode_cursor",
    "etagged",
    "not_modified",
    "positions_header",
    "serve",
    "tag_of",
]
