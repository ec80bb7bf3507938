"""The paths of this service, one module per kind of thing; they turn requests into calls and decide nothing."""

from services.awards.routes import awards, campaigns, community_models, exemplars, imports, legal_instruments

ROUTERS = (
    awards.router,
    campaigns.router,
    exemplars.router,
    community_models.router,
    legal_instruments.router,
    imports.router,
)
