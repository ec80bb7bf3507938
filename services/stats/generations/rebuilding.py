"""Folds everything anew beside the live state, partition by partition, and holds it against what is served.

Writes nothing unless it is told to keep what it folded, and then into a topic of its own. The served state is never
changed: readers are led to the new one by the pointer, or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
import structlog

from services.stats.engine import Fold, LineageChanged
from services.stats.generations.agreement import EXAMPLES, NOTHING_COMPARED, Agreement, Common, compare
from services.stats.generations.control import generation_of
from services.stats.generations.control_topic import ControlTopic
from services.stats.generations.replay import Replay, has_events
from services.stats.panes import Head, Snapshot, decode, encode, newest
from services.stats.state.topic import Entry, StateReader, TopicWriter
from shared.clock import Clock
from shared.contracts.stats import SelfCheck
from shared.contracts.topics import FACT_TOPICS, state_topic
from shared.messaging.admin import ensure_topics
from shared.settings import Settings

ATTEMPTS: Final = 5  # at a partition in which a flush or a repair is under way
BETWEEN_S: Final = 1.0

log = structlog.get_logger(__name__)

NewFold = Callable[[str, int, str], Fold]
"""A fold of a topic's partition, on a cluster."""


class NothingServed(Exception):
    """There is no state of these rules to hold anything against."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a rebuild is made for; `always_keep` is whether it is written down even if it agrees."""

    kind: str
    always_keep: bool = False
    switch: bool = False


@dataclass(frozen=True, slots=True)
class _Rebuilt:
    records: list[Entry]
    heads: list[Entry]

    @property
    def snapshot(self) -> Snapshot:
        return newest([*self.records, *self.heads])


class Rebuild:
    """One rebuild under the rules of the served state."""

    def __init__(
        self,
        settings: Settings,
        topic: ControlTopic,
        clock: Clock,
        *,
        generation: str,
        new_fold: NewFold,
        share: float,
        told_by: str,
    ) -> None:
        pointer = topic.control.pointer
        if pointer is None or generation_of(pointer.state) != generation:
            raise NothingServed(f"what is served is not folded by the rules of this version ({generation})")
        self.served = pointer.state
        self._settings = settings
        self._topic = topic
        self._clock = clock
        self._generation = generation
        self._new_fold = new_fold
        self._share = share
        self._told_by = told_by
        self._began_at = clock.now()
        self._state = f"{generation}.{self._began_at:%Y%m%dT%H%M%S}"
        self._writer = TopicWriter(settings, topic=state_topic(self._state).name)
        self._kept: set[int] = set()

    async def run(self, wanted: Wanted) -> SelfCheck:
        """Fold, compare, and switch if that is wanted. Raises: one of BROKER_ERRORS; BrokerReplaced."""
        found, failure = Agreement(), None
        reader = StateReader(self._settings, topic=state_topic(self.served).name, generation=generation_of(self.served))
        try:
            await ensure_topics(self._settings, [state_topic(self.served)])
            await reader.start()
            async with Replay(self._settings, self._clock, share=self._share) as replay:
                for partition in range(self._settings.kafka_partitions):
                    part = await self._partition(partition, reader, replay, wanted)
                    found.add(part)
                    found.left |= part.left
            if found.is_empty and await has_events(self._settings):
                failure = NOTHING_COMPARED
        except LineageChanged as changed:
            failure = str(changed)
        finally:
            await reader.stop()
        check = self._check(wanted, found, failure)
        await self._topic.tell(check)
        if check.switched:
            reason = f"{check.kind} {check.id}: {check.outcome}"
            await self._topic.tell(
                self._topic.control.next_pointer(
                    self._state, at=self._clock.now(), told_by=self._told_by, reason=reason
                )
            )
        await self._writer.close()
        tell = log.info if check.outcome == "agrees" else log.critical
        tell("everything was folded a second time", **check.model_dump(mode="json"))
        return check

    async def _partition(self, number: int, reader: StateReader, replay: Replay, wanted: Wanted) -> Agreement:
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(BETWEEN_S)
            served = newest((await reader.recover((), (number,)))[number])
            rebuilt = await self._fold(number, served, replay)
            found = compare(served, rebuilt.snapshot, Common())
            if not found.left:
                break
        if wanted.always_keep or not found.is_clean:
            await self._keep(number, rebuilt)
        return found

    async def _fold(self, number: int, served: Snapshot, replay: Replay) -> _Rebuilt:
        records: list[Entry] = []
        heads: list[Entry] = []
        for topic in FACT_TOPICS:
            its = [head for head in served.heads.values() if head.topic == topic.name]
            if not its:
                continue
            fold = self._new_fold(topic.name, number, its[0].cluster_id)
            await replay.fold(fold, {head.unit: head.position for head in its})
            flush = fold.dirty()
            records.extend(flush.records)
            heads.extend((key, _with_offset(key, value, fold.offset)) for key, value in flush.heads)
        return _Rebuilt(records, heads)

    async def _keep(self, number: int, rebuilt: _Rebuilt) -> None:
        if not self._kept:
            await ensure_topics(self._settings, [state_topic(self._state)])
        self._kept.add(number)
        # As in every flush: a head vouches for the records before it.
        await self._writer.write({number: rebuilt.records})
        await self._writer.write({number: rebuilt.heads})

    def _check(self, wanted: Wanted, found: Agreement, failure: str | None) -> SelfCheck:
        now = self._clock.now()
        agrees = found.is_clean and not found.left
        outcome = "failed" if failure else "agrees" if agrees else "differs"
        return SelfCheck(
            id=f"{self._began_at:%Y%m%dT%H%M%S}-{wanted.kind}",
            kind=wanted.kind,
            state=self.served,
            compared_with=self._state,
            began_at=self._began_at,
            ended_at=now,
            outcome=outcome,
            units=found.units,
            figures=found.figures,
            differing=found.differing,
            not_compared=len(found.left),
            examples=(failure,) if failure else _examples(found),
            kept_in=state_topic(self._state).name if self._kept else None,
            switched=wanted.switch and failure is None,
        )


def _with_offset(key: bytes, value: bytes, offset: int) -> bytes:
    """The head with the offset that holds once its records are written: they are, before any head is."""
    head = decode(key, value)
    assert isinstance(head, Head)
    return encode(msgspec.structs.replace(head, offset=offset))


def _examples(found: Agreement) -> tuple[str, ...]:
    apart = [f"{'/'.join(source)} does not stand where the events lead" for source in sorted(found.left)]
    return (*found.examples, *apart)[:EXAMPLES]


def last_check(topic: ControlTopic, kind: str) -> datetime | None:
    """When a check of this kind began last."""
    return max((check.began_at for check in topic.control.checks.values() if check.kind == kind), default=None)
