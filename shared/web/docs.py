"""The API documentation for people and its document; owns pages that work without the internet."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Final

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse

from shared.errors import NotFound
from shared.web.answers import etagged

_ASSETS: Final = Path(__file__).with_name("vendor") / "swagger-ui"
_TYPES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
_POLICY: Final = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
# Addresses are relative so that the page works behind a gateway that adds a prefix.
_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="docs/favicon-32x32.png">
<div id="reference"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</html>
"""
_START: Final = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  validatorUrl: null,
});
"""

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
async def openapi_document(request: Request) -> Response:
    """The OpenAPI document of this service."""
    return etagged(request, orjson.dumps(request.app.openapi()))


@router.get("/docs")
async def reference(request: Request) -> Response:
    """The API reference as a page."""
    return HTMLResponse(_PAGE.format(title=escape(request.app.title)), headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/start.js")
async def start() -> Response:
    """The script that opens the reference; a file of its own because the policy allows no inline script."""
    return Response(_START, media_type="text/javascript")


@router.get("/docs/{asset}")
async def reference_asset(asset: str) -> Response:
    """One file of the reference page."""
    media_type = _TYPES.get(asset)
    if media_type is None:
        raise NotFound("The reference has no such file.")
    return FileResponse(_ASSETS / asset, media_type=media_type, headers={"Cache-Control": "max-age=3600"})
