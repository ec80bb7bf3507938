"""The AsyncAPI document as a page for people. Renders what the document says and knows nothing else."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: .875rem/1.5 ui-monospace, monospace; }
pre { overflow-x: auto; padding: 1rem; border: 1px solid #8886; border-radius: 4px; }
h2 { margin-top: 3rem; border-bottom: 1px solid #8886; }
details { margin: .5rem 0; } summary { cursor: pointer; min-height: 24px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .25rem .5rem; vertical-align: top; }
tr + tr { border-top: 1px solid #8884; }
"""


def page(document: Mapping[str, Any]) -> str:
    """An HTML page with every channel, its messages and their fields."""
    info = document["info"]
    return "".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(info['title'])}</title><style>{_STYLE}</style></head><body><main>",
            f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>",
            *(f"<p>{escape(paragraph)}</p>" for paragraph in info["description"].split("\n\n")),
            '<p>The document itself: <a href="/asyncapi.json">asyncapi.json</a> (AsyncAPI 3).</p><nav><ul>',
            *(f'<li><a href="#{name}">{escape(c["address"])}</a></li>' for name, c in document["channels"].items()),
            "</ul></nav>",
            *(_channel(name, channel, document) for name, channel in document["channels"].items()),
            "</main></body></html>",
        )
    )


def _channel(name: str, channel: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    kafka = channel["bindings"]["kafka"]
    settings = ", ".join(f"{key} = {value}" for key, value in kafka["topicConfiguration"].items())
    messages = [_resolve(message, document) for message in channel["messages"].values()]
    return "".join(
        (
            f'<section id="{name}"><h2>{escape(channel["address"])}</h2><p>{escape(channel["description"])}</p>',
            f"<p>{kafka['partitions']} partitions; {escape(settings)}</p>",
            *(_message(message, document) for message in messages),
            "</section>",
        )
    )


def _message(message: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    payload = _resolve(message["payload"], document)
    rows = "".join(
        f"<tr><td><code>{escape(path)}</code></td><td>{escape(kind)}</td><td>{escape(meaning)}</td></tr>"
        for path, kind, meaning in _fields(payload, document)
    )
    return (
        f"<details><summary><code>{escape(message['name'])}</code> {escape(message['summary'])}</summary>"
        f"<table><thead><tr><th>field</th><th>type</th><th>meaning</th></tr></thead><tbody>{rows}</tbody></table>"
        "</details>"
    )


def _fields(schema: Mapping[str, Any], document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        path, nullable = prefix + name, False
        choices = field.get("anyOf", [])
        if choices:
            nullable = {"type": "null"} in choices
            field = {**next(choice for choice in choices if choice != {"type": "null"}), **field}
        resolved = {**_resolve(field, document), **{k: v for k, v in field.items() if k == "description"}}
        kind = _kind(resolved) + (" or null" if nullable else "") + ("" if name in required else ", optional")
        yield path, kind, resolved.get("description", "")
        if "properties" in resolved:
            yield from _fields(resolved, document, f"{path}.")


def _kind(schema: Mapping[str, Any]) -> str:
    if "const" in schema:
        return f"always {schema['const']!r}"
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    return str(schema.get("format") or schema.get("type") or "any")


def _resolve(node: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node
