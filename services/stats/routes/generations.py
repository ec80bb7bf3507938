"""What came of folding everything a second time, over HTTP; must not decide anything."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.stats.deps import FeedDep, Reader
from services.stats.routes.answer import TAGGED, answer
from shared.contracts.stats import SelfCheck
from shared.views import Cursor
from shared.web import Limit, Page
from shared.web.answers import decode_cursor, encode_cursor

router = APIRouter(prefix="/v1", tags=["figures"], responses=TAGGED)

Outcome = Annotated[str | None, Query(pattern="^(agrees|differs|failed)$", description="Only those with it.")]


@router.get("/self-checks", response_model=Page[SelfCheck])
async def list_self_checks(
    request: Request, _: Reader, feed: FeedDep, outcome: Outcome = None, cursor: Cursor = None, limit: Limit = 100
) -> Response:
    """Self-checks, rebuilds and comparisons of generations, the latest first."""
    before = str(decode_cursor(cursor, id=str)["id"]) if cursor else None
    found = sorted(feed.control.checks.values(), key=lambda check: check.id, reverse=True)
    wanted = [check for check in found if outcome in (None, check.outcome) and (before is None or check.id < before)]
    more = len(wanted) > limit
    following = encode_cursor({"id": wanted[limit - 1].id}) if more else None
    return answer(request, Page[SelfCheck](items=wanted[:limit], next=following))
