"""Finds tips by words in what is sealed of them: opens it for the length of a request, and keeps no index of it."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.tips.custody.audit import Action
from services.tips.custody.envelope import Envelope, Kind
from services.tips.custody.note import Note
from services.tips.custody.opening import Opener, SealedElsewhere
from services.tips.custody.vault import Scope
from services.tips.desk.deps import Parts
from services.tips.desk.handlers import deed
from services.tips.desk.requests import SearchTips
from services.tips.domain import Tip
from shared.errors import InvalidInput
from shared.places import plain
from shared.work import Work

LOOKED_THROUGH: Final = 100  # tips a request: mostly some hundred pieces, 0.07 ms each, and one query of ids
SEARCHED: Final = (Kind.CONTENT, Kind.MESSAGE, Kind.NOTE)
"""Not who gave a tip, which opens here for nobody, and not why somebody asked for that."""


@dataclass(frozen=True, slots=True)
class Found:
    """A tip that tells the words, and which kinds of pieces tell them."""

    tip: Tip
    found_in: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """What a look through some tips gave.

    Shape: `looked` counts the tips looked through, `unread` those with a piece that no key at hand opens; `next` is
    where to go on, None at the end.
    """

    found: tuple[Found, ...]
    looked: int
    unread: int
    next: str | None


async def search_tips(command: SearchTips, *, desk: Parts, work: Work) -> Search:
    """The tips that tell all of the words in one piece, the latest first. Raises: NotFound; InvalidInput."""
    words = plain(command.words).split()
    if not words:
        raise InvalidInput.of("words", "has neither letters nor digits")
    tips, following = await desk.repositories.tips.page(
        work.caller, unit=command.unit, cursor=command.cursor, limit=LOOKED_THROUGH
    )
    told, unread = await _opened([tip.id for tip in tips], desk.opener)
    found = tuple(
        Found(tip, kinds)
        for tip in tips
        if command.stream in (None, tip.stream) and (kinds := _telling(words, told.get(tip.id, {})))
    )
    outcome = Search(found, len(tips), len(unread), following)
    await desk.audit.commit(work, deed(Action.SEARCHED, work.caller, about=_noted(command.unit, outcome)), outcome)
    return outcome


def _noted(unit: str, search: Search) -> str:
    """Of which tips somebody learnt something; not by which words, which may be a name."""
    return " ".join([f"{unit}, looked through {search.looked}, found:", *(each.tip.id for each in search.found)])


async def _opened(ids: Sequence[str], opener: Opener) -> tuple[Mapping[str, Mapping[Kind, list[str]]], set[str]]:
    """What each tip tells by kind of piece, and the tips of which something cannot be read here."""
    keys = await opener.vault.erasure_keys(ids, Scope.CONTENT)
    sealed = [(kind, each) for kind in SEARCHED for each in await opener.vault.all_of_tips(ids, kind)]
    readable = [(kind, each) for kind, each in sealed if each.piece.tip in keys]
    return await asyncio.to_thread(_open, readable, keys, opener)


def _open(
    sealed: Sequence[tuple[Kind, Envelope]], keys: Mapping[str, bytes], opener: Opener
) -> tuple[Mapping[str, Mapping[Kind, list[str]]], set[str]]:
    told: dict[str, dict[Kind, list[str]]] = defaultdict(lambda: defaultdict(list))
    unread = set()
    for kind, envelope in sealed:
        tip = envelope.piece.tip
        try:
            content = opener.opened(envelope, keys[tip])
        except SealedElsewhere:
            unread.add(tip)
            continue
        text = Note.decoded(content).text if kind is Kind.NOTE else content.decode()
        told[tip][kind].append(plain(text))
    return told, unread


def _telling(words: Sequence[str], told: Mapping[Kind, Sequence[str]]) -> tuple[Kind, ...]:
    return tuple(kind for kind, texts in told.items() if any(all(word in text for word in words) for text in texts))
