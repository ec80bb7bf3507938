"""Refusals as RFC 9457 problems; owns their form, never repeats what the caller sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match

from shared.errors import BodyTooLarge, DomainError, InvalidInput, InvalidJson, UnsupportedMediaType
from shared.telemetry.correlation import correlation_id

MEDIA_TYPE: Final = "application/problem+json"
_TYPE_PREFIX: Final = "urn:commune-pulse:problem:"
_TITLES: Final[Mapping[int, tuple[str, str]]] = {
    400: ("bad-request", "The request cannot be read"),
    404: ("not-found", "Not found"),
    405: ("method-not-allowed", "This path does not know the method"),
    406: ("not-acceptable", "No such representation"),
    500: ("internal-error", "Something went wrong here"),
}
# What pydantic says is meant for programmers; these sentences are meant for whoever sent the request.
_REASONS: Final[Mapping[str, str]] = {
    "extra_forbidden": "is not a known field",
    "missing": "is required",
    "model_attributes_type": "must be a JSON object",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "set_type": "must be a list",
    "frozen_set_type": "must be a list",
    "dict_type": "must be a JSON object",
    "model_type": "must be a JSON object",
    "timezone_aware": "must carry its offset, such as +07:00",
}


def problem(
    status: int, code: str, title: str, detail: str, *, headers: Mapping[str, str] = {}, **extra: object
) -> Response:
    """One problem as an HTTP answer."""
    body: dict[str, object] = {
        "type": _TYPE_PREFIX + code,
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "correlation_id": correlation_id(),
    }
    body.update((name, value) for name, value in extra.items() if name not in body)
    return Response(orjson.dumps(body, default=str), status, dict(headers), MEDIA_TYPE)


def problem_of(error: DomainError) -> Response:
    """The problem that a broken rule is told as."""
    return problem(error.status, error.code, error.title, error.detail, headers=error.headers, **error.extra)


def internal_error() -> Response:
    """The problem told when nobody foresaw what happened; says nothing of the cause."""
    code, title = _TITLES[500]
    return problem(500, code, title, "The error is logged under the correlation id of this answer.")


def install(app: FastAPI) -> None:
    """Make every refusal of the application a problem."""
    app.add_exception_handler(DomainError, _domain_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)


async def _domain_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    return problem_of(error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == BodyTooLarge.status:
        return problem_of(BodyTooLarge("The request body is too large."))
    code, title = _TITLES.get(error.status_code, ("refused", "The request was refused"))
    headers = dict(error.headers or {})
    if "Allow" in headers:  # the router tells those of one route only, and a path may have several
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    return problem(error.status_code, code, title, f"{title}.", headers=headers)


def _methods(request: Request) -> set[str]:
    """All that the path of this request is served by."""
    here = (route for route in iter_route_contexts(request.app.routes) if route.matches(request.scope)[0] != Match.NONE)
    return {method for route in here for method in route.methods or ()}


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = error.errors()
    if any(one["type"] == "json_invalid" for one in wrong):
        return problem_of(InvalidJson("The request body is not valid JSON."))
    if any(one["loc"] == ("body",) and one["type"] != "missing" for one in wrong) and not _is_json(request):
        return problem_of(UnsupportedMediaType("Send the body with the header Content-Type: application/json."))
    return problem_of(invalid_fields(wrong))


def invalid_fields(wrong: Sequence[Mapping[str, Any]]) -> InvalidInput:
    """The refusal that names each field of a failed validation with its reason."""
    errors = [{"field": _field(one["loc"]), "reason": _reason(one)} for one in wrong]
    return InvalidInput("; ".join(f"{one['field']}: {one['reason']}" for one in errors[:3]), errors=errors)


def _field(location: Sequence[str | int]) -> str:
    """`("body", "teams", 2, "name")` as `teams[2].name`; the body as a whole is `body`."""
    path = ""
    for part in location[1:]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path or str(location[0])


def _reason(one: Mapping[str, Any]) -> str:
    reason = _REASONS.get(one["type"]) or str(one["msg"])
    return reason.removeprefix("Value error, ").replace("Input should be", "must be", 1)


def _is_json(request: Request) -> bool:
    return is_json(request.headers.get("content-type", ""))


def is_json(content_type: str) -> bool:
    """True for `application/json` and every `+json`."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type.startswith("application/") and media_type.rpartition("/")[2].rpartition("+")[2] == "json"
