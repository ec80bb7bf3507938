"""The paths of this service, one module per kind of thing; they turn requests into calls and decide nothing."""

from services.patrols.routes import imports, incidents, outreach, patrols, teams

ROUTERS = (teams.router, patrols.router, incidents.router, outreach.router, imports.router)
