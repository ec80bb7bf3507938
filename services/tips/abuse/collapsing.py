"""Makes one case of a report that comes again word for word; must not know where reports are kept or who sends them."""

from collections.abc import Sequence
from typing import Protocol

from services.tips.abuse.repeats import Repeats
from services.tips.domain import Tip
from services.tips.domain.states import OPEN
from shared.contracts.base import Event
from shared.errors import ConcurrentChange
from shared.repository import persistently
from shared.telemetry.metrics import TIPS_REPEATED
from shared.work import Work, Write


class KeptTips(Protocol):
    """Where tips are kept."""

    async def find_anywhere(self, id: str) -> Tip | None: ...

    def inserting(self, aggregates: Sequence[Tip]) -> Write: ...

    def replacing(self, before: Tip, after: Tip) -> Write: ...


async def keep_tip(
    tip: Tip,
    events: Sequence[Event],
    writes: Sequence[Write],
    *,
    same: str | None,
    repeats: Repeats,
    tips: KeptTips,
    work: Work,
) -> Tip:
    """The new tip; if the window knows the same report, merged into the first one of it.

    Shape: `same` is the digest of the report, None if it is not to be compared.
    """
    if same is not None:
        async with repeats.alone(same):
            try:
                return await persistently(lambda: _one_of_the_same(tip, events, writes, same, repeats, tips, work))
            except ConcurrentChange:
                pass  # others were faster again and again: a report more is better than a report refused
    await work.commit(tip, events, tips.inserting([tip]), *writes)
    return tip


async def _one_of_the_same(
    tip: Tip, events: Sequence[Event], writes: Sequence[Write], same: str, repeats: Repeats, tips: KeptTips, work: Work
) -> Tip:
    now = work.clock.now()
    sighting = await repeats.seen(same, now)
    first = await tips.find_anywhere(sighting.first) if sighting.first else None
    if first is None or not _stands_for(first, tip):
        await work.commit(tip, events, tips.inserting([tip]), *writes, repeats.reports.noting(sighting, tip.id))
        return tip
    merged, told = tip.merge(first, at=now)
    stands = tips.replacing(first, first.repeat(1))
    await work.commit(merged, (*events, *told), tips.inserting([merged]), *writes, stands)
    TIPS_REPEATED.inc()
    return merged


def _stands_for(first: Tip, tip: Tip) -> bool:
    """Whether work on the first one goes on in the same place; else the report is a new case."""
    works = first.counts and first.status in OPEN and first.erased_at is None
    # Two processes may commit in another order than they took in.
    return works and first.unit == tip.unit and first.stream is tip.stream and not tip.is_before(first)
