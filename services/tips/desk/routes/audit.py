"""Paths of the audit log; must not decide anything."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.tips.desk.deps import Auditor, Desk
from services.tips.desk.schemas import EntryView, HeadView
from shared.web import Limit, Page

router = APIRouter(prefix="/v1/audit", tags=["audit"])

Cursor = Annotated[str | None, Query(pattern=r"^[0-9]{1,15}$", description="`next` of the page before.")]


@router.get("/head")
async def show_head(_: Auditor, desk: Desk) -> HeadView:
    """Where the log ends. The same is published on tips.audit.v1 as it happens: keep it, and a cut tail shows."""
    return HeadView.of(await desk.audit.head())


@router.get("")
async def list_entries(_: Auditor, desk: Desk, cursor: Cursor = None, limit: Limit = 100) -> Page[EntryView]:
    """Who did what with sealed things, oldest first."""
    found = [entry async for entry in desk.audit.entries(after=int(cursor or 0), limit=limit + 1)]
    following = str(found[limit - 1].seq) if len(found) > limit else None
    return Page(items=[EntryView.of(entry) for entry in found[:limit]], next=following)
