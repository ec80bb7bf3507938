"""The form of every answer of the statistics: JSON, or a file, with a tag that stays as long as it says the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from fastapi import Request, Response

from shared.web import not_modified, tag_of

_OF_THE_MOMENT: Final = ("as_of", "version")
"""What two answers differ in that otherwise say the same."""


def rendered(content: dict[str, Any], *, headers: Mapping[str, str]) -> Response:
    """The content under a tag that was made before it."""
    body = orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, headers=dict(headers), media_type="application/json")


def answer(request: Request, content: dict[str, Any]) -> Response:
    """The content, or 304 where the asker has one that says the same."""
    tagged = tagged_by(content)
    return not_modified(request, tagged) or rendered(content, headers=tagged)


def tagged_by(content: Mapping[str, Any], form: str = "") -> dict[str, str]:
    """The headers of a weak tag for the content in this form."""
    same = {key: value for key, value in content.items() if key not in _OF_THE_MOMENT}
    return tag_of(form.encode() + orjson.dumps(same, option=orjson.OPT_NON_STR_KEYS), weak=True)
