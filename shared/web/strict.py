"""Schemas that convert nothing; owns what a JSON value may stand for, knows no model.

Strict as JSON is: a number is no text and no time. Pydantic's own strict mode would also refuse the text of a time or
of an enum, because what FastAPI hands to a model are Python values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, Final

from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_SCALARS: Final = frozenset({"int", "float", "bool", "str"})
_WRITTEN: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "datetime": (re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d"), "must be a time such as 2026-01-31T08:30:00+07:00"),
    "date": (re.compile(r"\d{4}-\d\d-\d\d$"), "must be a day such as 2026-01-31"),
    "time": (re.compile(r"\d\d:\d\d"), "must be a time of day such as 08:30"),
}
_INNER: Final = ("schema", "items_schema", "keys_schema", "values_schema", "extras_schema")


def strict_fields(schema: CoreSchema) -> CoreSchema:
    """The schema of a model whose fields convert nothing; models inside it look after themselves."""
    for field in _fields_of(schema).values():
        field["schema"] = _strict(field["schema"])
    return schema


def _fields_of(schema: Any) -> dict[str, Any]:
    """The fields of a model, which its own validators may be wrapped around; none for a mere reference to it."""
    while schema["type"] != "model-fields":
        if "schema" not in schema:
            return {}
        schema = schema["schema"]
    return schema["fields"]  # type: ignore[no-any-return]


def _strict(schema: Any) -> Any:
    kind = schema["type"]
    if kind in _SCALARS:
        return {**schema, "strict": True}
    if kind in _WRITTEN:
        return core_schema.no_info_before_validator_function(_CHECKS[kind], schema)
    if kind == "function-before" and schema["function"]["function"] in _CHECKS.values():
        return schema  # a model's schema is kept, and comes here again each time that the model is asked for
    if kind == "model":
        return schema
    changed = {name: _strict(schema[name]) for name in _INNER if isinstance(schema.get(name), dict)}
    if kind == "union":
        changed["choices"] = [
            (_strict(choice[0]), choice[1]) if isinstance(choice, tuple) else _strict(choice)
            for choice in schema["choices"]
        ]
    elif kind == "tuple":
        changed["items_schema"] = [_strict(item) for item in schema["items_schema"]]
    return {**schema, **changed}


def _as_written(kind: str) -> Any:
    form, reason = _WRITTEN[kind]

    def check(value: Any) -> Any:
        if isinstance(value, datetime | date | time) or (isinstance(value, str) and form.match(value)):
            return value
        raise PydanticCustomError(f"{kind}_form", reason)

    return check


_CHECKS: Final = {kind: _as_written(kind) for kind in _WRITTEN}
