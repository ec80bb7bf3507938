"""The journal over HTTP: every event of an owner, by unit and position; only for reading."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from shared.contracts.base import UNIT_PATTERN
from shared.errors import NotFound
from shared.outbox.entries import Outbox
from shared.outbox.sequences import Sequences
from shared.security import Principal, Role, require

PAGE: Final = 500
PAGE_MAX: Final = 5_000

Reader = Annotated[Principal, require(Role.INTEGRATOR, Role.AUDITOR, Role.ADMINISTRATOR)]


class JournalPage(BaseModel):
    """Some events of one unit's sequence, in order and without holes."""

    topic: str
    unit: str
    lineage: str = Field(description="Of the sequence; another one means that positions were given anew.")
    position: int = Field(description="The highest committed position of the unit; 0 before its first event.")
    events: list[dict[str, Any]] = Field(description="CloudEvents, byte by byte as on Kafka.")
    next: int | None = Field(description="Send this as `after` for the next page; null when there is none.")


class JournalUnits(BaseModel):
    """The sequences of one topic."""

    topic: str
    lineage: str
    units: dict[str, int] = Field(description="Highest committed position by unit.")


def journal_router(outbox: Outbox) -> APIRouter:
    """`GET /v1/journal` and `GET /v1/journal/units` for the topics of this outbox."""
    router = APIRouter(prefix="/v1/journal", tags=["journal"])
    sequences = {topic.name: Sequences(outbox.store, topic.name) for topic in outbox.topics}

    def of(topic: str) -> Sequences:
        if topic not in sequences:
            raise NotFound(f"This service keeps no journal of {topic}. It has: {', '.join(sequences)}.")
        return sequences[topic]

    @router.get("", summary="Events of one unit in their order", response_model=JournalPage)
    async def journal(
        caller: Reader,
        topic: str,
        unit: Annotated[str, Query(pattern=UNIT_PATTERN)],
        after: Annotated[int, Query(ge=0, description="The last position that you have.")] = 0,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE,
    ) -> Response:
        """Events after a position, up to `limit`. Subscribers without Kafka ask again with `next`."""
        sequence = of(topic)
        if not caller.covers(unit):
            raise NotFound(f"There is no unit {unit}.")
        position = await sequence.committed_of(unit)
        records = await _records(sequence, unit, after, min(limit, position - after))
        reached = after + len(records)
        envelope = {"topic": topic, "unit": unit, "lineage": outbox.lineage, "position": position}
        envelope["next"] = reached if records and reached < position else None
        # The records are finished JSON: they are put in as they are, rather than read and written again.
        told = orjson.dumps(envelope)[:-1] + b',"events":[' + b",".join(records) + b"]}"
        return Response(told, media_type="application/json")

    @router.get("/units", summary="The units that have events, with their highest positions")
    async def units(caller: Reader, topic: str) -> JournalUnits:
        """Every unit's highest committed position on a topic, as far as the caller may see units."""
        committed = await of(topic).committed()
        seen = {unit: position for unit, position in sorted(committed.items()) if caller.covers(unit)}
        return JournalUnits(topic=topic, lineage=outbox.lineage, units=seen)

    return router


async def _records(sequence: Sequences, unit: str, after: int, limit: int) -> Sequence[bytes]:
    records: list[bytes] = []
    while len(records) < limit:
        entries = await sequence.page(unit, after + len(records))
        if not entries:
            break
        records.extend(record for entry in entries for record in entry.records)
    return records[: max(0, limit)]
