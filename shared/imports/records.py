"""The form of a batch and of the report on it; must not know the store."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final

import msgspec
import orjson
import uuid_utils
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from shared.errors import InvalidInput
from shared.web import Request
from shared.web.problems import invalid_fields

MAX_RECORDS: Final = 2_000
MAX_BODY_BYTES: Final = 8_000_000
DIGEST_BYTES: Final = 16
_NAMESPACE: Final = uuid_utils.UUID("5c0d7bb5-5c3c-5d0c-9d0b-6a2f6d1c7f11")

Key = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")]


class Record(Request):
    """One record of an import; a subclass narrows `type` to a literal and adds what the record tells.

    What it names as `SEALED` is not compared when the record comes again: the answer would confirm a guess at it.
    """

    SEALED: ClassVar[frozenset[str]] = frozenset()

    type: str
    key: Key = Field(description="The client's own name of the record, the same whenever it is sent.")


class Outcome(StrEnum):
    """What became of one record."""

    CREATED = "created"
    ALREADY_KNOWN = "already_known"
    CONFLICT = "conflict"
    REJECTED = "rejected"


class RecordOutcome(BaseModel):
    """What became of one record; where it was refused, in the words of a problem."""

    model_config = ConfigDict(frozen=True)

    key: str | None = None
    type: str | None = None
    outcome: Outcome
    id: str | None = None
    errors: Sequence[Mapping[str, str]] | None = None
    candidates: Sequence[Mapping[str, str]] | None = None


class ImportReport(BaseModel):
    """Outcomes in the order of the records, how many of each, and up to where the events of each unit now stand."""

    model_config = ConfigDict(frozen=True)

    outcomes: list[RecordOutcome]
    counts: dict[Outcome, int]
    positions: list[str]


class _Batch(msgspec.Struct, forbid_unknown_fields=True):
    records: list[msgspec.Raw]


def raw_records(body: bytes) -> Iterator[bytes]:
    """The records of a batch, each as it came. Raises: InvalidInput for a body that is no batch."""
    try:
        batch = msgspec.json.decode(body, type=_Batch)
    except msgspec.ValidationError:
        raise InvalidInput.of("records", 'send {"records": [...]}') from None
    except msgspec.DecodeError:
        raise InvalidInput.of("body", "is not JSON") from None
    if not 0 < len(batch.records) <= MAX_RECORDS:
        raise InvalidInput.of("records", f"takes 1 to {MAX_RECORDS} records")
    return map(bytes, batch.records)


def import_id(service: str, kind: str, key: str) -> str:
    """The id of what a record becomes: its key decides, so that sending it again finds it again."""
    return str(uuid_utils.uuid5(_NAMESPACE, f"{service}/{kind}/{key}"))


def content_digest(record: Record) -> bytes:
    """What tells the content of one record from another, as far as that may be told."""
    # What is left at its default does not count, so that a later optional field changes no digest.
    content = record.model_dump_json(exclude=set(record.SEALED), exclude_defaults=True, exclude_none=True)
    return hashlib.blake2b(content.encode(), digest_size=DIGEST_BYTES).digest()


def unreadable(raw: bytes, error: ValidationError) -> RecordOutcome:
    """The refusal of a record that is not of the form of its type."""
    wrong = [{**one, "loc": one["loc"] or ("record",)} for one in error.errors(include_input=False, include_url=False)]
    told = orjson.loads(raw)
    named = told if isinstance(told, dict) else {}
    errors: Any = invalid_fields(wrong).extra["errors"]
    return RecordOutcome(
        key=_text(named.get("key")), type=_text(named.get("type")), outcome=Outcome.REJECTED, errors=errors
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
