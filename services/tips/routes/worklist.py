"""Paths by which officers find what to do next; must not decide anything."""

from dataclasses import replace
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query

from services.tips.cases import Wanted
from services.tips.deps import Kept, Reader
from services.tips.domain.clocks import ClockState
from services.tips.domain.duplicates import NEAR, duplicates_of
from services.tips.schemas import DuplicateView, WorkView
from shared.contracts.tips import TipStream
from shared.security import Principal
from shared.views import Cursor, UnitQuery
from shared.web import Limit, Page

router = APIRouter(prefix="/v1", tags=["case work"])

SUGGESTED: Final = 20  # nobody compares more than a screenful

Assigned = Annotated[
    str | None,
    Query(
        pattern=r"^[\x21-\x7e]{1,128}$",
        description="`me`, `nobody`, or the subject of an officer's token; everybody's unless given.",
    ),
]
Standing = Annotated[
    Literal["running", "warned", "missed"] | None,
    Query(description="Only tips with a clock in this state: in time, about to run out, or run out."),
]


Unread = Annotated[
    bool,
    Query(
        description="Only tips whose reporters wrote or sent what nobody has read at the desk, whether or not work is "
        "left on them; if a flood of messages waits, those that have waited longest."
    ),
]


@router.get("/worklist")
async def list_work(
    unit: UnitQuery,
    caller: Reader,
    kept: Kept,
    assigned: Assigned = None,
    clock: Standing = None,
    stream: TipStream | None = None,
    unread: Unread = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[WorkView]:
    """What is left to do in a unit, ordered by the deadline that comes next."""
    waiting = await kept.tips.on_their_own(await kept.vault.unread_within(unit)) if unread else None
    wanted = replace(_wanted(assigned, clock, stream, caller), among=waiting)
    found, following = await kept.tips.worklist(caller, wanted, unit=unit, cursor=cursor, limit=limit)
    ids = [tip.id for tip in found]
    copies = await kept.tips.ids_of_copies([tip.id for tip in found if tip.repeated])
    unread_in = await kept.tips.on_their_own(await kept.vault.unread([*ids, *copies]))
    return Page(items=[WorkView.of(tip, unread_in.get(tip.id, ())) for tip in found], next=following)


@router.get("/tips/{tip_id}/duplicates")
async def suggest_duplicates(tip_id: str, caller: Reader, kept: Kept) -> Page[DuplicateView]:
    """Tips of the same unit and stream that may report the same, at most 20, the likeliest first, with the reasons."""
    tip = await kept.tips.find(tip_id, caller)
    suggested = duplicates_of(tip, await kept.tips.around(tip, within=NEAR))
    return Page(items=[DuplicateView.model_validate(each) for each in suggested[:SUGGESTED]], next=None)


def _wanted(assigned: str | None, clock: str | None, stream: TipStream | None, caller: Principal) -> Wanted:
    return Wanted(
        assigned_to=None if assigned in (None, "nobody") else caller.subject if assigned == "me" else assigned,
        unassigned=assigned == "nobody",
        clock=ClockState(clock) if clock else None,
        stream=stream,
    )
