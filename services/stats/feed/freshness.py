"""What the owners have committed against what the figures contain. Pure; time comes in as an argument."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from services.stats.view import View
from shared.contracts.outbox import Heartbeat
from shared.contracts.topics import Topic

# A relay beats every 5 s: two missed beats are worth a word, a minute of silence is an outage.
BEHIND_AFTER: Final = timedelta(seconds=12)
STALE_AFTER: Final = timedelta(seconds=60)


class Level(StrEnum):
    """How far figures may be trusted to be of now."""

    OK = "ok"
    BEHIND = "behind"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class TopicFreshness:
    """One topic: events committed by its owner, events in the figures, and since when the two differ."""

    topic: str
    service: str
    committed: int
    applied: int
    behind: int
    behind_since: datetime | None
    heartbeat_at: datetime | None
    heartbeat_age_s: float | None
    silent: bool
    level: Level


@dataclass(slots=True)
class _Owner:
    topic: Topic
    since: datetime
    cluster_id: str = ""
    lineage: str = ""
    complete: bool = False  # a full beat of this cluster has told every unit
    positions: dict[str, int] = field(default_factory=dict)
    beat_at: datetime | None = None
    seen_at: datetime | None = None
    target: dict[str, int] = field(default_factory=dict)
    behind_since: datetime | None = None


class Freshness:
    """Compares heartbeats with a view.

    A quiet night is fresh: what counts is not the age of the newest event but whether everything committed is applied.
    """

    def __init__(self, topics: Iterable[Topic], *, now: datetime) -> None:
        self._owners = {topic.name: _Owner(topic, since=now) for topic in topics}

    def take(self, beat: Heartbeat, *, now: datetime) -> None:
        """Take in one heartbeat; one of a topic that is not followed changes nothing."""
        owner = self._owners.get(beat.topic)
        if owner is None:
            return
        if (beat.cluster_id, beat.lineage) != (owner.cluster_id, owner.lineage):
            # Another broker or another database numbers anew: nothing told before holds.
            owner.cluster_id, owner.lineage = beat.cluster_id, beat.lineage
            owner.positions, owner.complete, owner.target = {}, False, {}
        for unit, position in beat.positions.items():
            owner.positions[unit] = max(position, owner.positions.get(unit, 0))
        owner.complete = owner.complete or beat.full
        owner.beat_at, owner.seen_at = beat.at, now

    def of(self, view: View, *, now: datetime) -> list[TopicFreshness]:
        """How fresh the view is, topic by topic."""
        return [self._topic(owner, view, now) for owner in self._owners.values()]

    def is_complete(self, view: View, *, cluster_id: str) -> bool:
        """Whether the view holds everything that the owners had committed when they last told all of it."""
        return all(
            owner.complete and owner.cluster_id == cluster_id and not _missing(owner.positions, view, owner)
            for owner in self._owners.values()
        )

    def replaced(self, view: View) -> str | None:
        """Which owner's database was replaced under the log that the view comes from: nobody can fold it any further.

        Its new events would be taken for duplicates, so that the fold stops.
        """
        for (topic, _), head in view.heads.items():
            owner = self._owners.get(topic)
            if owner is not None and head.lineage and owner.lineage and head.lineage != owner.lineage:
                return f"{topic}: the database of the owner was replaced (lineage {owner.lineage} after {head.lineage})"
        return None

    def progress(self, view: View) -> float | None:
        """The part of all committed events that the view holds, 0 to 1; unknown before the first heartbeats."""
        committed = sum(sum(owner.positions.values()) for owner in self._owners.values())
        missing = sum(_missing(owner.positions, view, owner) for owner in self._owners.values())
        if not all(owner.complete for owner in self._owners.values()):
            return None
        return 1.0 if committed == 0 else (committed - missing) / committed

    def _topic(self, owner: _Owner, view: View, now: datetime) -> TopicFreshness:
        name = owner.topic.name
        behind = _missing(owner.positions, view, owner)
        if behind and owner.behind_since is None:
            owner.target, owner.behind_since = dict(owner.positions), now
        elif owner.behind_since is not None and not _missing(owner.target, view, owner):
            # What was missing then has come; what is missing now is younger.
            owner.target, owner.behind_since = (dict(owner.positions), now) if behind else ({}, None)
        silence = now - (owner.seen_at or owner.since)
        waiting = now - owner.behind_since if owner.behind_since else timedelta()
        worst = max(silence, waiting)
        level = Level.STALE if worst > STALE_AFTER else Level.BEHIND if worst > BEHIND_AFTER else Level.OK
        return TopicFreshness(
            topic=name,
            service=owner.topic.producer,
            committed=sum(owner.positions.values()),
            applied=view.applied_total(name),
            behind=behind,
            behind_since=owner.behind_since,
            heartbeat_at=owner.beat_at,
            heartbeat_age_s=silence.total_seconds() if owner.seen_at else None,
            silent=silence > BEHIND_AFTER,
            level=level,
        )


def apart_from_beats(told: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer about freshness says, without when beats came and how long nothing has: levels tell what is late.

    Shape: the answer of the feed.
    """
    topics = [_without(asdict(topic), "heartbeat_at", "heartbeat_age_s") for topic in told["topics"]]
    return {**told, "topics": topics, "worker": _without(told["worker"], "silence_s")}


def _without(told: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in names}


def _missing(positions: Mapping[str, int], view: View, owner: _Owner) -> int:
    """How many of these positions the view lacks; what it holds of another database's events is none of them."""
    name, lineage = owner.topic.name, owner.lineage
    return sum(max(0, position - view.position(name, unit, lineage)) for unit, position in positions.items())
