"""The statistics over HTTP."""

from services.stats.routes import (
    alerts,
    contracts,
    downloads,
    explain,
    figures,
    generations,
    lateness,
    places,
    publications,
    reference_series,
)

ROUTERS = (
    figures.router,
    downloads.router,
    explain.router,
    places.router,
    contracts.router,
    publications.router,
    alerts.router,
    lateness.router,
    generations.router,
    reference_series.router,
)
