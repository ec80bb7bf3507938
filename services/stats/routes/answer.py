"""The form of every answer of the statistics: JSON with an ETag."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import Request, Response

from shared.web import etagged


def answer(request: Request, content: dict[str, Any]) -> Response:
    """The content, or 304 where the asker has it already."""
    return etagged(request, orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS))
