"""Composition of what the API keeps: publications, alerts and their one writer. Serves no figure and knows no route."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from services.stats.alerts.deliveries import Deliveries
from services.stats.alerts.delivering import Delivering
from services.stats.alerts.handlers import AlertBook
from services.stats.alerts.mail import Mail
from services.stats.alerts.repository import Alerts, Looks, Rules
from services.stats.alerts.sealing import SecretKeys
from services.stats.alerts.subscriptions import Subscriptions
from services.stats.alerts.watching import Watching
from services.stats.alerts.webhook import Webhook
from services.stats.feed import Feed
from services.stats.publications.causes import Causes
from services.stats.publications.repository import Publications
from services.stats.publications.restating import Restating
from services.stats.queries.composition import Composition
from services.stats.records import Records
from services.stats.serving.served import Served
from services.stats.settings import StatsSettings
from services.stats.writing import LeasedWriter
from shared.clock import Clock
from shared.places import Places


class Desk:
    """The parts of publications and alerts, and their life."""

    def __init__(
        self,
        settings: StatsSettings,
        clock: Clock,
        feed: Feed,
        composition: Composition,
        places: Places,
        generation: str,
        causes: Causes,
        records: Records,
    ) -> None:
        store = records.runtime.store
        self.records = records
        self.served = Served(feed, composition, places, settings.zone, generation)
        self.publications = Publications(store)
        self.restating = Restating(
            self.publications, self.served, records, causes, clock, settle_s=settings.publication_settle_s
        )
        self.book = AlertBook(Alerts(store), Subscriptions(store), Deliveries(store), places)
        self.rules = Rules(store, city=settings.city)
        self.looks = Looks(store)
        self.keys = SecretKeys.read(settings.webhook_keys_file)
        self.webhook = Webhook(allow_private=settings.webhooks_to_private)
        self.mail = Mail(settings)
        self.watching = Watching(settings, self.book, self.rules, self.looks, self.served, feed, records, clock)
        delivering = Delivering(
            self.book.deliveries, self.book.subscriptions, self.webhook, self.keys, self.mail, clock
        )
        jobs = [
            ("restating", self.restating.run),
            ("watching", self.watching.run),
            ("delivering", delivering.run),
        ]
        self.writer = LeasedWriter(records, jobs)

    def notify(self, rows: Iterable[str]) -> None:
        """Figures of these rows changed."""
        changed = frozenset(rows)
        self.restating.notify(changed)
        self.watching.notify(changed)

    def notify_everything(self) -> None:
        """Other figures are served from now on."""
        self.restating.notify_everything()

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the store open, publish what is committed and write whenever the lease is free, until `stop`."""
        writing = asyncio.create_task(self.writer.run(stop), name="writer")
        try:
            openings = [self.publications.open, self.book.alerts.open, self.book.deliveries.open, self._seal_anew]
            await self.records.run(openings, stop)
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
            await self.webhook.close()
            self.records.close()

    async def _seal_anew(self) -> None:
        await self.book.subscriptions.seal_anew(self.keys)
