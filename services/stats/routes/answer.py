"""The form of every answer of the statistics: JSON with an ETag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Request, Response

from shared.web import etagged


def rendered(content: dict[str, Any], *, headers: Mapping[str, str]) -> Response:
    """The content under a tag that was made before it."""
    body = orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, headers=dict(headers), media_type="application/json")


def answer(request: Request, content: dict[str, Any]) -> Response:
    """The content, or 304 where the asker has it already."""
    return etagged(request, orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS))
