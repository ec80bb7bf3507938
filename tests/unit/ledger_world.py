"""What the tests of the fact ledger share: histories over the reform, the fold's view of them, a ledger in memory."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from services.stats.catalogue import CATALOGUE
from services.stats.engine import Fold
from services.stats.engine.cells import Cells
from services.stats.engine.local_panes import Calendar
from services.stats.feed import Feed
from services.stats.ledger.blocks import BlockDocument, source
from services.stats.ledger.partition import LedgerHead, Partition
from services.stats.ledger.questions import LedgerQuestions
from services.stats.ledger.repository import LedgerRepository
from services.stats.queries import Queries
from services.stats.queries.sets import WantedSet
from services.stats.serving.explaining import Explanations, Question
from services.stats.view import View
from shared.contracts.topics import PATROLS
from shared.messaging.codec import Envelope, Record, record_headers
from shared.places import places
from shared.places.unit import REFORM
from tests.unit.fold_world import GENERATION, NOW, ZONE, event, patrol

# Today's communes, former ones before the reform (the last two were split), and the city's own sequence.
TODAY = ("00070", "00004", "01")
FORMER = ("00001", "00007", "00019")
ROWS = ("00070", "00004", "00008", "00097", "01")
ROWS_AS_WERE = ("00001", "00007@2025-06-30", "00019", "00004@2025-06-30", "00004", "00070", "01")
SETS = (
    WantedSet("01", "00070,00004", None),
    WantedSet("01", "00004,00008,00097,00070", None),
    WantedSet("01", None, "001"),
)
SETS_AS_WERE = (
    WantedSet("01", "00001@2025-06-30,00004@2025-06-30,00019@2025-06-30", None),
    WantedSet("01", "00004@2025-06-30,00004@2025-07-01,00007@2025-06-30", None),
    WantedSet("01", None, "001"),
)
# Stand for residential groups: each lies in the commune of today that it is called like.
GROUPS = (None, "00008", "00004", "00070")
OWNERS = {"tips": "/tips", "patrols": "http://patrols:8002/", "awards": "/awards"}

PLACES = places()


def history(rng: random.Random, events_a_unit: int) -> list[Envelope]:
    """Patrols planned (also ahead of now), completed, corrected, moved and voided; in any order across units."""
    queues = [_of_unit(rng, unit, events_a_unit) for unit in (*TODAY, *FORMER)]
    order = [index for index, queue in enumerate(queues) for _ in queue]
    rng.shuffle(order)
    return [queues[index].pop(0) for index in order]


def _of_unit(rng: random.Random, unit: str, events: int) -> list[Envelope]:
    latest: dict[str, dict[str, Any] | None] = {}
    found = []
    for position in range(1, events + 1):
        subject = f"patrol-{unit}-{rng.randrange(events)}"
        was, ended = latest.get(subject), _moment(rng, unit)
        started = ended - timedelta(minutes=rng.randrange(200)) if rng.random() < 0.7 else None
        under_way = rng.random() < 0.2 and started is not None
        facts = patrol(
            None if under_way else ended,
            participants=rng.randrange(9),
            kind=rng.choice(["security", "traffic"]),
            started_at=started,
            planned_end_at=ended + timedelta(minutes=rng.randrange(-90, 600)) if rng.random() < 0.5 else None,
            residential_group=rng.choice(GROUPS),
        )
        is_ = None if was is not None and rng.random() < 0.2 else facts
        latest[subject] = is_
        type_ = "patrol.completed.v1" if was is None else "patrol.corrected.v1"
        found.append(event(unit, position, was, is_, type_=type_, subject=subject))
    return found


def _moment(rng: random.Random, unit: str) -> datetime:
    if unit in FORMER:
        return datetime(2025, 6, 30, 22, tzinfo=ZONE) - timedelta(minutes=rng.randrange(90 * 1440))
    dice = rng.random()
    reach = timedelta(hours=26) if dice < 0.5 else timedelta(days=40) if dice < 0.8 else timedelta(days=700)
    return NOW - reach * rng.random()


@dataclass
class Logged:
    """A record as it lies in the log."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp: int = 0


def log_of(events: Iterable[Envelope], *, unreadable: Iterable[tuple[str, int]] = ()) -> list[Record]:
    """The events in this order as one partition."""
    broken = set(unreadable)
    return [
        Logged(
            PATROLS.name,
            3,
            offset,
            each.partitionkey.encode(),
            b"{" if (each.partitionkey, each.position) in broken else msgspec.json.encode(each),
            record_headers(each.position),
        )
        for offset, each in enumerate(events)
    ]


@dataclass
class MemoryRepository:
    """The ledger's collections in memory."""

    blocks: dict[str, BlockDocument] = field(default_factory=dict)
    head: LedgerHead = field(default_factory=lambda: LedgerHead(PATROLS.name, 3))
    filling: str = "filling-1"

    async def heads(self, _topic: str) -> tuple[list[LedgerHead], frozenset[str]]:
        return [self.head], frozenset({self.filling})

    async def in_slots(self, slots: Sequence[str]) -> list[BlockDocument]:
        wanted = set(slots)
        return [block for block in self.blocks.values() if wanted.intersection(block["slots"])]

    async def beyond(self, topic: str, unit: str, position: int) -> list[BlockDocument]:
        wanted = source(topic, unit)
        return [block for block in self.blocks.values() if block["source"] == wanted and block["last"] > position]

    def book(self, records: Iterable[Record]) -> None:
        """Take the records in, with everything written at the end."""
        partition = partition_at(self.head)
        for record in records:
            partition.take(record)
        self.add(partition.drained())
        self.head = partition.head()

    def add(self, blocks: Iterable[BlockDocument]) -> None:
        for block in blocks:
            self.blocks.setdefault(block["_id"], block)


def partition_at(head: LedgerHead) -> Partition:
    calendar = Calendar(ZONE)
    cells = Cells(CATALOGUE.readers(PATROLS), calendar, _today_unit)
    return Partition(head, cells=cells, calendar=calendar, city_of=PLACES.city_of)


@dataclass
class World:
    """Figures and ledger over the same log."""

    view: View = field(
        default_factory=lambda: View(generation=GENERATION, city_of=PLACES.city_of, topic_of=CATALOGUE.topics)
    )
    repository: MemoryRepository = field(default_factory=MemoryRepository)

    def __post_init__(self) -> None:
        self.fold = Fold(PATROLS.name, 3, generation=GENERATION, cluster_id="c", today_unit=_today_unit, zone=ZONE)
        self.queries = Queries(CATALOGUE, PLACES, ZONE)
        self.questions = LedgerQuestions(cast(LedgerRepository, self.repository), CATALOGUE, PLACES)
        feed = cast(Feed, SimpleNamespace(view=self.view))
        self.explanations = Explanations(feed, self.queries, self.questions, CATALOGUE, ZONE, OWNERS)

    def show(self, events: Iterable[Envelope], *, skipped: Iterable[tuple[str, int]] = ()) -> None:
        """Fold the events into the served figures."""
        broken = set(skipped)
        for each in events:
            if (each.partitionkey, each.position) in broken:
                self.fold.skip(each.partitionkey, each.position, self.fold.offset)
            else:
                self.fold.apply(each, self.fold.offset, NOW)
        flush = self.fold.dirty()
        for key, value in (*flush.records, *flush.heads):
            self.view.take(key, value)
        self.fold.flushed(flush)

    async def pages(self, question: Question, *, limit: int, now: datetime = NOW) -> list[dict[str, Any]]:
        """All pages of an explanation."""
        pages = [await self.page(question, limit=limit, now=now)]
        while pages[-1]["next"] is not None:
            pages.append(await self.page(question, cursor=pages[-1]["next"], limit=limit, now=now))
        return pages

    async def page(
        self, question: Question, *, cursor: str | None = None, limit: int = 1, now: datetime = NOW
    ) -> dict[str, Any]:
        """One page, for somebody who may see everything."""
        return await self.explanations.explain(question, cursor=cursor, limit=limit, now=now, covers=lambda _: True)

    def served(self, question: Question) -> Any:
        """The figure as the API serves it."""
        ask, asked = self.queries, (question.window, question.first, question.last, NOW, question.map)
        if isinstance(question.whose, WantedSet):
            row = ask.one_set(self.view, question.whose, *asked)
        else:
            row = ask.one_row(self.view, question.whose, *asked)
        return row["figures"][question.metric]["value"]


def amounts(pages: Iterable[dict[str, Any]]) -> list[int]:
    return [entry["amount"] for page in pages for entry in page["events"]]


def _today_unit(unit: str, group: str | None, day: date) -> str | None:
    successors = PLACES.successors(unit) if day < REFORM else ()
    return group if group in successors else PLACES.today_unit(unit, day)
