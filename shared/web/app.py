"""The application that every service starts from; owns what they have in common, no route under /v1."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from shared.security import Authenticator
from shared.settings import Settings
from shared.web import docs, health, openapi, problems
from shared.web.health import Readiness
from shared.web.middleware import BodyGate, Surroundings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

API_VERSION: Final = "1.0.0"
_CLOSED_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def create_app(
    *,
    service: str,
    title: str,
    description: str,
    settings: Settings,
    lifespan: Lifespan,
    routers: Sequence[APIRouter],
    readiness: Readiness,
    authenticator: Authenticator | None = None,
    body_limits_bytes: Mapping[str, int] | None = None,
    content_security_policy: str = _CLOSED_POLICY,
) -> FastAPI:
    """A service with probes, metrics, problems, limits and documentation around its own routers.

    `authenticator` is made from the settings unless given; `body_limits_bytes` maps path prefixes to limits that
    differ from 1 MB. The state of the application holds `settings`, `readiness` and `authenticator`.
    """
    app = FastAPI(
        title=title,
        description=description,
        version=API_VERSION,
        lifespan=lifespan,
        generate_unique_id_function=_function_name,
        openapi_url=None,  # served by the router of the documentation, as are its pages
        # What is measured is our own catalogue; the built-in spans and logs would carry paths and inputs of callers.
        telemetry={"exclude": lambda _scope: True},
    )
    app.state.service = service
    app.state.settings = settings
    app.state.readiness = readiness
    app.state.authenticator = authenticator or Authenticator(settings)
    problems.install(app)
    openapi.install(app)
    # The last added is the outermost.
    app.add_middleware(BodyGate, limits=body_limits_bytes or {})
    app.add_middleware(Surroundings, headers={**_HEADERS, "Content-Security-Policy": content_security_policy})
    for router in (health.router, docs.router, *routers):
        app.include_router(router)
    return app


def _function_name(route: APIRoute) -> str:
    return route.name
