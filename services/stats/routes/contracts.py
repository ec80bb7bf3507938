"""What integrators build on, as a document and as a page."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from services.stats import asyncapi_page
from services.stats.routes.answer import TAGGED, answer
from shared.contracts import asyncapi

router = APIRouter(tags=["contracts"])


@router.get("/asyncapi.json", responses=TAGGED)
async def get_asyncapi(request: Request) -> Response:
    """The events of the whole system as an AsyncAPI 3 document."""
    return answer(request, _document())


@router.get("/asyncapi", response_class=HTMLResponse)
async def read_asyncapi() -> HTMLResponse:
    """The same document as a page for people."""
    page = HTMLResponse(asyncapi_page.page(_document()))
    page.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return page


@cache
def _document() -> dict[str, Any]:
    return asyncapi.document()
