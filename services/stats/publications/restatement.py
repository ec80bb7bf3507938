"""One restated figure: what was published, what is now, and why; must not do I/O."""

from __future__ import annotations

from datetime import datetime

import msgspec

from services.stats.publications.causes import Explanation, Reason
from services.stats.publications.publication import Pairs, Publication, Skipped
from services.stats.queries.composition import Stated


class Restatement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A published figure that is another one now.

    The positions are those that moved since it was stated last; the repaired ones were not read then. `otherwise` is
    what changed it if the events between do not, which is known once all of them are.
    """

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
    repaired: Skipped = ()
    otherwise: Reason = Reason.NOT_YET_EXPLAINED


def restatement_id(publication: str, number: int) -> str:
    """Whoever restates the same version of a publication gives the same numbers: only one of them is recorded.

    Positions would not do: an event that is repaired moves none.
    """
    return f"{publication}/{number}"


def otherwise(publication: Publication, unit: str, generation: str, *, is_ahead: bool) -> Reason:
    """What changed a figure if events did not; `is_ahead` where time alone changes it until the interval is over."""
    if publication.basis(unit).generation != generation:
        return Reason.RULES
    was_in_progress = publication.as_of < publication.end
    return Reason.TIME if was_in_progress and is_ahead else Reason.NOT_YET_EXPLAINED


def changes(parts: tuple[str, ...], before: Stated, now: Stated) -> dict[str, int]:
    """By how much each of the figure's parts changed, without those that did not.

    A part that was not stated before, because other rules made the figure, counts from nothing.
    """
    was = before.parts if len(before.parts) == len(parts) else (0,) * len(parts)
    return {part: new - old for part, old, new in zip(parts, was, now.parts, strict=True) if new != old}
