"""Who may open an identity, and for how long."""

from datetime import UTC, datetime, timedelta

import pytest

from services.tips.custody.identity_request import IdentityRequest, IdentityRequestStatus
from shared.contracts.tips import TipStream
from shared.errors import Forbidden, TransitionNotAllowed

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def asked() -> IdentityRequest:
    return IdentityRequest(
        id="r", unit="00070", tip="t", stream=TipStream.CRIME_REPORT, number=0, requested_by="officer", requested_at=AT
    )


def test_an_approved_request_opens_for_its_time_and_no_longer() -> None:
    wish = asked().approve(by="custodian", at=AT, for_=HOUR)

    wish.require_open(at=AT)
    wish.require_open(at=AT + HOUR - timedelta(microseconds=1))
    with pytest.raises(TransitionNotAllowed, match="is over"):
        wish.require_open(at=AT + HOUR)


def test_whoever_asked_decides_nothing() -> None:
    with pytest.raises(Forbidden, match="second person"):
        asked().approve(by="officer", at=AT, for_=HOUR)
    with pytest.raises(Forbidden, match="second person"):
        asked().refuse(by="officer", at=AT)


def test_what_is_not_approved_opens_nothing() -> None:
    for wish in (asked(), asked().refuse(by="custodian", at=AT)):
        with pytest.raises(TransitionNotAllowed, match="opens nothing"):
            wish.require_open(at=AT)


def test_a_decision_stands() -> None:
    refused = asked().refuse(by="custodian", at=AT)

    assert (refused.status, refused.version, refused.opens_until) == (IdentityRequestStatus.REFUSED, 2, None)
    with pytest.raises(TransitionNotAllowed):
        refused.approve(by="custodian", at=AT, for_=HOUR)
