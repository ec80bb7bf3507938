"""What may happen to awards, campaigns, exemplars, models and instruments, and what their events tell."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.awards.domain import (
    Award,
    AwardStatus,
    Campaign,
    CommunityModel,
    CommunityModelStatus,
    Exemplar,
    LegalInstrument,
)
from services.awards.domain.award import TRANSITIONS as AWARD_TRANSITIONS
from services.awards.domain.community_model import TRANSITIONS as MODEL_TRANSITIONS
from shared.contracts.awards import AwardIssuer, AwardKind, AwardRecipient, ModelNature, Organisation
from shared.errors import InvalidInput, TransitionNotAllowed

AT = datetime(2025, 1, 10, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def award(**changes: Any) -> tuple[Award, Any]:
    facts: dict[str, Any] = {
        "id": "a1",
        "unit": "01",
        "kind": AwardKind.GIAY_KHEN,
        "issuer": AwardIssuer.CITY_POLICE_DIRECTOR,
        "recipient": AwardRecipient.INDIVIDUAL,
        "recipient_name": "Phạm Văn Mẫu",
        "reason": "caught a thief",
        "for_year": 2024,
        "proposed_at": AT,
        "conferred_at": None,
        **changes,
    }
    return Award.propose(**facts)


def model() -> CommunityModel:
    return CommunityModel.launch(id="c1", unit="00070", nature=ModelNature.MODEL, title=None, launched_at=AT)[0]


def test_a_proposal_does_not_count_as_conferred() -> None:
    proposed, (event,) = award()

    assert event.type == "award.proposed.v1"
    assert event.data.is_.conferred_at is None
    conferred, (event,) = proposed.confer(at=AT + DAY)
    assert (event.type, event.time) == ("award.conferred.v1", AT + DAY)
    assert event.data.was == proposed.facts()
    assert event.data.is_ == conferred.facts()


def test_an_award_conferred_at_once_is_one_event() -> None:
    conferred, events = award(proposed_at=None, conferred_at=AT)

    assert [event.type for event in events] == ["award.conferred.v1"]
    assert conferred.status is AwardStatus.CONFERRED


def test_an_award_has_a_time_and_is_not_conferred_before_it_was_proposed() -> None:
    with pytest.raises(InvalidInput, match="proposed_at"):
        award(proposed_at=None)
    with pytest.raises(InvalidInput, match="conferred_at"):
        award(conferred_at=AT - DAY)
    with pytest.raises(InvalidInput, match="conferred_at"):
        award()[0].confer(at=AT - DAY)
    with pytest.raises(InvalidInput, match="conferred_at"):
        award()[0].correct(at=AT, conferred_at=AT)


def test_events_name_nobody_and_no_reason() -> None:
    proposed, events = award()
    _, (revoked,) = proposed.revoke(at=AT, reason="Mẫu was somebody else")
    exemplar, honoured = Exemplar.honour(
        id="e1", unit="01", organisation=Organisation.WOMEN, full_name="Lê Thị Mẫu", honoured_at=AT
    )
    _, withdrawn = exemplar.withdraw(at=AT, reason="not Mẫu")

    for event in (*events, revoked, *honoured, *withdrawn):
        text = event.model_dump_json()
        assert "Mẫu" not in text
        assert "thief" not in text


def test_what_is_revoked_or_withdrawn_counts_nowhere() -> None:
    revoked, (event,) = award(conferred_at=AT + DAY)[0].revoke(at=AT + 2 * DAY, reason="error")

    assert event.data.is_ is None
    with pytest.raises(TransitionNotAllowed):
        revoked.correct(at=AT, kind=AwardKind.GIFT)


def test_a_campaign_ends_on_or_after_its_first_day() -> None:
    facts: dict[str, Any] = {
        "id": "k1", "unit": "87", "title": "Thi đua", "title_en": None, "launched_at": AT, "previous": None,
    }  # fmt: skip

    campaign, (event,) = Campaign.launch(**facts, from_date=date(2025, 1, 1), to_date=date(2025, 1, 1))

    assert event.data.is_ == campaign.facts()
    with pytest.raises(InvalidInput, match="to_date"):
        Campaign.launch(**facts, from_date=date(2025, 1, 2), to_date=date(2025, 1, 1))


def test_an_instrument_is_in_force_until_it_is_withdrawn() -> None:
    instrument, (entered,) = LegalInstrument.bring_into_force(
        id="l1", unit="01", number="12/NQ", title="Nghị quyết 12", title_en=None,
        in_force_from=date(2022, 7, 25), in_force_to=None, entered_at=AT,
    )  # fmt: skip

    _, (withdrawn,) = instrument.withdraw(at=AT + DAY, reason="wrong number")

    assert withdrawn.data.was == entered.data.is_
    assert withdrawn.data.is_ is None


def test_a_model_spreads_step_by_step() -> None:
    with pytest.raises(TransitionNotAllowed):
        model().replicate(at=AT + DAY)
    recognised, _ = model().recognise(at=AT + DAY)
    with pytest.raises(InvalidInput, match="replicated_at"):
        recognised.replicate(at=AT)
    replicated, _ = recognised.replicate(at=AT + 2 * DAY)
    ended, (event,) = replicated.discontinue(at=AT + 3 * DAY)

    assert ended.status is CommunityModelStatus.DISCONTINUED
    assert event.data.is_ is not None
    assert event.data.is_.replicated_at == AT + 2 * DAY


AWARD_STEPS: dict[str, Any] = {
    "confer": lambda award, at: award.confer(at=at),
    "correct": lambda award, at: award.correct(at=at, for_year=at.day + 2000),
    "revoke": lambda award, at: award.revoke(at=at, reason="wrong"),
}


@given(st.booleans(), st.lists(st.sampled_from(sorted(AWARD_STEPS)), max_size=8))
def test_whatever_happens_to_an_award_its_events_chain_and_the_table_holds(over: bool, steps: list[str]) -> None:
    honour, _ = award(conferred_at=AT + DAY if over else None)
    told = honour.facts()

    for number, name in enumerate(steps, 2):
        try:
            after, (event,) = AWARD_STEPS[name](honour, AT + number * DAY)
        except TransitionNotAllowed:
            continue
        assert after.status == honour.status or after.status in AWARD_TRANSITIONS[honour.status]
        assert event.data.was == told
        honour, told = after, event.data.is_

    assert told == honour.facts()


def test_every_status_has_its_line_in_the_table() -> None:
    assert set(AWARD_TRANSITIONS) == set(AwardStatus)
    assert set(MODEL_TRANSITIONS) == set(CommunityModelStatus)
