"""Who is told of which alerts, and how; must not send anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from pydantic import Discriminator, Field, StringConstraints

from services.stats.alerts.alert import MAX_ESCALATION, Alert
from services.stats.alerts.sealing import SecretKeys, UnreadableSecret
from shared.contracts.alerts import Severity
from shared.errors import NotFound
from shared.places import Places
from shared.store.client import Document, Store
from shared.web import Request, decode_cursor, encode_cursor

EVERYWHERE: Final = "*"
MAX_SUBSCRIPTIONS: Final = 1_000

Units = Annotated[
    tuple[Annotated[str, StringConstraints(pattern=r"^(\*|\d{2}|\d{5})$")], ...],
    Field(min_length=1, max_length=500, description="Communes, cities with all their communes, or * for all."),
]
Address = Annotated[str, StringConstraints(pattern=r"^[^@\s,;<>\"]{1,64}@[A-Za-z0-9.-]{1,190}$")]


class _Subscription(Request):
    units: Units
    severity: Severity = Field(default=Severity.WARNING, description="This and worse.")
    level: Annotated[int, Field(ge=0, le=MAX_ESCALATION)] = Field(
        default=0, description="0 is told at once, 1 and 2 after the alert was escalated so often."
    )


class WebhookSubscription(_Subscription):
    """Alerts sent as signed POST requests. The secret is told once, in the answer that makes the subscription."""

    channel: Literal["webhook"]
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=500)]


class EmailSubscription(_Subscription):
    """Alerts sent by e-mail."""

    channel: Literal["email"]
    to: Annotated[tuple[Address, ...], Field(min_length=1, max_length=20)]


Subscribe = Annotated[WebhookSubscription | EmailSubscription, Discriminator("channel")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One recipient. `sealed` is the secret that signs what a webhook is sent, as the keys of this process open it."""

    id: str
    channel: Literal["webhook", "email"]
    units: tuple[str, ...]
    severity: Severity
    level: int
    url: str | None
    to: tuple[str, ...]
    created_at: datetime
    sealed: bytes | None = None

    def wants(self, alert: Alert, places: Places) -> bool:
        """Whether this recipient is told of the alert as it stands."""
        reached = alert.escalation >= self.level
        grave = self.severity is Severity.WARNING or alert.severity is Severity.CRITICAL
        return reached and grave and self._covers(alert.unit, places)

    def _covers(self, unit: str, places: Places) -> bool:
        return bool({EVERYWHERE, unit, places.city_of(unit)} & set(self.units))


class Subscriptions:
    """All recipients."""

    def __init__(self, store: Store) -> None:
        self._subscriptions = store.collection("alert_subscriptions")

    async def seal_anew(self, keys: SecretKeys) -> None:
        """Have the first key seal what a former one has sealed, or what lay here in clear before there were keys."""
        if not keys.can_seal:
            return
        async for document in self._subscriptions.find({"channel": "webhook"}):
            known = _read(document)
            secret = document.get("secret")
            if known.sealed is not None and keys.is_former(known.sealed):
                try:
                    secret = keys.open(known.sealed, known.id)
                except UnreadableSecret:
                    continue  # told with the first message that it was to sign
            if secret is not None:
                anew = _document(replace(known, sealed=keys.seal(secret, known.id)))
                # Another process that starts may have done it already.
                unchanged = {"_id": known.id, "sealed": document.get("sealed")}
                change = {"$set": {"sealed": anew["sealed"]}, "$unset": {"secret": ""}}
                await self._subscriptions.update_one(unchanged, change)

    async def all(self) -> list[Subscription]:
        return [_read(document) async for document in self._subscriptions.find({})]

    async def find(self, id: str) -> Subscription | None:
        document = await self._subscriptions.find_one({"_id": id})
        return None if document is None else _read(document)

    async def add(self, subscription: Subscription) -> None:
        await self._subscriptions.insert_one(_document(subscription))

    async def remove(self, id: str) -> None:
        """Raises: NotFound."""
        result = await self._subscriptions.delete_one({"_id": id})
        if result.deleted_count != 1:
            raise NotFound(f"There is no subscription {id}.")

    async def count(self) -> int:
        return await self._subscriptions.count_documents({})

    async def page(self, cursor: str | None, limit: int) -> tuple[Sequence[Subscription], str | None]:
        """Some of them, the oldest first, and where the next page begins. Raises: InvalidInput."""
        query: Document = {}
        if cursor is not None:
            query["_id"] = {"$gt": decode_cursor(cursor, id=str)["id"]}
        found = await self._subscriptions.find(query).sort([("_id", 1)]).to_list(limit + 1)
        page = [_read(document) for document in found[:limit]]
        return page, encode_cursor({"id": page[-1].id}) if len(found) > limit else None


def _document(subscription: Subscription) -> Document:
    fields: dict[str, Any] = msgspec.to_builtins(subscription)
    return {"_id": fields.pop("id"), **fields}


def _read(document: Document) -> Subscription:
    return msgspec.convert({**document, "id": document["_id"]}, Subscription)
