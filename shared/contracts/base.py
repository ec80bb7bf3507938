"""The envelope and the counted change that every event shares; holds no event of its own and does no I/O."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer
from pydantic.json_schema import SkipJsonSchema

from shared.clock import floored
from shared.ids import new_id

CONTENT_TYPE = "application/cloudevents+json"
UNIT_PATTERN = r"^(\d{2}|\d{5})$"


class Facts(BaseModel):
    """What figures need of one aggregate, as it stands after an event; never personal data.

    Unknown fields are ignored: a newer producer may add optional facts.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


F = TypeVar("F", bound=Facts)


class Change(BaseModel, Generic[F]):
    """The counted facts of one aggregate before and after an event.

    `was` is null before the aggregate counts, `is` is null once it is void or has left the unit.
    A figure changes by f(is) - f(was), and by nothing else.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    was: F | None
    is_: F | None = Field(alias="is")

    @model_serializer(mode="wrap")
    def _both_sides_are_always_there(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Absent optional facts are left out of a record; an absent side must still be told from a forgotten one.
        return {"was": None, "is": None, **serialize(self)}


class Event(BaseModel):
    """One CloudEvent before the outbox has numbered it.

    Units:  `time` is when the fact happened, with offset; `partitionkey` is the unit it happened in.
    Source: CloudEvents 1.0, structured JSON mode, with the extensions `recordedtime`, `position` and `lineage`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    source: ClassVar[str]

    id: str = Field(default_factory=new_id)
    type: str
    time: AwareDatetime
    subject: str = Field(min_length=1, description="The aggregate's id.")
    partitionkey: str = Field(pattern=UNIT_PATTERN, description="The unit: five digits for a commune, two for a city.")
    causationid: str | None = Field(default=None, description="Links the events that one cause has in several units.")
    correlationid: str | None = None
    data: Any
    # Not part of the record: how coarsely it tells when it was recorded. The exact moment at which an anonymous report
    # came in could give away who was seen with a phone in hand.
    recorded_step_s: Annotated[int, SkipJsonSchema()] = Field(default=0, ge=0, exclude=True)

    @classmethod
    def event_type(cls) -> str:
        return str(cls.model_fields["type"].default)

    def record(self, *, position: int, lineage: str, recorded_at: datetime) -> bytes:
        """The value of the Kafka record and of the journal: one CloudEvent as JSON."""
        envelope = {
            "specversion": "1.0",
            **self.model_dump(mode="json", by_alias=True, exclude_none=True),
            "source": self.source,
            "datacontenttype": "application/json",
            "dataschema": schema_urn(self.type),
            "recordedtime": floored(recorded_at, self.recorded_step_s).isoformat(timespec="microseconds"),
            "position": position,
            "lineage": lineage,
        }
        return orjson.dumps(envelope)


def schema_urn(event_type: str) -> str:
    return f"urn:commune-pulse:schema:{event_type}"
