"""The paths of the desk, one module per kind of thing; they turn requests into calls and decide nothing."""

from services.tips.desk.routes import audit, identity_requests, search, tips

ROUTERS = (tips.router, search.router, identity_requests.router, audit.router)
