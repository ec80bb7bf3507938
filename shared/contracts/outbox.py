"""Messages that outbox relays send and receive: heartbeats and requests to send again."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.contracts.base import UNIT_PATTERN

Unit = Annotated[str, Field(pattern=UNIT_PATTERN)]


class Heartbeat(BaseModel):
    """What the owner of one topic has committed, told every 5 s by its active relay.

    Shape: `positions` maps unit -> highest committed position; unless `full`, only units changed since the last beat.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    topic: str
    service: str
    lineage: str
    cluster_id: str
    at: AwareDatetime
    full: bool
    positions: dict[Unit, Annotated[int, Field(ge=1)]]


class ResendRequest(BaseModel):
    """A consumer's wish to get the events of one unit again, from the position after `after`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    topic: str
    unit: Unit
    after: int = Field(ge=0)
    requested_by: str
