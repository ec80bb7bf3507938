"""The AsyncAPI 3 document and the event table, both generated from the registry."""

import re
from typing import Any, Final

from shared.contracts.base import CONTENT_TYPE, Event
from shared.contracts.json_schema import event_schema, message_schema
from shared.contracts.topics import DOCUMENTED, Topic

VERSION: Final = "1.0.0"
PARTITIONS: Final = 12
_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_DESCRIPTION: Final = """\
Live grassroots-security statistics of a city and its communes: every tip, patrol, incident and award as an event.

The key of a fact's record is its unit: five digits for a commune, two for a city or province. The events of one unit
are in order on one partition and numbered by `position`, from 1 without gaps, per (topic, unit). Delivery is at least
once: drop a position that you have seen, ask for a missing one on `outbox.resend.v1`, or read it from the owner's
journal (`GET /v1/journal`). Nothing is ever deleted from the fact topics: subscribe from the earliest offset to replay
everything. Fact events carry the counted facts of their aggregate before (`was`) and after (`is`): add f(is) - f(was)
and your figure is right under corrections, withdrawals and relocations. Ignore fields and types you do not know.
"""


def document() -> dict[str, Any]:
    """The AsyncAPI document of the whole system."""
    components: dict[str, Any] = {"messages": {}, "schemas": {}}
    channels = {_channel_id(topic): _channel(topic, components) for topic in DOCUMENTED}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:commune-pulse:events",
        "info": {
            "title": "Commune Pulse events",
            "version": VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "Any broker of the installation; TLS and SASL as the installation says.",
                "variables": {"bootstrap": {"default": "localhost:9092", "description": "host:port of a broker"}},
            }
        },
        "channels": channels,
        "operations": _operations(),
        "components": components,
    }


def event_table() -> str:
    """The table of all topics and event types as Markdown."""
    lines = ["# Topics and events", "", "Generated from `shared/contracts` by `make docs`; do not edit.", ""]
    for topic in DOCUMENTED:
        kept = "for good" if topic.retention_ms < 0 else f"{topic.retention_ms // 3_600_000} h"
        lines += [
            f"## {topic.name}",
            "",
            topic.description,
            "",
            f"Key: {topic.partition_key}. Kept: {kept}, cleanup `{topic.cleanup}`. Written by `{topic.producer}`, "
            f"read by {', '.join(f'`{reader}`' for reader in topic.consumers) or 'subscribers'}.",
            "",
        ]
        if topic.events or topic.messages:
            lines += ["| type | meaning | schema |", "| --- | --- | --- |"]
        for event in topic.events:
            name = event.event_type()
            lines.append(f"| `{name}` | {_summary(event)} | [schema](../shared/contracts/schemas/{name}.json) |")
        for message in topic.messages:
            name = message.__name__
            lines.append(f"| {name} | {_summary(message)} | [schema](../shared/contracts/schemas/{name}.json) |")
        if topic.events or topic.messages:
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _channel(topic: Topic, components: dict[str, Any]) -> dict[str, Any]:
    messages = {}
    for event in topic.events:
        name = event.event_type()
        components["messages"][name] = _event_message(event, components["schemas"])
        messages[name] = {"$ref": f"#/components/messages/{name}"}
    for message in topic.messages:
        name = message.__name__
        _add_schema(components["schemas"], name, message_schema(message))
        components["messages"][name] = {
            "name": name,
            "summary": _summary(message),
            "contentType": "application/json",
            "payload": {"$ref": f"#/components/schemas/{name}"},
        }
        messages[name] = {"$ref": f"#/components/messages/{name}"}
    configuration: dict[str, Any] = {"cleanup.policy": [topic.cleanup], "retention.ms": topic.retention_ms}
    channel: dict[str, Any] = {
        "address": topic.name,
        "description": topic.description,
        "messages": messages,
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": PARTITIONS,
                "topicConfiguration": configuration,
                "bindingVersion": "0.5.0",
            }
        },
    }
    parameters = _PARAMETER.findall(topic.name)
    if parameters:
        channel["parameters"] = {name: {"description": f"Which {name}."} for name in parameters}
    return channel


def _event_message(event: type[Event], schemas: dict[str, Any]) -> dict[str, Any]:
    name = event.event_type()
    _add_schema(schemas, name, event_schema(event))
    return {
        "name": name,
        "summary": _summary(event),
        "contentType": CONTENT_TYPE,
        "headers": {
            "type": "object",
            "properties": {
                "content-type": {"const": CONTENT_TYPE},
                "position": {"type": "string", "pattern": "^[1-9][0-9]*$", "description": "The event's position."},
                "traceparent": {"type": "string", "description": "W3C trace context, where tracing is on."},
            },
            "required": ["content-type", "position"],
        },
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "pattern": r"^(\d{2}|\d{5})$", "description": "The unit."},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _add_schema(schemas: dict[str, Any], name: str, schema: dict[str, Any]) -> None:
    """Add a schema and lift its definitions, so that types used by many messages stand once."""
    for shared_name, shared_schema in schema.get("$defs", {}).items():
        schemas[shared_name] = _lifted(shared_schema)
    schemas[name] = _lifted({key: value for key, value in schema.items() if key not in ("$defs", "$schema", "$id")})


def _lifted(node: Any) -> Any:
    if isinstance(node, list):
        return [_lifted(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: value.replace("#/$defs/", "#/components/schemas/") if key == "$ref" else _lifted(value)
        for key, value in node.items()
    }


def _operations() -> dict[str, Any]:
    operations: dict[str, Any] = {}
    for topic in DOCUMENTED:
        channel = {"$ref": f"#/channels/{_channel_id(topic)}"}
        operations[f"{topic.producer}.sends.{_channel_id(topic)}"] = {
            "action": "send",
            "channel": channel,
            "summary": f"{topic.producer} publishes {topic.name}.",
        }
        for consumer in topic.consumers:
            operations[f"{consumer}.receives.{_channel_id(topic)}"] = {
                "action": "receive",
                "channel": channel,
                "summary": f"{consumer} reads {topic.name}.",
            }
    return operations


def _channel_id(topic: Topic) -> str:
    return re.sub(r"[{}]", "", topic.name).replace(".", "-")


def _summary(contract: type) -> str:
    return (contract.__doc__ or "").strip().splitlines()[0]
