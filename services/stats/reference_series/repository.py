"""Where published values are kept, with all that they said before; owns the collection, compares nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from services.stats.reference_series.csv_file import Key, PublishedValue
from services.stats.reference_series.periods import PublishedPeriod
from shared.errors import ConcurrentChange
from shared.store.client import BulkWriteError, Document, Session, Store, UpdateOne
from shared.web import decode_cursor, encode_cursor

COLLECTION: Final = "reference_values"
_INDEXES: Final = ([("current", 1), ("unit", 1), ("starts", -1), ("_id", 1)], [("name", 1), ("revision", -1)])
LOOKED_UP: Final = 100  # an embedded store compares every document found with every one asked for


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the lines of a file."""

    added: int
    replaced: int
    unchanged: int


class ReferenceValues:
    """Published values. A document is one revision of (series, area, period, source); `current` marks the last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._documents = store.collection(COLLECTION)

    # -- writing

    async def take_in(self, values: Sequence[PublishedValue], *, by: str, at: datetime) -> Imported:
        """All of the values or none; one that says what is known already changes nothing.

        Raises: ConcurrentChange if somebody else imports one of them at the same time.
        """

        async def write(session: Session) -> Imported:
            known = await self._known([value.key for value in values], session)
            changed = [value for value in values if not _says_the_same(known.get(value.key), value)]
            if changed:
                await self._write(changed, known, by, at, session)
            replaced = sum(value.key in known for value in changed)
            return Imported(len(changed) - replaced, replaced, len(values) - len(changed))

        for index in _INDEXES:
            await self._documents.create_index(index)  # imports are rare, and nothing is to be found before the first
        try:
            return await self._store.transaction(write)
        except BulkWriteError:
            raise ConcurrentChange("Somebody else imported the same values in between; try again.") from None

    async def _write(
        self, changed: Sequence[PublishedValue], known: dict[Key, Document], by: str, at: datetime, session: Session
    ) -> None:
        outdated = [known[value.key]["_id"] for value in changed if value.key in known]
        if outdated:
            ending = {"$set": {"current": False, "replaced_at": at}}
            await self._documents.bulk_write([UpdateOne({"_id": id}, ending) for id in outdated], session=session)
        documents = []
        for value in changed:
            revision = known[value.key]["revision"] + 1 if value.key in known else 1
            period = PublishedPeriod.parse(value.period)
            documents.append(
                {
                    "_id": f"{_name(value.key)}/{revision}",
                    "name": _name(value.key),
                    **asdict(value),
                    "starts": period.first.isoformat(),
                    "revision": revision,
                    "current": True,
                    "recorded_at": at,
                    "recorded_by": by,
                }
            )
        await self._documents.insert_many(documents, session=session)

    # -- reading

    async def page(
        self, *, series: str | None, unit: str | None, cursor: str | None, limit: int
    ) -> tuple[list[Document], str | None]:
        """What is said now, by area and the latest period first, and where the next page begins."""
        query: Document = {"current": True}
        query |= {name: wanted for name, wanted in (("series", series), ("unit", unit)) if wanted is not None}
        if cursor is not None:
            after = decode_cursor(cursor, unit=str, starts=str, id=str)
            place, starts, id = after["unit"], after["starts"], after["id"]
            query["$or"] = [
                {"unit": {"$gt": place}},
                {"unit": place, "starts": {"$lt": starts}},
                {"unit": place, "starts": starts, "_id": {"$gt": id}},
            ]
        order = [("unit", 1), ("starts", -1), ("_id", 1)]
        found = await self._documents.find(query).sort(order).to_list(limit + 1)
        page = found[:limit]
        if len(found) <= limit:
            return page, None
        last = page[-1]
        return page, encode_cursor({"unit": last["unit"], "starts": last["starts"], "id": last["_id"]})

    async def current(self, keys: Iterable[Key]) -> dict[Key, Document]:
        """Those of the values that somebody has published."""
        return await self._known(list(dict.fromkeys(keys)), None)

    async def earlier(self, keys: Iterable[Key]) -> dict[Key, list[Document]]:
        """What was said before and is replaced, the newest first."""
        names = {_name(key): key for key in keys}
        found: dict[Key, list[Document]] = {}
        for some in _batches(list(names)):
            query = {"name": {"$in": some}, "current": False}
            async for document in self._documents.find(query).sort([("revision", -1)]):
                found.setdefault(names[document["name"]], []).append(document)
        return found

    async def _known(self, keys: Sequence[Key], session: Session | None) -> dict[Key, Document]:
        names = {_name(key): key for key in keys}
        found: dict[Key, Document] = {}
        for some in _batches(list(names)):
            query = {"name": {"$in": some}, "current": True}
            async for document in self._documents.find(query, session=session):
                found[names[document["name"]]] = document
        return found


def _name(key: Key) -> str:
    return hashlib.sha256("\x1f".join(key).encode()).hexdigest()[:32]


def _says_the_same(known: Document | None, value: PublishedValue) -> bool:
    return known is not None and all(known[name] == said for name, said in asdict(value).items())


def _batches(names: list[str]) -> Iterable[list[str]]:
    return (names[start : start + LOOKED_UP] for start in range(0, len(names), LOOKED_UP))
