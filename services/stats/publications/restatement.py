"""One restated figure: what was published, what is now, and why; must not do I/O."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

from services.stats.publications.causes import Explanation, Reason
from services.stats.publications.publication import Pairs, Publication
from services.stats.queries.composition import Stated


class Restatement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A published figure that is another one now; the positions are those that moved since it was stated last."""

    id: str
    publication: str
    number: int
    unit: str
    metric: str
    published: Stated
    last_stated: Stated
    now: Stated
    as_of: datetime
    positions_then: Pairs
    positions_now: Pairs
    explanation: Explanation


def restatement_id(publication: str, unit: str, metric: str, positions: Pairs, generation: str) -> str:
    """The same figure at the same positions, by the same rules, is restated once, whoever tries."""
    digest = hashlib.sha256(msgspec.json.encode((positions, generation))).hexdigest()[:16]
    return f"{publication}/{unit}/{metric}/{digest}"


def otherwise(publication: Publication, generation: str, *, is_ahead: bool) -> Reason:
    """What changed a figure if events did not; `is_ahead` where time alone changes it until the interval is over."""
    if publication.generation != generation:
        return Reason.RULES
    was_in_progress = publication.as_of < publication.end
    return Reason.TIME if was_in_progress and is_ahead else Reason.NOT_YET_EXPLAINED


def changes(parts: tuple[str, ...], before: Stated, now: Stated) -> dict[str, int]:
    """By how much each of the figure's parts changed, without those that did not.

    A part that was not stated before, because other rules made the figure, counts from nothing.
    """
    was = before.parts if len(before.parts) == len(parts) else (0,) * len(parts)
    return {part: new - old for part, old, new in zip(parts, was, now.parts, strict=True) if new != old}
