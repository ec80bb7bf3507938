"""Delivers what waits, again and again until it is taken or a day has passed; decides nothing about alerts."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from services.stats.alerts.deliveries import Deliveries, Delivery
from services.stats.alerts.mail import Mail
from services.stats.alerts.sealing import SecretKeys, UnreadableSecret
from services.stats.alerts.subscriptions import Subscriptions
from services.stats.alerts.webhook import NotDelivered, TargetRefused, Webhook
from shared.clock import Clock
from shared.telemetry import metrics

LOOK_S: Final = 1.0
AT_ONCE: Final = 16
RETRY_S: Final = 2.0  # the first wait; each following one is twice as long, up to a quarter of an hour

_log = structlog.get_logger(__name__)


class Delivering:
    """The job that delivers. A message may be sent twice: its id tells the recipient."""

    def __init__(
        self,
        deliveries: Deliveries,
        subscriptions: Subscriptions,
        webhook: Webhook,
        keys: SecretKeys,
        mail: Mail,
        clock: Clock,
        *,
        retry_s: float = RETRY_S,
    ) -> None:
        self._deliveries = deliveries
        self._subscriptions = subscriptions
        self._webhook = webhook
        self._keys = keys
        self._mail = mail
        self._clock = clock
        self._retry_s = retry_s

    async def run(self) -> None:
        """Deliver, until cancelled."""
        while True:
            due = await self._deliveries.due(self._clock.now(), AT_ONCE)
            await asyncio.gather(*(self._try(delivery) for delivery in due))
            metrics.DELIVERIES_PENDING.set(await self._deliveries.pending())
            if len(due) < AT_ONCE:
                await asyncio.sleep(LOOK_S)

    async def _try(self, delivery: Delivery) -> None:
        subscription = await self._subscriptions.find(delivery.subscription)
        if subscription is None:
            await self._deliveries.given_up(delivery, at=self._clock.now(), reason="the subscription was removed")
            return
        at = self._clock.now()
        try:
            if subscription.channel == "webhook":
                secret = self._keys.open(subscription.sealed or b"", subscription.id)
                await self._webhook.send(delivery, subscription.url or "", secret, at=at)
            else:
                await self._mail.send(delivery, subscription.to)
        except (NotDelivered, TargetRefused, UnreadableSecret) as error:
            await self._put_off(delivery, subscription.channel, str(error))
        else:
            await self._deliveries.delivered(delivery, at=self._clock.now())
            metrics.DELIVERY_ATTEMPTS.labels(subscription.channel, "delivered").inc()

    async def _put_off(self, delivery: Delivery, channel: str, reason: str) -> None:
        at = self._clock.now()
        later = delivery.later(at=at, retry_s=self._retry_s)
        outcome = "given_up" if later is None else "put_off"
        metrics.DELIVERY_ATTEMPTS.labels(channel, outcome).inc()
        _log.warning("a message of an alert was not delivered", delivery=delivery.id, reason=reason, outcome=outcome)
        if later is None:
            await self._deliveries.given_up(delivery, at=at, reason=reason)
        else:
            await self._deliveries.put_off(delivery, until=later, reason=reason)
