"""The OpenAPI document as integrators need it: problems and their statuses declared; decides nothing at run time."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from shared.web.problems import MEDIA_TYPE

REQUIRED: Final = "x-required"
"""In the schema of a parameter: it has to come, though its absence is found by a rule of ours."""
_SCHEMA: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "A refusal as RFC 9457 has it.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "The last part of `type`; stable, made for programs."},
        "correlation_id": {"type": ["string", "null"], "description": "Name it when you ask the operators."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "reason"],
                "properties": {"field": {"type": "string"}, "reason": {"type": "string"}},
            },
        },
    },
}
_WHEN: Final = {
    "400": "The body is not JSON, or a required header is missing.",
    "401": "No valid bearer token.",
    "403": "The role does not include this action.",
    "404": "It does not exist, or lies outside the caller's units.",
    "409": "The present state does not allow this, or somebody else changed it in between.",
    "413": "The body is too large.",
    "415": "The body is not application/json, or not what this operation reads instead.",
    "422": "Something in the request cannot be accepted; `errors` names fields and reasons.",
    "503": "Something that is needed cannot be reached at the moment.",
}


def install(app: FastAPI) -> None:
    """Serve a document that declares the problems of each operation."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(
                get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            )
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _complete(document: dict[str, Any]) -> dict[str, Any]:
    document["servers"] = [{"url": "./"}]  # beside the document, whatever prefix a gateway gives the service
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = _SCHEMA
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, operations in document.get("paths", {}).items():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                parameter["required"] |= parameter["schema"].pop(REQUIRED, False)
            for status in _statuses(path, operation):
                operation["responses"][status] = _response(_WHEN[status])
            operation["responses"]["default"] = _response("Any other refusal.")
    return document


def _statuses(path: str, operation: dict[str, Any]) -> set[str]:
    statuses = {"503"}
    if operation.get("security"):
        statuses |= {"401", "403"}
    if operation.get("parameters"):
        statuses |= {"422"}
    if "{" in path:
        statuses |= {"404"}
    if "requestBody" in operation:
        statuses |= {"400", "409", "413", "415", "422"}
    return statuses


def _response(description: str) -> dict[str, Any]:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
