"""Tips as those who work on them look for them: worklist, neighbours, clocks to look at; owns these and no rule.

Beside a tip's own fields its document holds what the worklist is ordered and narrowed by. When its clocks have to be
looked at, and that it came to another unit, stand in collections of their own, which hold only what is waited for.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.tips.domain import Tip
from services.tips.domain.clocks import ClockState
from services.tips.domain.clocks.clock import GOING
from services.tips.domain.states import OPEN
from services.tips.domain.timekeeping import wakes_at
from shared.contracts.tips import TipStream
from shared.repository import LOOKED_UP, Aggregates
from shared.security import Principal
from shared.store.client import Document, Session, Store
from shared.web import decode_cursor, encode_cursor
from shared.work import Write

NEVER: Final = datetime(2999, 1, 1, tzinfo=UTC)  # sorts what has no deadline behind what has one
MILLISECOND: Final = timedelta(milliseconds=1)
MOST_STEPS: Final = 10  # from a merged tip to the one that stands for it
NEIGHBOURS: Final = 200  # tips of one unit within a few days are far fewer


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a worklist is narrowed to; what is None does not narrow it."""

    assigned_to: str | None = None
    unassigned: bool = False
    clock: ClockState | None = None
    stream: TipStream | None = None
    among: Collection[str] | None = None
    """Ids of tips, which are listed whether or not work is left on them; None for all with work left."""

    def query(self) -> Document:
        query: Document = {"open": True} if self.among is None else {"_id": {"$in": sorted(self.among)}}
        if self.assigned_to is not None or self.unassigned:
            query["assigned_to"] = self.assigned_to
        if self.clock is not None:
            query["clock_states"] = self.clock.value
        if self.stream is not None:
            query["stream"] = self.stream.value
        return query


class Cases(Aggregates[Tip]):
    """Tips with what makes them findable for work."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, "tips", Tip)
        self._wakes = store.collection("tip_wakes")
        self._moves = store.collection("tip_moves")

    async def open(self) -> None:
        await super().open()
        await self._documents.create_index([("unit", 1), ("open", 1), ("due", 1), ("_id", 1)])
        await self._documents.create_index("merged_into", sparse=True)
        await self._wakes.create_index("at")

    # -- reading

    async def worklist(
        self, caller: Principal, wanted: Wanted, *, unit: str, cursor: str | None, limit: int
    ) -> tuple[list[Tip], str | None]:
        """What is wanted of the unit, the most pressing first, and where the next page begins.

        Raises: NotFound for a unit out of reach; InvalidInput for a cursor of another list.
        """
        query: Document = {**self._of_unit(unit, caller), **wanted.query()}
        if not caller.handles(wanted.stream):
            return [], None
        if cursor is not None:
            after = decode_cursor(cursor, due=str, id=str)
            due = datetime.fromisoformat(str(after["due"]))
            query["$or"] = [{"due": {"$gt": due}}, {"due": due, "_id": {"$gt": after["id"]}}]
        found = await self._documents.find(query).sort([("due", 1), ("_id", 1)]).to_list(limit + 1)
        page = found[:limit]
        following = None
        if len(found) > limit:
            following = encode_cursor({"due": page[-1]["due"].isoformat(), "id": page[-1]["_id"]})
        return [self._read(document) for document in page], following

    async def around(self, tip: Tip, *, within: timedelta) -> list[Tip]:
        """Other tips of its unit and stream that came in at about the same time and stand on their own."""
        span = {"$gte": tip.occurred_at - within, "$lte": tip.occurred_at + within}
        query = {"unit": tip.unit, "at": span, "stream": tip.stream.value}
        found = await self._documents.find(query).sort([("at", -1), ("_id", -1)]).to_list(NEIGHBOURS)
        near = (self._read(document) for document in found)
        return [other for other in near if other.id != tip.id and other.counts]

    async def stands_for_others(self, tip: Tip) -> bool:
        """Whether other tips are merged into this one."""
        return await self._documents.find_one({"merged_into": tip.id}, {"_id": 1}) is not None

    async def find_anywhere(self, id: str) -> Tip | None:
        """The tip of this id, whatever its unit; for what no caller gets to see."""
        document = await self._documents.find_one({"_id": id})
        return self._read(document) if document else None

    async def standing_for(self, tip: Tip) -> list[Tip]:
        """The tips that stand for it: the one that it is merged into, and so on to the one that stands on its own."""
        above = [tip]
        while (into := above[-1].merged_into) is not None and len(above) <= MOST_STEPS:
            stands = await self.find_anywhere(into)
            if stands is None:
                break
            above.append(stands)
        return above[1:]

    async def copies_of(self, tip: Tip) -> list[Tip]:
        """All tips that it stands for, those merged into these too."""
        return [self._read(document) async for document in self._merged_into([tip.id])]

    async def ids_of_copies(self, ids: Sequence[str]) -> list[str]:
        """The ids of tips that these stand for, of some hundred at most."""
        found = self._merged_into(ids, fields={"_id": 1}, at_once=LOOKED_UP)
        return [document["_id"] async for document in found]

    async def on_their_own(self, ids: Iterable[str]) -> dict[str, list[str]]:
        """By tips that stand on their own, those of the ids that they stand for, themselves among them."""
        stands = {id: id for id in ids}
        for _ in range(MOST_STEPS):
            found = self._found(sorted(set(stands.values())), {"merged_into": 1})
            into = {document["_id"]: document["merged_into"] async for document in found if document["merged_into"]}
            if not into:
                break
            stands = {id: into.get(above, above) for id, above in stands.items()}
        grouped: dict[str, list[str]] = {}
        for id, above in sorted(stands.items()):
            grouped.setdefault(above, []).append(id)
        return grouped

    async def moves(self) -> AsyncIterator[tuple[str, int]]:
        """Ids of tips that came to another unit, each with the version that it had then, until it is settled there."""
        async for move in self._moves.find({}):
            yield move["_id"], move["version"]

    async def settle(self, id: str, version: int) -> None:
        """Note that nothing of the tip has to follow it any more, unless it was moved again since this version."""
        await self._moves.delete_one({"_id": id, "version": version})

    async def due(self, now: datetime, *, limit: int) -> list[str]:
        """Ids of tips whose clocks have something to tell by now, the longest waiting first."""
        wakes = await self._wakes.find({"at": {"$lte": now}}).sort("at", 1).to_list(limit)
        return [wake["_id"] for wake in wakes]

    async def postpone(self, id: str, *, due_by: datetime, until: datetime) -> None:
        """Look at this tip again at that time, and at others before it, unless a change has set another time since."""
        await self._wakes.update_one({"_id": id, "at": {"$lte": due_by}}, {"$set": {"at": until}})

    async def _merged_into(
        self, ids: Sequence[str], *, fields: Document | None = None, at_once: int = 0
    ) -> AsyncIterator[Document]:
        """Documents of what is merged into these, and so on. Units: `at_once` counts documents a step; 0 means all."""
        into = list(ids)
        while into:
            found = self._documents.find({"merged_into": {"$in": into}}, fields).sort([("_id", 1)]).limit(at_once)
            into = []
            async for document in found:
                into.append(document["_id"])
                yield document

    # -- writing

    def inserting(self, aggregates: Sequence[Tip], digests: Mapping[str, bytes] | None = None) -> Write:
        insert = super().inserting(aggregates, digests)
        wakes = [wake for tip in aggregates if (wake := _wake(tip)) is not None]

        async def write(session: Session) -> None:
            await insert(session)
            if wakes:
                await self._wakes.insert_many(wakes, session=session)

        return write

    def replacing(self, before: Tip, after: Tip) -> Write:
        put, wake = super().replacing(before, after), _wake(after)

        async def write(session: Session) -> None:
            await put(session)
            if before.unit != after.unit:
                move = {"_id": after.id, "version": after.version}
                await self._moves.replace_one({"_id": after.id}, move, upsert=True, session=session)
            if wake is None:
                await self._wakes.delete_one({"_id": after.id}, session=session)
            elif wake != _wake(before):
                await self._wakes.replace_one({"_id": after.id}, wake, upsert=True, session=session)

        return write

    def fencing(self, tip: Tip) -> Write:
        """The write that holds as long as nobody changes the tip in between. Raises, when it runs: ConcurrentChange."""
        return self.replacing(tip, replace(tip, version=tip.version + 1))

    def _document(self, aggregate: Tip) -> Document:
        going = [clock for clock in aggregate.clocks if clock.state in GOING]
        return {
            **super()._document(aggregate),
            "open": aggregate.counts and aggregate.status in OPEN,
            "due": min((clock.due_at for clock in going), default=NEVER),
            "clock_states": _states(clock.state for clock in aggregate.clocks),
        }


def _wake(tip: Tip) -> dict[str, Any] | None:
    at = wakes_at(tip)
    # The store keeps milliseconds: rounded down, a clock would be looked at a moment before it has anything to tell.
    return None if at is None else {"_id": tip.id, "at": at + MILLISECOND}


def _states(states: Iterable[ClockState]) -> list[str]:
    return sorted({state.value for state in states})
