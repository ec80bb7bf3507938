"""The one route of bulk import, the same in every service; decides nothing."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter

from shared.imports.receiving import Imports
from shared.imports.records import MAX_BODY_BYTES, MAX_RECORDS, ImportReport
from shared.security import Principal

PATH: Final = "/v1/imports"
IMPORT_LIMITS: Final = {PATH: MAX_BODY_BYTES}
"""The body limit of this path, for `create_service`."""
_DEFINITION: Final = "#/$defs/{model}"


def import_router(records: TypeAdapter[Any], *, caller: Any, imports_of: Callable[[Request], Imports]) -> APIRouter:
    """The route; `caller` is the dependency that gives the Principal who may import."""
    router = APIRouter(tags=["imports"])

    @router.post(
        PATH,
        response_model=ImportReport,
        openapi_extra={"requestBody": _request_body(records)},
        summary="Take in many records",
    )
    async def import_records(request: Request, principal: Annotated[Principal, caller]) -> Response:
        """Each record is judged by itself and one bad record loses no other; sending a batch again is harmless."""
        report = await imports_of(request).receive(await request.body(), principal)
        return Response(report.model_dump_json(exclude_none=True), media_type="application/json")

    return router


def _request_body(records: TypeAdapter[Any]) -> dict[str, Any]:
    schema = records.json_schema(ref_template=_DEFINITION)
    batch = {
        "type": "object",
        "required": ["records"],
        "additionalProperties": False,
        "properties": {"records": {"type": "array", "minItems": 1, "maxItems": MAX_RECORDS, "items": schema}},
    }
    return {"required": True, "content": {"application/json": {"schema": _inlined(batch, schema.pop("$defs", {}))}}}


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    """The schema without definitions of its own, which an OpenAPI document would look for elsewhere."""
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].rpartition("/")[2]], definitions)
    # The mapping of a discriminator names definitions; the literals of `type` say the same.
    return {name: _inlined(value, definitions) for name, value in node.items() if name != "discriminator"}
