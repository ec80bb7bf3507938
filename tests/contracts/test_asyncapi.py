"""The AsyncAPI document is valid by the official schema, and says all that the registry says."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from shared.contracts.generate import ASYNCAPI
from shared.contracts.topics import DOCUMENTED

OFFICIAL = Path(__file__).parent / "vendor" / "asyncapi-specs" / "3.0.0.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(json.loads(ASYNCAPI.read_text("utf-8")))


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(json.loads(OFFICIAL.read_text("utf-8")))


def test_document_is_valid(document: dict[str, Any], validator: jsonschema.Draft7Validator) -> None:
    assert [error.message for error in validator.iter_errors(document)] == []


def test_a_broken_document_is_noticed(document: dict[str, Any], validator: jsonschema.Draft7Validator) -> None:
    broken = copy.deepcopy(document)
    broken["operations"]["services.tips.sends.tips-v1"]["action"] = "shout"

    assert list(validator.iter_errors(broken)) != []


def test_every_topic_is_a_channel_with_all_its_messages(document: dict[str, Any]) -> None:
    channels = {channel["address"]: set(channel["messages"]) for channel in document["channels"].values()}

    assert channels == {
        topic.name: {event.event_type() for event in topic.events} | {message.__name__ for message in topic.messages}
        for topic in DOCUMENTED
    }


def test_every_reference_resolves(document: dict[str, Any]) -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, list):
            return [found for item in node for found in references(item)]
        if isinstance(node, dict):
            return [
                found
                for key, value in node.items()
                for found in ([value] if key == "$ref" and isinstance(value, str) else references(value))
            ]
        return []

    found = references(document)

    assert found
    for reference in found:
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step.replace("~1", "/")]
