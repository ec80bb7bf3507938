"""Compares what was published with what is served now, and records what has changed; freezes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from services.stats.publications.causes import Causes, Explanation, Reason, by_source, explanation
from services.stats.publications.handlers import skipped, told
from services.stats.publications.publication import Publication, Skipped, differences, moved, repaired
from services.stats.publications.repository import Publications
from services.stats.publications.restatement import Restatement, changes, otherwise, restatement_id
from services.stats.queries.composition import Composition, Stated
from services.stats.records import WRITER, Records
from services.stats.serving.served import Served
from shared.clock import Clock
from shared.contracts import figures as contract
from shared.contracts.figures import (
    ExplainedRestatement,
    PublicationRestated,
    RestatedFigure,
    RestatementExplained,
)
from shared.errors import ConcurrentChange
from shared.telemetry import metrics

# Intervals end and panes expire without any event.
EVERYTHING_EVERY: Final = timedelta(minutes=10)
EXPLAINED_AT_ONCE: Final = 50
# A ledger is seconds behind; what is not explained by then may never be, and costs a search each time.
SOUGHT_EVERY: Final = timedelta(minutes=10)

_log = structlog.get_logger(__name__)


class Restating:
    """The job that restates published figures. What it does is safe to repeat, and to do twice at the same time."""

    def __init__(
        self,
        publications: Publications,
        served: Served,
        records: Records,
        causes: Causes,
        clock: Clock,
        *,
        settle_s: float,
    ) -> None:
        self._publications = publications
        self._served = served
        self._records = records
        self._causes = causes
        self._clock = clock
        self._settle_s = settle_s
        self._rows: set[str] = set()
        self._everything = True
        self._wake = asyncio.Event()

    def notify(self, rows: Iterable[str]) -> None:
        """Figures of these units changed."""
        self._rows.update(rows)
        self._wake.set()

    def notify_everything(self) -> None:
        """Other figures are served from now on."""
        self._everything = True
        self._wake.set()

    async def run(self) -> None:
        """Compare again and again, until cancelled: all at first, then what has changed once it has settled."""
        everything_at = self._clock.now()
        while True:
            if self._clock.now() >= everything_at:
                self._everything = True
                everything_at = self._clock.now() + EVERYTHING_EVERY
            if self._served.is_live and (self._everything or self._rows):
                await self._compare_noted()
            if self._served.is_live:
                await self.explain()
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settle_s):
                    await self._wake.wait()
            # A change seldom comes alone: what follows within this time is compared with it.
            await asyncio.sleep(self._settle_s)

    async def _compare_noted(self) -> None:
        # Taken before anything is awaited: what changes meanwhile is noted for the next time.
        everything, rows = self._everything, frozenset(self._rows)
        self._everything, self._rows = False, set()
        await self.compare(None if everything else rows)

    async def compare(self, units: frozenset[str] | None) -> int:
        """Restate what changed in the publications with these units; in all of them without. Returns how many."""
        restated = 0
        async for publication in self._publications.touching(units):
            if not self._served.is_live:
                self._everything = True
                break
            with suppress(ConcurrentChange):  # another writer was first, with the same or with newer figures
                restated += await self._compare(publication)
        return restated

    async def explain(self) -> None:
        """Fill in and tell the reasons that were not known when the figures were restated."""
        now = self._clock.now()
        for restatement in await self._publications.unexplained(now, EXPLAINED_AT_ONCE):
            publication = await self._publications.find(restatement.publication)
            found = await self._explained(publication, restatement)
            if found.reason is Reason.NOT_YET_EXPLAINED:
                # As long again as it has waited: often at first, seldom what nothing explains.
                waiting = min(now - restatement.as_of, SOUGHT_EVERY)
                await self._publications.postpone(restatement.id, now + waiting)
                continue
            event = explained(publication, restatement, found, at=now)
            with suppress(ConcurrentChange):  # another writer has told it
                await self._records.work(WRITER).commit(
                    restatement, [event], self._publications.explaining(restatement.id, found)
                )

    async def _compare(self, publication: Publication) -> int:
        served, as_of = self._served, self._clock.now()
        # All of one state: nothing is awaited until positions and figures are read.
        codes, topics = served.codes_behind(publication.unit), served.topics(publication.metrics)
        positions, lacking = served.positions(codes, topics), skipped(served, codes, topics)
        incomplete = served.incomplete()
        if publication.obstacle(positions, served.lineages(), as_of=as_of, zone=served.zone) is not None:
            return 0
        now = served.comparable(publication.units, publication.metrics, publication.interval(served.zone))
        frozen = await self._publications.table(publication.id)
        stated = publication.stated(frozen)
        changed = {cell: now[cell] for cell in differences(stated, now)}
        if changed:
            published = publication.published(frozen)
            restatements = [
                await self._restatement(
                    publication, number, cell, published[cell], stated[cell], figure, positions, lacking
                )
                for number, (cell, figure) in enumerate(changed.items(), publication.restatements + 1)
            ]
            after = publication.restate(
                changed,
                tuple(sorted(positions.items())),
                served.generation,
                skipped=lacking,
                incomplete=incomplete,
            )
            await self._record(publication, after, restatements)
        return len(changed)

    async def _restatement(
        self,
        publication: Publication,
        number: int,
        cell: tuple[str, str],
        published: Stated,
        last: Stated,
        now: Stated,
        positions: Mapping[str, int],
        lacking: Skipped,
    ) -> Restatement:
        unit, metric = cell
        basis = publication.basis(unit)
        codes, topics = self._served.codes_behind(unit), self._served.topics([metric])
        then, moved_to = moved(basis.positions, positions, codes, topics)
        restatement = Restatement(
            id=restatement_id(publication.id, number),
            publication=publication.id,
            number=number,
            unit=unit,
            metric=metric,
            published=published,
            last_stated=last,
            now=now,
            as_of=self._clock.now(),
            positions_then=then,
            positions_now=moved_to,
            explanation=Explanation(Reason.NOT_YET_EXPLAINED),
            repaired=repaired(basis.skipped, lacking, codes, topics),
            otherwise=otherwise(
                publication, unit, self._served.generation, is_ahead=self._served.composition.is_ahead(metric)
            ),
        )
        found = await self._explained(publication, restatement)
        return msgspec.structs.replace(restatement, explanation=found)

    async def _explained(self, publication: Publication, restatement: Restatement) -> Explanation:
        if not self._served.composition.knows(restatement.metric):  # it was in the catalogue when it was restated
            return Explanation(Reason.NOT_YET_EXPLAINED)
        parts = self._served.composition.parts(restatement.metric)
        all_known = await self._causes.known(by_source(restatement.positions_now))
        found = await explanation(
            self._causes,
            restatement.unit,
            changes(parts, restatement.last_stated, restatement.now),
            publication.interval(self._served.zone),
            restatement.positions_then,
            restatement.positions_now,
            restatement.repaired,
        )
        if found.reason is Reason.NOT_YET_EXPLAINED and all_known:
            return Explanation(restatement.otherwise)
        return found

    async def _record(self, before: Publication, after: Publication, restatements: Sequence[Restatement]) -> None:
        work = self._records.work(WRITER)
        events = [restated(before, each, self._served.composition) for each in restatements]
        await work.commit(
            after, events, self._publications.kept.replacing(before, after), self._publications.restating(restatements)
        )
        metrics.RESTATEMENTS.inc(len(restatements))
        _log.info("published figures were restated", publication=before.id, figures=len(restatements))


def restated(publication: Publication, restatement: Restatement, composition: Composition) -> PublicationRestated:
    """The event of one restated figure."""
    metric = restatement.metric
    found = restatement.explanation
    facts = RestatedFigure(
        publication=publication.id,
        name=publication.name,
        unit=restatement.unit,
        metric=metric,
        published=told(composition, metric, restatement.published),
        last_stated=told(composition, metric, restatement.last_stated),
        now=told(composition, metric, restatement.now),
        as_of=restatement.as_of,
        positions_then=dict(restatement.positions_then),
        positions_now=dict(restatement.positions_now),
        reason=found.reason.value,
        causes=_causes(found),
        more_causes=found.more,
        number=restatement.number,
    )
    return PublicationRestated(
        time=restatement.as_of, subject=publication.id, partitionkey=publication.unit, data=facts
    )


def explained(
    publication: Publication, restatement: Restatement, found: Explanation, *, at: datetime
) -> RestatementExplained:
    """The event of a reason that was found after the restatement was told."""
    facts = ExplainedRestatement.model_validate(
        {
            "publication": publication.id,
            "name": publication.name,
            "number": restatement.number,
            "unit": restatement.unit,
            "metric": restatement.metric,
            "as_of": restatement.as_of,
            "reason": found.reason.value,
            "causes": _causes(found),
            "more_causes": found.more,
        }
    )
    return RestatementExplained(time=at, subject=publication.id, partitionkey=publication.unit, data=facts)


def _causes(found: Explanation) -> tuple[contract.Cause, ...]:
    return tuple(contract.Cause(**msgspec.structs.asdict(cause)) for cause in found.causes)
