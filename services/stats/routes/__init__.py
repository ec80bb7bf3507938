"""The statistics over HTTP."""

from services.stats.routes import contracts, figures, places

ROUTERS = (figures.router, places.router, contracts.router)
