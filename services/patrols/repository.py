"""Where this service keeps its aggregates; owns the names of its collections."""

from dataclasses import dataclass, fields
from typing import Self

from services.patrols.domain import Incident, Member, OutreachSession, Patrol, Team
from shared.repository import Aggregates
from shared.store.client import Store


@dataclass(frozen=True, slots=True)
class Repositories:
    """All aggregates of this service."""

    teams: Aggregates[Team]
    members: Aggregates[Member]
    patrols: Aggregates[Patrol]
    incidents: Aggregates[Incident]
    outreach_sessions: Aggregates[OutreachSession]

    @classmethod
    def of(cls, store: Store) -> Self:
        return cls(
            teams=Aggregates(store, "teams", Team),
            members=Aggregates(store, "members", Member),
            patrols=Aggregates(store, "patrols", Patrol),
            incidents=Aggregates(store, "incidents", Incident),
            outreach_sessions=Aggregates(store, "outreach_sessions", OutreachSession),
        )

    async def open(self) -> None:
        """Make the indexes; safe to repeat."""
        for each in fields(self):
            await getattr(self, each.name).open()
