"""Requests of consumers to send a unit again; publishes nothing itself."""

from collections.abc import Callable, Sequence

import structlog
from pydantic import ValidationError

from shared.contracts.outbox import ResendRequest
from shared.contracts.topics import RESEND
from shared.messaging.codec import Record
from shared.messaging.consumer import Reader
from shared.settings import Settings
from shared.telemetry.metrics import RESENDS

PATIENT_MS = 500  # a wish may wait half a second; a fetch every 20 ms would be work for nothing

_log = structlog.get_logger(__name__)


def wishes_for(topic: str, settings: Settings, resend: Callable[[str, int], None]) -> Reader:
    """A reader of `outbox.resend.v1` that calls `resend(unit, after)` for each new wish that concerns `topic`."""

    def apply(records: Sequence[Record]) -> None:
        for record in records:
            try:
                wish = ResendRequest.model_validate_json(record.value or b"")
            except ValidationError:
                _log.warning("a wish cannot be read", topic=RESEND.name, partition=record.partition, at=record.offset)
                continue
            if wish.topic == topic:
                _log.info("sending again", topic=topic, unit=wish.unit, after=wish.after, by=wish.requested_by)
                RESENDS.labels(topic).inc()
                resend(wish.unit, wish.after)

    return Reader(settings, [RESEND], apply=apply, from_end=True, fetch_wait_ms=PATIENT_MS)
