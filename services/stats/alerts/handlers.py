"""Steps of alerts, each kept with its event and its messages; must not know HTTP nor what made it necessary."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from services.stats import windows
from services.stats.alerts.alert import Alert, AlertStatus
from services.stats.alerts.deliveries import Deliveries, Delivery, messages
from services.stats.alerts.findings import Observation
from services.stats.alerts.looking import may_be_judged
from services.stats.alerts.repository import Alerts, Rules
from services.stats.alerts.rules import MAX_RULES, HeartbeatRule, Rule, ThresholdRule
from services.stats.alerts.sealing import SecretKeys
from services.stats.alerts.subscriptions import (
    MAX_SUBSCRIPTIONS,
    Subscribe,
    Subscription,
    Subscriptions,
    WebhookSubscription,
)
from services.stats.alerts.webhook import NotDelivered, Webhook
from services.stats.catalogue import Kind
from services.stats.serving.served import Served
from shared.clock import Clock
from shared.contracts.alerts import AlertEvent
from shared.errors import InvalidInput
from shared.ids import new_id
from shared.places import Places
from shared.repository import persistently
from shared.work import Work

SECRET_BYTES: Final = 32

Step = Callable[[Alert], tuple[Alert, AlertEvent]]


@dataclass(frozen=True, slots=True)
class AlertBook:
    """Where alerts are kept, and who is told."""

    alerts: Alerts
    subscriptions: Subscriptions
    deliveries: Deliveries
    places: Places

    async def raise_alert(self, seen: Observation, *, work: Work) -> Alert:
        """A new alert. Raises: ConcurrentChange if one of the same rule and unit is open."""
        alert, event = Alert.raised(seen, id=new_id(), at=work.clock.now())
        told = await self._messages(alert, event)
        await work.commit(
            alert,
            [event],
            self.alerts.raising(alert),
            self.alerts.kept.inserting([alert]),
            self.deliveries.adding(told),
        )
        return alert

    async def step(self, id: str, step: Step, *, work: Work) -> Alert:
        """The alert after the step. Raises: NotFound; TransitionNotAllowed; ConcurrentChange."""

        async def attempt() -> Alert:
            before = await self.alerts.kept.find(id, work.caller)
            after, event = step(before)
            writes = [self.alerts.kept.replacing(before, after)]
            if after.status is AlertStatus.CLEARED:
                writes.append(self.alerts.clearing(after))
            told = await self._messages(after, event)
            await work.commit(after, [event], *writes, self.deliveries.adding(told))
            return after

        return await persistently(attempt)

    async def _messages(self, alert: Alert, event: AlertEvent) -> list[Delivery]:
        recipients = [each for each in await self.subscriptions.all() if each.wants(alert, self.places)]
        return messages(alert, event, recipients, at=event.time)


async def acknowledge_alert(id: str, *, book: AlertBook, work: Work) -> Alert:
    """The alert, looked after by the caller. Raises: NotFound; TransitionNotAllowed."""
    at, by = work.clock.now(), work.caller.subject
    return await book.step(id, lambda alert: alert.acknowledge(at=at, by=by), work=work)


# -- rules


async def put_rule(id: str, rule: Rule, *, rules: Rules, served: Served) -> Rule:
    """The rule, in force within a minute. Raises: InvalidInput if it could never see anything."""
    known = await rules.all()
    if id not in known and len(known) >= MAX_RULES:
        raise InvalidInput.of("rule_id", f"there are {MAX_RULES} rules already: change one of them")
    require_sound(rule, served)
    await rules.put(id, rule)
    return rule


def require_sound(rule: Rule, served: Served) -> None:
    """Raises: InvalidInput for an unknown figure, window or unit, and for chance that cannot be reckoned."""
    if isinstance(rule, HeartbeatRule):
        return
    catalogue = served.composition.catalogue
    if not served.composition.knows(rule.metric):
        raise InvalidInput.of("metric", f"{rule.metric!r} is not a figure of the catalogue")
    communes = {unit.code for unit in served.places.communes_of(rule.city)}
    if not communes:
        raise InvalidInput.of("city", f"{rule.city!r} is not the code of a city or province of today")
    if not isinstance(rule.units, str):
        _require_all(rule.units, communes, rule.city)
    if isinstance(rule, ThresholdRule):
        _require_limits(rule, served)
    elif rule.metric not in catalogue.metrics or not may_be_judged(catalogue.metrics[rule.metric].kind):
        raise InvalidInput.of("metric", "only counts of events can be judged by chance: choose a counted figure")


def _require_limits(rule: ThresholdRule, served: Served) -> None:
    catalogue, window = served.composition.catalogue, windows.find(rule.window, served.view.windows)
    if rule.minimum_events is not None and rule.metric not in catalogue.ratios:
        raise InvalidInput.of("minimum_events", f"{rule.metric!r} is not a ratio: it has no denominator")
    if rule.at_most is None:
        if rule.clear_above is not None:
            raise InvalidInput.of("clear_above", "belongs to at_most: at_least takes clear_below")
        if rule.calm_limit > rule.limit:
            raise InvalidInput.of("clear_below", "must not be above at_least")
        return
    if rule.clear_below is not None:
        raise InvalidInput.of("clear_below", "belongs to at_least: at_most takes clear_above")
    if rule.calm_limit < rule.limit:
        raise InvalidInput.of("clear_above", "must not be below at_most")
    counted = catalogue.metrics.get(rule.metric)
    if counted is not None and counted.kind is Kind.ADDITIVE and window.kind != "rolling":
        raise InvalidInput.of("window", "a count to date begins at nothing: at_most of a count takes a rolling window")


def _require_all(units: Collection[str], communes: Collection[str], city: str) -> None:
    for place, code in enumerate(units):
        if code not in communes:
            raise InvalidInput.of(f"units[{place}]", f"{code} is not a commune of {city} today")


# -- subscriptions


async def subscribe(
    command: Subscribe,
    *,
    subscriptions: Subscriptions,
    webhook: Webhook,
    keys: SecretKeys,
    places: Places,
    mail_works: bool,
    clock: Clock,
) -> tuple[Subscription, str | None]:
    """A new recipient, and the secret that signs what a webhook is sent, kept under seal. Raises: InvalidInput."""
    if await subscriptions.count() >= MAX_SUBSCRIPTIONS:
        raise InvalidInput.of("channel", f"there are {MAX_SUBSCRIPTIONS} subscriptions already")
    for place, code in enumerate(command.units):
        if code != "*" and not places.exists(code):
            raise InvalidInput.of(f"units[{place}]", f"{code} is not the code of a unit")
    id, secret = new_id(), None
    if isinstance(command, WebhookSubscription):
        if not keys.can_seal:
            raise InvalidInput.of("channel", "no key for the secrets of webhooks is set up (PULSE_WEBHOOK_KEYS_FILE)")
        try:
            await webhook.check(command.url)
        except NotDelivered as error:
            raise InvalidInput.of("url", str(error)) from None
        secret = secrets.token_urlsafe(SECRET_BYTES)
    elif not mail_works:
        raise InvalidInput.of("channel", "no server for e-mail is set up")
    subscription = Subscription(
        id=id,
        channel=command.channel,
        units=command.units,
        severity=command.severity,
        level=command.level,
        url=command.url if isinstance(command, WebhookSubscription) else None,
        to=() if isinstance(command, WebhookSubscription) else command.to,
        sealed=None if secret is None else keys.seal(secret, id),
        created_at=clock.now(),
    )
    await subscriptions.add(subscription)
    return subscription, secret
