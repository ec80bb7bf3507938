"""Where alerts, rules and the last look are kept; owns the names of the collections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from services.stats.alerts.alert import Alert, AlertStatus
from services.stats.alerts.findings import Withheld
from services.stats.alerts.rules import RULE, Rule, default_rules
from shared.errors import ConcurrentChange
from shared.repository import Aggregates
from shared.security import Principal
from shared.store.client import Document, DuplicateKey, Session, Store
from shared.web import decode_cursor, encode_cursor
from shared.work import Write

LAST_LOOK: Final = "last"


class Alerts:
    """All alerts. A document of its own for each open one keeps a second from being raised beside it."""

    def __init__(self, store: Store) -> None:
        self.kept: Final = Aggregates(store, "alerts", Alert)
        self._alerts = store.collection("alerts")
        self._open = store.collection("open_alerts")

    async def open(self) -> None:
        """Make the indexes; safe to repeat."""
        await self.kept.open()
        await self._alerts.create_index([("at", -1), ("_id", -1)])
        await self._alerts.create_index([("status", 1), ("at", -1), ("_id", -1)])

    async def open_ones(self) -> dict[str, str]:
        """Ids of the alerts that are not cleared, by what each is about."""
        return {document["_id"]: document["alert"] async for document in self._open.find({})}

    async def waiting(self, reader: Principal) -> list[Alert]:
        """Those that nobody has acknowledged."""
        found = [document["_id"] async for document in self._alerts.find({"status": AlertStatus.RAISED}, {"_id": 1})]
        return list((await self.kept.find_known(found, reader)).values())

    def raising(self, alert: Alert) -> Write:
        """The write that takes the place of the open one. Raises, when it runs: ConcurrentChange if there is one."""

        async def write(session: Session) -> None:
            try:
                await self._open.insert_one({"_id": alert.key, "alert": alert.id}, session=session)
            except DuplicateKey:
                raise ConcurrentChange(f"There is an open alert of {alert.key}.") from None

        return write

    def clearing(self, alert: Alert) -> Write:
        """The write that frees the place of the open one."""

        async def write(session: Session) -> None:
            await self._open.delete_one({"_id": alert.key, "alert": alert.id}, session=session)

        return write

    async def page(
        self, caller: Principal, *, unit: str | None, state: AlertStatus | None, cursor: str | None, limit: int
    ) -> tuple[list[Alert], str | None]:
        """Those of a state and a unit, latest first, as far as the caller may see them. Raises: InvalidInput."""
        query: Document = {}
        if unit is not None:
            query["unit"] = unit
        if state is not None:
            query["status"] = state.value
        if cursor is not None:
            after = decode_cursor(cursor, at=str, id=str)
            at = datetime.fromisoformat(str(after["at"]))
            query["$or"] = [{"at": {"$lt": at}}, {"at": at, "_id": {"$lt": after["id"]}}]
        fields = {"_id": 1, "unit": 1, "at": 1}
        found = self._alerts.find(query, fields).sort([("at", -1), ("_id", -1)])
        page: list[Document] = []
        async for document in found:
            if caller.covers(document["unit"]):
                page.append(document)
                if len(page) > limit:
                    break
        shown = page[:limit]
        known = await self.kept.find_known([each["_id"] for each in shown], caller)
        more = len(page) > limit
        following = encode_cursor({"at": shown[-1]["at"].isoformat(), "id": shown[-1]["_id"]}) if more else None
        return [known[each["_id"]] for each in shown], following


class Rules:
    """The rules in force: those that are there from the start, as administrators changed and completed them."""

    def __init__(self, store: Store, *, city: str) -> None:
        self._rules = store.collection("alert_rules")
        self._defaults = default_rules(city)

    async def all(self) -> dict[str, Rule]:
        """By id; the ones that are there from the start first."""
        stored = {document.pop("_id"): RULE.validate_python(document) async for document in self._rules.find({})}
        return {**self._defaults, **dict(sorted(stored.items()))}

    async def put(self, id: str, rule: Rule) -> None:
        """Keep a rule in the place of the one with this id."""
        await self._rules.replace_one({"_id": id}, RULE.dump_python(rule, mode="json"), upsert=True)


class Looks:
    """What the last look could not tell, for people who wonder why there is no alert."""

    def __init__(self, store: Store) -> None:
        self._looks = store.collection("alert_looks")

    async def keep(self, at: datetime, withheld: Sequence[Withheld], *, watched: int) -> None:
        told: list[Mapping[str, Any]] = [
            {"rule": each.rule, "unit": each.unit, "reason": each.reason} for each in withheld
        ]
        look = {"at": at, "watched": watched, "withheld": told}
        await self._looks.replace_one({"_id": LAST_LOOK}, look, upsert=True)

    async def last(self) -> Document | None:
        return await self._looks.find_one({"_id": LAST_LOOK})
