"""The launch of an emulation campaign; must not do I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, Self

from shared.aggregate import Aggregate
from shared.contracts.awards import CampaignChange, CampaignEvent, CampaignFacts, CampaignLaunched
from shared.errors import InvalidInput


class CampaignStatus(StrEnum):
    """Whether a campaign has begun."""

    LAUNCHED = "launched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign(Aggregate):
    """One emulation campaign. Its dates make a named window of the statistics."""

    NOUN: ClassVar = "campaign"
    TRANSITIONS: ClassVar[Mapping[CampaignStatus, frozenset[CampaignStatus]]] = {CampaignStatus.LAUNCHED: frozenset()}
    CHANGE: ClassVar = CampaignChange

    status: CampaignStatus
    title: str
    title_en: str | None
    launched_at: datetime
    from_date: date
    to_date: date | None
    previous: str | None

    @classmethod
    def launch(
        cls,
        *,
        id: str,
        unit: str,
        title: str,
        title_en: str | None,
        launched_at: datetime,
        from_date: date,
        to_date: date | None,
        previous: str | None,
    ) -> tuple[Self, tuple[CampaignEvent, ...]]:
        """A campaign that began. `to_date` is its last day, `previous` its edition before."""
        if to_date is not None and to_date < from_date:
            raise InvalidInput.of("to_date", "must not lie before from_date")
        campaign = cls(
            id=id,
            unit=unit,
            status=CampaignStatus.LAUNCHED,
            title=title,
            title_en=title_en,
            launched_at=launched_at,
            from_date=from_date,
            to_date=to_date,
            previous=previous,
        )
        return campaign, (campaign._tell(CampaignLaunched, was=None, at=launched_at),)

    @property
    def occurred_at(self) -> datetime:
        return self.launched_at

    def facts(self) -> CampaignFacts:
        """What figures need of it."""
        return CampaignFacts(
            title=self.title,
            title_en=self.title_en,
            launched_at=self.launched_at,
            from_date=self.from_date,
            to_date=self.to_date,
            previous=self.previous,
        )
