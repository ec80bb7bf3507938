"""The paths of this service, one module per kind of thing; they turn requests into calls and decide nothing."""

from services.tips.routes import advisory_documents, imports, reporters, tips

ROUTERS = (reporters.router, tips.router, advisory_documents.router, imports.router)
