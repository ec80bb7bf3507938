"""What came of folding everything a second time, over HTTP; must not decide anything."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from services.stats.deps import FeedDep, Reader
from shared.contracts.stats import SelfCheck
from shared.views import Cursor
from shared.web import Limit, Page
from shared.web.answers import decode_cursor, encode_cursor

router = APIRouter(prefix="/v1", tags=["figures"])

Outcome = Annotated[str | None, Query(pattern="^(agrees|differs|failed)$", description="Only those with it.")]


@router.get("/self-checks")
async def list_self_checks(
    _: Reader, feed: FeedDep, outcome: Outcome = None, cursor: Cursor = None, limit: Limit = 100
) -> Page[SelfCheck]:
    """Self-checks, rebuilds and comparisons of generations, the latest first."""
    before = str(decode_cursor(cursor, id=str)["id"]) if cursor else None
    found = sorted(feed.control.checks.values(), key=lambda check: check.id, reverse=True)
    wanted = [check for check in found if outcome in (None, check.outcome) and (before is None or check.id < before)]
    more = len(wanted) > limit
    return Page(items=wanted[:limit], next=encode_cursor({"id": wanted[limit - 1].id}) if more else None)
