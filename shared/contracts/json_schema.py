"""JSON Schemas of every message and what may change in them; reads and writes the frozen files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from shared.contracts.base import Event, schema_urn
from shared.contracts.topics import DOCUMENTED, EVENT_TYPES

FROZEN: Final = Path(__file__).parent / "schemas"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

# What the outbox adds to an event when it numbers it; see Event.record.
_ENVELOPE: Final[dict[str, dict[str, Any]]] = {
    "specversion": {"const": "1.0"},
    "source": {"type": "string", "format": "uri-reference"},
    "datacontenttype": {"const": "application/json"},
    "dataschema": {"type": "string", "format": "uri"},
    "recordedtime": {
        "type": "string",
        "format": "date-time",
        "description": "When the owner recorded the event; of an anonymous tip it is floored like its time.",
    },
    "position": {
        "type": "integer",
        "minimum": 1,
        "maximum": 2**31 - 1,
        "description": "Number of the event in the sequence of its (topic, unit), from 1 without gaps. Dedupe by it.",
    },
    "lineage": {
        "type": "string",
        "description": "Id of the owner's outbox; another lineage is another numbering (a restored or new database).",
    },
}


def event_schema(event: type[Event]) -> dict[str, Any]:
    """The JSON Schema of one event as it stands on the topic and in the journal."""
    schema = event.model_json_schema(mode="validation", by_alias=True)
    properties = {**schema["properties"], **_ENVELOPE}
    properties["type"] = {"const": event.event_type()}
    for optional in ("causationid", "correlationid"):
        properties[optional] = {"type": "string"}
    required = [*_ENVELOPE, "id", "type", "time", "subject", "partitionkey", "data"]
    whole = {
        "$schema": DIALECT,
        "$id": schema_urn(event.event_type()),
        **schema,
        "properties": properties,
        "required": sorted(required),
    }
    return dict(_tidy(whole))


def message_schema(message: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of one plain message (heartbeat, resend request, state record)."""
    schema = message.model_json_schema(mode="validation", by_alias=True)
    return dict(_tidy({"$schema": DIALECT, "$id": schema_urn(message.__name__), **schema}))


def schemas() -> dict[str, dict[str, Any]]:
    """File name -> schema, for every message of the registry."""
    found = {f"{name}.json": event_schema(event) for name, event in EVENT_TYPES.items()}
    for topic in DOCUMENTED:
        found |= {f"{message.__name__}.json": message_schema(message) for message in topic.messages}
    return found


def frozen() -> dict[str, dict[str, Any]]:
    return {path.name: json.loads(path.read_text("utf-8")) for path in sorted(FROZEN.glob("*.json"))}


def freeze() -> None:
    """Write the schemas to the frozen files.

    Raises: ValueError when a frozen one would change in a way that breaks readers or writers of it.
    """
    now, before = schemas(), frozen()
    broken = [f"{name}: {reason}" for name in before for reason in incompatibilities(before[name], now.get(name))]
    if broken:
        raise ValueError("Make a new major version instead:\n" + "\n".join(broken))
    FROZEN.mkdir(exist_ok=True)
    for name, schema in now.items():
        (FROZEN / name).write_text(as_text(schema), "utf-8")


def as_text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def incompatibilities(before: dict[str, Any], now: dict[str, Any] | None) -> list[str]:
    """Why records of one version cannot be read with the other; empty when only optional fields were added."""
    if now is None:
        return ["the message was removed"]
    return list(_differences(_inline(before, before), _inline(now, now), "$"))


def _differences(before: Any, now: Any, path: str) -> Iterator[str]:
    if not (isinstance(before, dict) and isinstance(now, dict)):
        if before != now:
            yield f"{path} changed from {before!r} to {now!r}"
        return
    for key in sorted(before.keys() | now.keys()):
        old, new = before.get(key), now.get(key)
        if key == "required":
            if set(old or ()) != set(new or ()):
                yield f"{path}: required fields changed from {sorted(old or ())} to {sorted(new or ())}"
        elif key == "properties":
            yield from _property_differences(old or {}, new or {}, path)
        elif key == "anyOf" and isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
            for index, (left, right) in enumerate(zip(old, new, strict=True)):
                yield from _differences(left, right, f"{path}.anyOf[{index}]")
        else:
            yield from _differences(old, new, f"{path}.{key}")


def _property_differences(before: dict[str, Any], now: dict[str, Any], path: str) -> Iterator[str]:
    for name, schema in before.items():
        if name not in now:
            yield f"{path}.{name} was removed"
        else:
            yield from _differences(schema, now[name], f"{path}.{name}")


def _inline(node: Any, root: dict[str, Any]) -> Any:
    """The schema with references resolved and everything that only people read left out."""
    if isinstance(node, list):
        return [_inline(item, root) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = str(node["$ref"]).rsplit("/", 1)[-1]
        return _inline({**root["$defs"][name], **{k: v for k, v in node.items() if k != "$ref"}}, root)
    readable = {"description", "title", "$defs", "$schema", "$id", "default", "examples"}
    kept = {}
    for key, value in node.items():
        if key == "properties":
            kept[key] = {name: _inline(schema, root) for name, schema in value.items()}
        elif key not in readable:
            kept[key] = _inline(value, root)
    return kept


def _tidy(node: Any) -> Any:
    """Without the titles that pydantic derives from names."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: {name: _tidy(schema) for name, schema in value.items()} if key in ("properties", "$defs") else _tidy(value)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str))
    }
