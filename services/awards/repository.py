"""Where this service keeps its aggregates; owns the names of its collections."""

from dataclasses import dataclass, fields
from typing import Self

from services.awards.domain import Award, Campaign, CommunityModel, Exemplar, LegalInstrument
from shared.repository import Aggregates
from shared.store.client import Store


@dataclass(frozen=True, slots=True)
class Repositories:
    """All aggregates of this service."""

    awards: Aggregates[Award]
    campaigns: Aggregates[Campaign]
    exemplars: Aggregates[Exemplar]
    community_models: Aggregates[CommunityModel]
    legal_instruments: Aggregates[LegalInstrument]

    @classmethod
    def of(cls, store: Store) -> Self:
        return cls(
            awards=Aggregates(store, "awards", Award),
            campaigns=Aggregates(store, "campaigns", Campaign),
            exemplars=Aggregates(store, "exemplars", Exemplar),
            community_models=Aggregates(store, "community_models", CommunityModel),
            legal_instruments=Aggregates(store, "legal_instruments", LegalInstrument),
        )

    async def open(self) -> None:
        """Make the indexes; safe to repeat."""
        for each in fields(self):
            await getattr(self, each.name).open()
