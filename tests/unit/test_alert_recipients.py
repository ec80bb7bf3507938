"""Who is told of an alert, when it is tried again, and what a recipient can check."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from services.stats.alerts.alert import MAX_ESCALATION, Alert
from services.stats.alerts.deliveries import GIVEN_UP_AFTER, LONGEST_WAIT, Delivery, messages
from services.stats.alerts.findings import Finding, Observation
from services.stats.alerts.mail import composed
from services.stats.alerts.subscriptions import Subscription
from services.stats.alerts.texts import CLEARED
from services.stats.alerts.webhook import signature
from shared.contracts.alerts import AlertKind, AlertRaised, ClearedReason, Severity
from shared.errors import TransitionNotAllowed
from shared.places import places

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
UNIT, OTHER, CITY = "00070", "00004", "01"
PATIENCE = timedelta(minutes=15)


def raised(severity: Severity = Severity.WARNING) -> tuple[Alert, AlertRaised]:
    seen = Observation(
        finding=Finding.FIRING,
        rule="fires-spike",
        kind=AlertKind.SPIKE,
        severity=severity,
        unit=UNIT,
        start=AT - timedelta(days=1),
        end=AT,
        metric="fire_incidents_handled",
        figure=5.0,
        text_vi="Cháy, nổ tăng bất thường. Phường Hoàn Kiếm: 5.",
        text_en="Unusually many fires.",
    )
    return Alert.raised(seen, id="a", at=AT)


def recipient(*units: str, severity: Severity = Severity.WARNING, level: int = 0, id: str = "s") -> Subscription:
    return Subscription(
        id=id,
        channel="webhook",
        units=units,
        severity=severity,
        level=level,
        url="https://example.org",
        to=(),
        created_at=AT,
    )


@pytest.mark.parametrize(("units", "told"), [((UNIT,), True), ((CITY,), True), (("*",), True), ((OTHER, "79"), False)])
def test_a_recipient_is_told_of_its_units(units: tuple[str, ...], told: bool) -> None:
    alert, _ = raised()

    assert recipient(*units).wants(alert, places()) is told


def test_a_recipient_of_grave_alerts_is_not_told_of_others() -> None:
    grave = recipient(CITY, severity=Severity.CRITICAL)

    assert not grave.wants(raised()[0], places())
    assert grave.wants(raised(Severity.CRITICAL)[0], places())


def test_the_next_recipients_are_told_once_nobody_has_answered() -> None:
    alert, _ = raised()
    later = AT + PATIENCE
    levels = [recipient(CITY, level=level) for level in range(MAX_ESCALATION + 1)]

    once, _ = alert.escalate(at=later)
    twice, _ = once.escalate(at=later)

    assert [[each.wants(step, places()) for each in levels] for step in (alert, once, twice)] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_an_alert_waits_its_time_and_not_for_ever() -> None:
    alert, _ = raised()
    escalated, _ = alert.escalate(at=AT + PATIENCE)
    taken, _ = alert.acknowledge(at=AT, by="somebody")

    assert not alert.is_overdue(at=AT + PATIENCE - timedelta(seconds=1), patience=PATIENCE)
    assert alert.is_overdue(at=AT + PATIENCE, patience=PATIENCE)
    assert not escalated.is_overdue(at=AT + PATIENCE + timedelta(minutes=1), patience=PATIENCE)
    assert not taken.is_overdue(at=AT + timedelta(days=1), patience=PATIENCE)
    assert not replace(alert, escalation=MAX_ESCALATION).is_overdue(at=AT + timedelta(days=1), patience=PATIENCE)


def test_what_is_over_cannot_be_taken_up() -> None:
    over, _ = raised()[0].clear(at=AT, reason=ClearedReason.CALM)

    with pytest.raises(TransitionNotAllowed):
        over.acknowledge(at=AT, by="somebody")
    with pytest.raises(TransitionNotAllowed):
        over.escalate(at=AT)


def test_messages_are_tried_ever_less_often_for_a_day() -> None:
    (message,) = messages(*raised(), [recipient(CITY)], at=AT)
    waits, at = [], AT

    while (later := message.later(at=at, retry_s=2.0)) is not None:
        waits.append(later - at)
        message, at = _tried(message), later

    assert waits[:4] == [timedelta(seconds=seconds) for seconds in (2, 4, 8, 16)]
    assert max(waits) == LONGEST_WAIT
    assert GIVEN_UP_AFTER - LONGEST_WAIT < at - AT <= GIVEN_UP_AFTER


def _tried(message: Delivery) -> Delivery:
    return Delivery(**{**{name: getattr(message, name) for name in message.__struct_fields__},
                       "attempts": message.attempts + 1})  # fmt: skip


def test_the_same_step_makes_the_same_ids_and_each_recipient_its_own() -> None:
    alert, event = raised()
    both = [recipient(CITY), recipient(UNIT, id="t")]

    first, again = messages(alert, event, both, at=AT), messages(alert, event, both, at=AT + PATIENCE)

    assert [each.id for each in first] == [each.id for each in again]
    assert len({each.id for each in first}) == 2


def test_a_message_tells_the_alert_but_not_who_takes_care() -> None:
    alert, _ = raised()
    taken, event = alert.acknowledge(at=AT, by="somebody")

    (message,) = messages(taken, event, [recipient(CITY)], at=AT)

    told = orjson.loads(message.body)
    assert (told["type"], told["alert"]["status"]) == ("alert.acknowledged.v1", "acknowledged")
    assert "somebody" not in message.body.decode()


def test_a_signature_covers_time_and_body() -> None:
    right = signature("secret", "1763884800", b"{}")

    # printf '1763884800.{}' | openssl dgst -sha256 -hmac secret
    assert right == "43d0bc4a81e4949e7ac0e746d179220a6c57dfe41a261386342538bd3772180e"
    assert right != signature("secret", "1763884801", b"{}")
    assert right != signature("secret", "1763884800", b"{ }")
    assert right != signature("other", "1763884800", b"{}")


def test_a_mail_says_it_in_both_languages_and_repeats_its_id() -> None:
    alert, event = raised()
    (message,) = messages(alert, event, [recipient(CITY)], at=AT)

    mail = composed(message, ["a@example.org", "b@example.org"], sender="Pulse <pulse@example.org>")

    assert mail["Subject"] == "[Cảnh báo] Cháy, nổ tăng bất thường"
    assert mail["Message-ID"] == f"<{message.id}@commune-pulse>"
    assert "Phường Hoàn Kiếm" in mail.get_content()
    assert "Unusually many fires." in mail.get_content()


@pytest.mark.parametrize(
    ("reason", "vi", "en"), [(reason, *texts) for reason, texts in CLEARED.items()], ids=list(CLEARED)
)
def test_a_mail_about_an_alert_that_is_over_says_why(reason: ClearedReason, vi: str, en: str) -> None:
    alert, _ = raised()
    (message,) = messages(*alert.clear(at=AT, reason=reason), [recipient(CITY)], at=AT)

    mail = composed(message, ["a@example.org"], sender="Pulse <pulse@example.org>")

    assert mail["Subject"] == "[Đã hết] Cháy, nổ tăng bất thường"
    assert f" {vi}\n" in mail.get_content()
    assert f" {en}\n" in mail.get_content()


def test_every_way_to_be_over_has_its_words() -> None:
    assert CLEARED.keys() == set(ClearedReason)
