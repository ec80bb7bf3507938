"""The form of every answer of the statistics: JSON, or a file, with a tag that stays as long as it says the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from fastapi import Request, Response
from pydantic import BaseModel

from shared.web import not_modified, tag_of

TAGGED: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "Nothing is said anew since the answer whose `ETag` came as `If-None-Match`."}
}
"""What the document of the API says of a route that answers with a tag."""
_OF_THE_MOMENT: Final = ("as_of", "version")
"""What two answers differ in that otherwise say the same."""


def rendered(content: dict[str, Any], *, headers: Mapping[str, str]) -> Response:
    """The content under a tag that was made before it."""
    body = orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, headers=dict(headers), media_type="application/json")


def answer(request: Request, content: dict[str, Any] | BaseModel, *, same: Mapping[str, Any] | None = None) -> Response:
    """The content, or 304 where the asker has one that says the same.

    `same` is what it says, where it holds more of the moment than every answer does.
    """
    told = content.model_dump(mode="json") if isinstance(content, BaseModel) else content
    tagged = tagged_by(told if same is None else same)
    return not_modified(request, tagged) or rendered(told, headers=tagged)


def tagged_by(content: Mapping[str, Any], form: str = "") -> dict[str, str]:
    """The headers of a weak tag for the content in this form."""
    same = {key: value for key, value in content.items() if key not in _OF_THE_MOMENT}
    return tag_of(form.encode() + orjson.dumps(same, option=orjson.OPT_NON_STR_KEYS), weak=True)
