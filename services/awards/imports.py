"""Records of awards, campaigns, exemplars, models and instruments in bulk; owns how they refer to one another."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, TypeAdapter

from services.awards.commands import (
    BringLegalInstrumentIntoForce,
    HonourExemplar,
    LaunchCampaign,
    LaunchCommunityModel,
    ProposeAward,
)
from services.awards.handlers import (
    honoured_exemplar,
    launched_campaign,
    launched_community_model,
    legal_instrument_in_force,
    proposed_award,
)
from services.awards.repository import Repositories
from shared.clock import Clock
from shared.errors import InvalidInput
from shared.imports import Arrival, Record, TakeIn, Taken, import_id
from shared.repository import Aggregates
from shared.security import Principal
from shared.web import PastTime

SERVICE: Final = "awards"


class AwardRecord(ProposeAward, Record):
    """An award."""

    type: Literal["award"]


class CampaignRecord(LaunchCampaign, Record):
    """A campaign. `previous` is an id, or the key of a record in this or an earlier import."""

    type: Literal["campaign"]


class ExemplarRecord(HonourExemplar, Record):
    """An exemplar."""

    type: Literal["exemplar"]


class CommunityModelRecord(LaunchCommunityModel, Record):
    """A model with as much of its life as is known."""

    type: Literal["community_model"]
    recognised_at: PastTime | None = None
    replicated_at: PastTime | None = None
    discontinued_at: PastTime | None = None


class LegalInstrumentRecord(BringLegalInstrumentIntoForce, Record):
    """A legal instrument."""

    type: Literal["legal_instrument"]


AnyRecord = AwardRecord | CampaignRecord | ExemplarRecord | CommunityModelRecord | LegalInstrumentRecord


class AwardsIntake:
    """What the records of this service become."""

    records: Final[TypeAdapter[AnyRecord]] = TypeAdapter(Annotated[AnyRecord, Discriminator("type")])

    def __init__(self, repositories: Repositories, clock: Clock) -> None:
        self._campaigns = repositories.campaigns
        self._clock = clock
        self.collections: Final[Mapping[str, Aggregates[Any]]] = {
            "award": repositories.awards,
            "campaign": repositories.campaigns,
            "exemplar": repositories.exemplars,
            "community_model": repositories.community_models,
            "legal_instrument": repositories.legal_instruments,
        }

    async def begin(self, arrivals: Sequence[Arrival], caller: Principal) -> TakeIn:
        """The judge of one batch, who has looked up every campaign that it names."""
        campaigns = [arrival for arrival in arrivals if isinstance(arrival.record, CampaignRecord)]
        named = {id for arrival in campaigns if (previous := arrival.record.previous) for id in _possible_ids(previous)}
        known = set(await self._campaigns.find_known(named, caller)) if named else set()
        return _Judge(known | {arrival.id for arrival in campaigns}, caller, self._clock)


class _Judge:
    """Turns records into aggregates."""

    def __init__(self, campaigns: set[str], caller: Principal, clock: Clock) -> None:
        self._campaigns = campaigns
        self._caller = caller
        self._now = clock.now()
        self._take: Mapping[type, Callable[[Any, str], Taken]] = {
            AwardRecord: self._award,
            CampaignRecord: self._campaign,
            ExemplarRecord: self._exemplar,
            CommunityModelRecord: self._community_model,
            LegalInstrumentRecord: self._legal_instrument,
        }

    def __call__(self, arrival: Arrival) -> Taken:
        return self._take[type(arrival.record)](arrival.record, arrival.id)

    def _award(self, record: AwardRecord, id: str) -> Taken:
        return Taken(*proposed_award(record, id=id, caller=self._caller))

    def _campaign(self, record: CampaignRecord, id: str) -> Taken:
        previous = None
        if record.previous is not None:
            previous = next((known for known in _possible_ids(record.previous) if known in self._campaigns), None)
            if previous is None:
                raise InvalidInput.of("previous", f"there is no campaign {record.previous}")
        return Taken(*launched_campaign(record, id=id, previous=previous, caller=self._caller))

    def _exemplar(self, record: ExemplarRecord, id: str) -> Taken:
        return Taken(*honoured_exemplar(record, id=id, caller=self._caller))

    def _community_model(self, record: CommunityModelRecord, id: str) -> Taken:
        model, events = launched_community_model(record, id=id, caller=self._caller)
        life = list(events)
        if record.recognised_at is not None:
            model, events = model.recognise(at=record.recognised_at)
            life += events
        if record.replicated_at is not None:
            model, events = model.replicate(at=record.replicated_at)
            life += events
        if record.discontinued_at is not None:
            model, events = model.discontinue(at=record.discontinued_at)
            life += events
        return Taken(model, life)

    def _legal_instrument(self, record: LegalInstrumentRecord, id: str) -> Taken:
        return Taken(*legal_instrument_in_force(record, id=id, caller=self._caller, now=self._now))


def _possible_ids(reference: str) -> tuple[str, str]:
    """A campaign is called by the key of its record or by its id."""
    return import_id(SERVICE, "campaign", reference), reference
