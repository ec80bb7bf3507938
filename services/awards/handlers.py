"""What this service does on request: load, let the domain decide, keep with the events; must not know HTTP."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.awards.commands import (
    BringLegalInstrumentIntoForce,
    ConferAward,
    CorrectAward,
    DiscontinueCommunityModel,
    HonourExemplar,
    LaunchCampaign,
    LaunchCommunityModel,
    ProposeAward,
    RecogniseCommunityModel,
    ReplicateCommunityModel,
    Withdraw,
)
from services.awards.domain import Award, Campaign, CommunityModel, Exemplar, LegalInstrument
from shared.contracts.base import Event
from shared.errors import InvalidInput
from shared.ids import new_id
from shared.placing import beginning_of_day, require_unit_at, unit_of_fact
from shared.repository import Aggregates
from shared.security import Principal
from shared.work import Work

# -- what a request says as an aggregate; the import of records begins from here as well


def proposed_award(command: ProposeAward, *, id: str, caller: Principal) -> tuple[Award, Sequence[Event]]:
    """The award and its first event. Raises: InvalidInput without any time."""
    at = command.conferred_at or command.proposed_at
    if at is None:
        raise InvalidInput.of("proposed_at", "tell when it was proposed or conferred")
    return Award.propose(
        id=id,
        unit=unit_of_fact(command.unit, at=at, caller=caller),
        kind=command.kind,
        issuer=command.issuer,
        recipient=command.recipient,
        recipient_name=command.recipient_name,
        reason=command.reason,
        for_year=command.for_year,
        proposed_at=command.proposed_at,
        conferred_at=command.conferred_at,
    )


def launched_campaign(
    command: LaunchCampaign, *, id: str, previous: str | None, caller: Principal
) -> tuple[Campaign, Sequence[Event]]:
    """The campaign and its first event; `previous` is the id of the edition before."""
    return Campaign.launch(
        id=id,
        unit=unit_of_fact(command.unit, at=command.launched_at, caller=caller),
        title=command.title,
        title_en=command.title_en,
        launched_at=command.launched_at,
        from_date=command.from_date,
        to_date=command.to_date,
        previous=previous,
    )


def honoured_exemplar(command: HonourExemplar, *, id: str, caller: Principal) -> tuple[Exemplar, Sequence[Event]]:
    """The exemplar and its first event."""
    return Exemplar.honour(
        id=id,
        unit=unit_of_fact(command.unit, at=command.honoured_at, caller=caller),
        organisation=command.organisation,
        full_name=command.full_name,
        honoured_at=command.honoured_at,
    )


def launched_community_model(
    command: LaunchCommunityModel, *, id: str, caller: Principal
) -> tuple[CommunityModel, Sequence[Event]]:
    """The model and its first event."""
    return CommunityModel.launch(
        id=id,
        unit=unit_of_fact(command.unit, at=command.launched_at, caller=caller),
        nature=command.nature,
        title=command.title,
        launched_at=command.launched_at,
    )


def legal_instrument_in_force(
    command: BringLegalInstrumentIntoForce, *, id: str, caller: Principal, now: datetime
) -> tuple[LegalInstrument, Sequence[Event]]:
    """The instrument and its first event. Raises: InvalidInput before its day has come."""
    entered_at = beginning_of_day(command.in_force_from)
    if entered_at > now:
        raise InvalidInput.of("in_force_from", "must not be in the future")
    return LegalInstrument.bring_into_force(
        id=id,
        unit=unit_of_fact(command.unit, at=entered_at, caller=caller),
        number=command.number,
        title=command.title,
        title_en=command.title_en,
        in_force_from=command.in_force_from,
        in_force_to=command.in_force_to,
        entered_at=entered_at,
    )


# -- awards


async def propose_award(command: ProposeAward, *, awards: Aggregates[Award], work: Work) -> Award:
    """A new award, proposed or conferred."""
    award, events = proposed_award(command, id=new_id(), caller=work.caller)
    return await awards.add(award, events, work=work)


async def confer_award(award_id: str, command: ConferAward, *, awards: Aggregates[Award], work: Work) -> Award:
    """The award, handed over."""
    return await awards.change(award_id, lambda award: award.confer(at=command.conferred_at), work=work)


async def correct_award(award_id: str, command: CorrectAward, *, awards: Aggregates[Award], work: Work) -> Award:
    """The award with facts put right."""
    now = work.clock.now()

    def correct(award: Award) -> tuple[Award, Sequence[Event]]:
        require_unit_at(award.unit, at=command.conferred_at, field="conferred_at")
        return award.correct(at=now, **command.facts())

    return await awards.change(award_id, correct, work=work)


async def revoke_award(award_id: str, command: Withdraw, *, awards: Aggregates[Award], work: Work) -> Award:
    """The award, counted nowhere any more."""
    now = work.clock.now()
    return await awards.change(award_id, lambda award: award.revoke(at=now, reason=command.reason), work=work)


# -- campaigns


async def launch_campaign(command: LaunchCampaign, *, campaigns: Aggregates[Campaign], work: Work) -> Campaign:
    """A new campaign. Raises: InvalidInput if it names an edition before that does not exist."""
    if command.previous is not None:
        require_known(command.previous, await campaigns.find_known([command.previous], work.caller))
    campaign, events = launched_campaign(command, id=new_id(), previous=command.previous, caller=work.caller)
    return await campaigns.add(campaign, events, work=work)


def require_known(previous: str, known: Mapping[str, Campaign]) -> None:
    """Raises: InvalidInput unless the edition before is known."""
    if previous not in known:
        raise InvalidInput.of("previous", f"there is no campaign {previous}")


# -- exemplars


async def honour_exemplar(command: HonourExemplar, *, exemplars: Aggregates[Exemplar], work: Work) -> Exemplar:
    """A new exemplar."""
    exemplar, events = honoured_exemplar(command, id=new_id(), caller=work.caller)
    return await exemplars.add(exemplar, events, work=work)


async def withdraw_exemplar(
    exemplar_id: str, command: Withdraw, *, exemplars: Aggregates[Exemplar], work: Work
) -> Exemplar:
    """The exemplar, counted nowhere any more."""
    now = work.clock.now()
    return await exemplars.change(
        exemplar_id, lambda exemplar: exemplar.withdraw(at=now, reason=command.reason), work=work
    )


# -- community models


async def launch_community_model(
    command: LaunchCommunityModel, *, models: Aggregates[CommunityModel], work: Work
) -> CommunityModel:
    """A new model."""
    model, events = launched_community_model(command, id=new_id(), caller=work.caller)
    return await models.add(model, events, work=work)


async def recognise_community_model(
    model_id: str, command: RecogniseCommunityModel, *, models: Aggregates[CommunityModel], work: Work
) -> CommunityModel:
    """The model, recognised."""
    return await models.change(model_id, lambda model: model.recognise(at=command.recognised_at), work=work)


async def replicate_community_model(
    model_id: str, command: ReplicateCommunityModel, *, models: Aggregates[CommunityModel], work: Work
) -> CommunityModel:
    """The model, taken up nationwide."""
    return await models.change(model_id, lambda model: model.replicate(at=command.replicated_at), work=work)


async def discontinue_community_model(
    model_id: str, command: DiscontinueCommunityModel, *, models: Aggregates[CommunityModel], work: Work
) -> CommunityModel:
    """The model, kept up no longer."""
    return await models.change(model_id, lambda model: model.discontinue(at=command.discontinued_at), work=work)


# -- legal instruments


async def bring_legal_instrument_into_force(
    command: BringLegalInstrumentIntoForce, *, instruments: Aggregates[LegalInstrument], work: Work
) -> LegalInstrument:
    """A new instrument."""
    instrument, events = legal_instrument_in_force(command, id=new_id(), caller=work.caller, now=work.clock.now())
    return await instruments.add(instrument, events, work=work)


async def withdraw_legal_instrument(
    instrument_id: str, command: Withdraw, *, instruments: Aggregates[LegalInstrument], work: Work
) -> LegalInstrument:
    """The instrument, no longer offered as a window."""
    now = work.clock.now()
    return await instruments.change(
        instrument_id, lambda instrument: instrument.withdraw(at=now, reason=command.reason), work=work
    )
