"""Messages to recipients, kept in the transaction of the step they tell until they are delivered; sends nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import orjson

from services.stats.alerts.alert import Alert
from services.stats.alerts.subscriptions import Subscription
from shared.contracts.base import Event
from shared.store.client import Document, Session, Store
from shared.work import Write

GIVEN_UP_AFTER: Final = timedelta(hours=24)
LONGEST_WAIT: Final = timedelta(minutes=15)
MOST_DOUBLINGS: Final = 20  # far beyond the longest wait; a hundred attempts would overflow
KEPT: Final = timedelta(days=30)


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one recipient. Its id stays the same however often it is sent."""

    id: str
    subscription: str
    alert: str
    type: str
    body: bytes
    created_at: datetime
    due_at: datetime
    attempts: int = 0

    def later(self, *, at: datetime, retry_s: float) -> datetime | None:
        """When to try again, ever less often; None once a day has passed."""
        doubled = 2 ** min(self.attempts, MOST_DOUBLINGS)
        wait = min(timedelta(seconds=retry_s * doubled), LONGEST_WAIT)
        return None if at + wait > self.created_at + GIVEN_UP_AFTER else at + wait


def messages(alert: Alert, event: Event, recipients: Iterable[Subscription], *, at: datetime) -> list[Delivery]:
    """What each recipient is told of a step. The same step makes the same ids, whoever takes it."""
    return [
        Delivery(
            id=(id := f"{event.id}.{recipient.id}"),
            subscription=recipient.id,
            alert=alert.id,
            type=event.type,
            body=_body(id, alert, event),
            created_at=at,
            due_at=at,
        )
        for recipient in recipients
    ]


def _body(id: str, alert: Alert, event: Event) -> bytes:
    told: dict[str, Any] = {
        "delivery": id,
        "type": event.type,
        "time": event.time,
        "alert": {"id": alert.id, "status": alert.status, **alert.told().model_dump(mode="json")},
    }
    return orjson.dumps(told)


class Deliveries:
    """Messages that are still to be delivered, and for a month those that were."""

    def __init__(self, store: Store) -> None:
        self._deliveries = store.collection("alert_deliveries")

    async def open(self) -> None:
        """Make the indexes; safe to repeat."""
        await self._deliveries.create_index([("state", 1), ("due_at", 1)])
        await self._deliveries.create_index([("alert", 1)])
        await self._deliveries.create_index("ended_at", expireAfterSeconds=int(KEPT.total_seconds()))

    def adding(self, deliveries: Iterable[Delivery]) -> Write:
        """The write that keeps messages."""
        documents = [
            {"_id": each.id, **{k: v for k, v in msgspec.structs.asdict(each).items() if k != "id"}, "state": "pending"}
            for each in deliveries
        ]

        async def write(session: Session) -> None:
            if documents:
                await self._deliveries.insert_many(documents, session=session)

        return write

    async def due(self, at: datetime, limit: int) -> list[Delivery]:
        """Some of those whose time has come, the longest due first."""
        found = self._deliveries.find({"state": "pending", "due_at": {"$lte": at}}).sort([("due_at", 1)])
        return [_read(document) for document in await found.to_list(limit)]

    async def pending(self) -> int:
        return await self._deliveries.count_documents({"state": "pending"})

    async def delivered(self, delivery: Delivery, *, at: datetime) -> None:
        await self._end(delivery, "delivered", at)

    async def given_up(self, delivery: Delivery, *, at: datetime, reason: str) -> None:
        await self._end(delivery, "failed", at, reason)

    async def put_off(self, delivery: Delivery, *, until: datetime, reason: str) -> None:
        change = {"attempts": delivery.attempts + 1, "due_at": until, "reason": reason}
        await self._deliveries.update_one({"_id": delivery.id, "state": "pending"}, {"$set": change})

    async def of_alert(self, alert: str) -> list[Document]:
        """How the messages about an alert fare."""
        fields = {"body": 0}
        return await self._deliveries.find({"alert": alert}, fields).sort([("created_at", 1)]).to_list(100)

    async def _end(self, delivery: Delivery, state: str, at: datetime, reason: str | None = None) -> None:
        change = {"state": state, "ended_at": at, "attempts": delivery.attempts + 1, "reason": reason}
        await self._deliveries.update_one({"_id": delivery.id}, {"$set": change})


def _read(document: Document) -> Delivery:
    return msgspec.convert({**document, "id": document["_id"]}, Delivery)
