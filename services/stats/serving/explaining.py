"""Explains a served figure by the events behind it: joins the view, the queries and the ledger; owns none of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.stats.catalogue import Catalogue
from services.stats.feed import Feed
from services.stats.ledger.entries import Entry, kind_of, local_time
from services.stats.ledger.pins import Pin, Pins, packed, unpacked
from services.stats.ledger.questions import Counted, EntryPage, LedgerQuestions, Place
from services.stats.queries import Queries
from services.stats.queries.answers import window_answer
from services.stats.queries.areas import Map
from services.stats.queries.completeness import completeness
from services.stats.queries.composition import Composition
from services.stats.queries.sets import WantedSet
from services.stats.view import View
from shared.contracts.topics import topic_named
from shared.errors import InvalidInput, NotFound
from shared.web import decode_cursor, encode_cursor

PATHS: Final[Mapping[str, str]] = {
    "tip": "tips",
    "advisory_document": "advisory-documents",
    "team": "teams",
    "member": "members",
    "patrol": "patrols",
    "outreach_session": "outreach-sessions",
    "incident": "incidents",
    "award": "awards",
    "campaign": "campaigns",
    "exemplar": "exemplars",
    "community_model": "community-models",
}
"""Where the owner of a kind of aggregate shows one of them."""

NOT_EXPLAINED: Final[Mapping[str, str]] = {
    "note_vi": "Các sự kiện giải thích số liệu chính xác. Phần ước tính thêm vào không có sự kiện riêng: đó là phần "
    "chia của số liệu mà đơn vị cũ bị chia tách ghi nhận không kèm tổ dân phố; hỏi đơn vị cũ đó với map=was.",
    "note_en": "The events make up the exact figure. What the estimate adds has no events of its own: it is a share of "
    "what divided former units recorded without a residential group; ask for such a unit with map=was.",
}
"""Stands beside an estimate: no event says in which successor it happened."""


@dataclass(frozen=True, slots=True)
class Question:
    """A figure as it was asked for: a unit by its key or a set, a series, and a window by id or by dates."""

    whose: str | WantedSet
    metric: str
    window: str | None
    first: date | None
    last: date | None
    map: Map = Map.IS

    def digest(self, units: Sequence[str]) -> str:
        """Tells one question from another; so do the units that positions are pinned of."""
        return hashlib.sha256(repr((self, units)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Pinned:
    """What the first page found, which holds for all pages: when, the figure, and the positions that it contains.

    `share` is what the line has more by estimate.
    """

    as_of: datetime
    figure: int
    share: int
    pins: Pins
    after: Place | None = None


class Explanations:
    """The events behind any counted figure."""

    def __init__(
        self,
        feed: Feed,
        queries: Queries,
        ledger: LedgerQuestions,
        catalogue: Catalogue,
        zone: ZoneInfo,
        owners: Mapping[str, str],
    ) -> None:
        self._feed = feed
        self._queries = queries
        self._ledger = ledger
        self._catalogue = catalogue
        self._composition = Composition(catalogue)
        self._zone = zone
        self._owners = owners  # service -> where people reach it

    async def explain(
        self, question: Question, *, cursor: str | None, limit: int, now: datetime, covers: Callable[[str], bool]
    ) -> dict[str, Any]:
        """One page of entries; all pages add up to the figure exactly, once the ledger is complete.

        `covers` tells whether the caller may see the events of a unit of today.
        Raises: NotFound, InvalidInput, WindowError; StoreError while the store is away.
        """
        what = self._counted(question.metric)
        view, told = self._feed.view, _read(cursor)
        self._queries.require_counted(view, question.metric)
        as_of = datetime.fromisoformat(told["as_of"]) if told else now.astimezone(self._zone)
        asked = self._queries.asked(
            view, question.whose, question.window, question.first, question.last, as_of, question.map
        )
        if not all(map(covers, asked.lies_in)):
            raise NotFound("There is no such unit among yours.")
        interval, units = asked.window.interval(as_of), asked.extent.codes
        if told:
            pinned = _pinned(told, question, units)
        else:
            figure = self._composition.amount(asked.area.series, question.metric, interval)
            share = asked.shares_of(asked.area, interval).get(question.metric, 0)
            pinned = Pinned(as_of, figure, share, _pins(view, what.topic, units))
        page = await self._ledger.page(asked.extent, what, interval, pinned.pins, after=pinned.after, limit=limit)
        return {
            "as_of": pinned.as_of,
            **asked.told,
            "metric": question.metric,
            "window": window_answer(asked.window, interval),
            "figure": pinned.figure,
            "estimated": {"value": pinned.figure + pinned.share, **NOT_EXPLAINED} if pinned.share else None,
            **completeness(view, asked.area, interval),
            "ledger": {"state": "catching_up" if page.missing else "complete", "missing": page.missing},
            "events": [self._entry(entry) for entry in page.entries],
            "next": _next(question, pinned, page, units),
        }

    def _counted(self, metric: str) -> Counted:
        ratio = self._catalogue.ratios.get(metric)
        if ratio is not None:
            parts = {"numerator": ratio.numerator.id, "denominator": ratio.denominator.id}
            told = " and ".join(f"its {name} {part}" for name, part in parts.items())
            raise InvalidInput.of("metric", f"{metric} is a ratio: ask for {told}", **parts)
        percentile = self._catalogue.percentiles.get(metric)
        if percentile is not None:
            bins = percentile.histogram.bins
            reason = f"{metric} is read off a histogram; its bins are counted, and none of them alone explains it"
            raise InvalidInput.of("metric", reason, bins=bins)
        return self._ledger.counted(metric)

    def _entry(self, entry: Entry) -> dict[str, Any]:
        return {
            "id": entry.id,
            "type": entry.type,
            "time": entry.time.astimezone(self._zone),
            "recordedtime": entry.recordedtime.astimezone(self._zone),
            "topic": entry.topic,
            "unit": entry.unit,
            "position": entry.position,
            "subject": entry.subject,
            "at": local_time(entry.minute).replace(tzinfo=self._zone),
            "amount": entry.amount,
            "links": self._links(entry),
        }

    def _links(self, entry: Entry) -> dict[str, str]:
        owner = self._owners[topic_named(entry.topic).producer.rpartition(".")[2]].rstrip("/")
        journal = f"topic={entry.topic}&unit={entry.unit}&after={entry.position - 1}&limit=1"
        return {
            "owner": f"{owner}/v1/{PATHS[kind_of(entry.type)]}/{entry.subject}",
            "journal": f"{owner}/v1/journal?{journal}",
        }


def _pins(view: View, topic: str, units: Sequence[str]) -> Pins:
    heads = ((unit, view.heads.get((topic, unit))) for unit in units)
    return {unit: Pin.of(head) for unit, head in heads if head is not None}


def _next(question: Question, pinned: Pinned, page: EntryPage, units: Sequence[str]) -> str | None:
    if page.next is None:
        return None
    minute, unit, position = page.next
    return encode_cursor(
        {
            "question": question.digest(units),
            "as_of": pinned.as_of.isoformat(),
            "figure": pinned.figure,
            "share": pinned.share,
            "pins": packed(pinned.pins, units),
            "minute": minute,
            "unit": unit,
            "position": position,
        }
    )


def apart_from_moment(told: Mapping[str, Any]) -> dict[str, Any]:
    """What an explanation says: where it goes on too, but not that the cursor was made at another moment."""
    place = _read(told["next"]) or {}
    return {**told, "next": {name: value for name, value in place.items() if name != "as_of"}}


def _read(cursor: str | None) -> dict[str, Any] | None:
    if cursor is None:
        return None
    return decode_cursor(
        cursor, question=str, as_of=str, figure=int, share=int, pins=str, minute=int, unit=str, position=int
    )


def _pinned(told: Mapping[str, Any], question: Question, units: Sequence[str]) -> Pinned:
    if told["question"] != question.digest(units):
        raise InvalidInput.of("cursor", "is one of another question; begin again without one")
    place = (told["minute"], told["unit"], told["position"])
    pins = unpacked(told["pins"], units)
    return Pinned(datetime.fromisoformat(told["as_of"]), told["figure"], told["share"], pins, place)
