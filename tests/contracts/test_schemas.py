"""The frozen contracts: what is committed is what the code says, and no change breaks a reader or a writer."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest

from shared.contracts import generate
from shared.contracts.json_schema import FROZEN, as_text, frozen, incompatibilities, schemas
from shared.contracts.patrols import PatrolChange, PatrolCompleted, PatrolFacts, PatrolKind
from shared.contracts.topics import EVENT_TYPES, REGISTRY

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def patrol_completed() -> PatrolCompleted:
    facts = PatrolFacts(kind=PatrolKind.SECURITY, teams=1, participants=3, completed_at=AT)
    return PatrolCompleted(time=AT, subject="p1", partitionkey="00070", data=PatrolChange(was=None, is_=facts))


def schema_of_completed_patrols() -> dict[str, Any]:
    return copy.deepcopy(frozen()["patrol.completed.v1.json"])


def test_frozen_schemas_are_those_of_the_code() -> None:
    now = {name: as_text(schema) for name, schema in schemas().items()}

    committed = {path.name: path.read_text("utf-8") for path in FROZEN.glob("*.json")}

    assert committed == now, "run `make docs`"


def test_generated_documents_are_up_to_date() -> None:
    for path, text in generate.generated().items():
        assert path.read_text("utf-8") == text, f"{path.name} is stale: run `make docs`"


def test_committed_contracts_are_compatible_with_the_code() -> None:
    now = schemas()

    broken = {name: incompatibilities(before, now.get(name)) for name, before in frozen().items()}

    assert {name: reasons for name, reasons in broken.items() if reasons} == {}


def test_an_added_optional_fact_is_compatible() -> None:
    before, now = schema_of_completed_patrols(), schema_of_completed_patrols()
    now["$defs"]["PatrolFacts"]["properties"]["weather"] = {"type": "string"}

    assert incompatibilities(before, now) == []


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (("$defs", "PatrolFacts", "properties"), {"participants": {"type": "string"}}),
        (("$defs", "PatrolFacts"), {"required": ["kind"]}),
        (("$defs", "PatrolKind"), {"enum": ["security"]}),
        (("properties",), {"type": {"const": "patrol.done.v1"}}),
    ],
)
def test_any_other_change_is_refused(path: tuple[str, ...], change: dict[str, Any]) -> None:
    before, now = schema_of_completed_patrols(), schema_of_completed_patrols()
    place = now
    for step in path:
        place = place[step]
    place.update(change)

    assert incompatibilities(before, now) != []


def test_a_removed_fact_and_a_removed_message_are_refused() -> None:
    before, now = schema_of_completed_patrols(), schema_of_completed_patrols()
    del now["$defs"]["PatrolFacts"]["properties"]["teams"]

    assert incompatibilities(before, now) != []
    assert incompatibilities(before, None) != []


def test_a_record_is_valid_against_its_schema() -> None:
    record = json.loads(patrol_completed().record(position=1, lineage="a", recorded_at=AT))

    jsonschema.Draft202012Validator(frozen()["patrol.completed.v1.json"]).validate(record)

    assert record["data"]["was"] is None
    assert record["position"] == 1


def test_every_event_type_belongs_to_one_topic_and_is_well_named() -> None:
    seen = [event.event_type() for topic in REGISTRY for event in topic.events]

    assert len(seen) == len(set(seen)) == len(EVENT_TYPES)
    for name in seen:
        subject, participle, major = name.split(".")
        assert subject.replace("_", "").isalpha(), name
        assert participle.replace("_", "").isalpha(), name
        assert major == "v1", name


def test_every_event_and_message_says_what_it_means() -> None:
    for topic in REGISTRY:
        for contract in (*topic.events, *topic.messages):
            first_line = (contract.__doc__ or "").strip().partition("\n")[0]
            assert first_line.endswith("."), f"{contract.__name__} needs a docstring that says what it means"
