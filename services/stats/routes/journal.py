"""The journal of what the statistics publish; refused as long as the store has not answered."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from services.stats.deps import open_desk
from shared.outbox.entries import Outbox
from shared.outbox.journal import journal_router


def journal_of(outbox: Outbox) -> APIRouter:
    """`GET /v1/journal` and `GET /v1/journal/units` for publications and alerts."""
    router = APIRouter(dependencies=[Depends(open_desk)])
    router.include_router(journal_router(outbox))
    return router
