"""The registry of topics: what each carries, its key, how long it is kept, who writes and who reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from pydantic import BaseModel

from shared.contracts import alerts, audit, awards, figures, incidents, outbox, patrols, stats, tips
from shared.contracts.base import Event

FOREVER: Final = -1
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Topic:
    """One Kafka topic. `events` are CloudEvents, `messages` plain JSON messages."""

    name: str
    description: str
    partition_key: str
    producer: str
    consumers: tuple[str, ...]
    events: tuple[type[Event], ...] = ()
    messages: tuple[type[BaseModel], ...] = ()
    retention_ms: int = FOREVER
    cleanup: Literal["delete", "compact"] = "delete"
    config: tuple[tuple[str, str], ...] = ()

    @property
    def settings(self) -> dict[str, str]:
        """Kafka's topic configuration."""
        return {"cleanup.policy": self.cleanup, "retention.ms": str(self.retention_ms), **dict(self.config)}


TIPS: Final = Topic(
    name="tips.v1",
    description="Tips from report to closed case, and the advisory documents that rest on them.",
    partition_key="unit",  # one unit, one partition: its events stay in order
    producer="services.tips",
    consumers=("services.stats",),
    events=tips.EVENTS,
)
PATROLS: Final = Topic(
    name="patrols.v1",
    description="Teams, members, patrols and outreach sessions.",
    partition_key="unit",
    producer="services.patrols",
    consumers=("services.stats",),
    events=patrols.EVENTS,
)
INCIDENTS: Final = Topic(
    name="incidents.v1",
    description="Violations, fires, rescues and supported arrests that teams met.",
    partition_key="unit",
    producer="services.patrols",
    consumers=("services.stats",),
    events=incidents.EVENTS,
)
AWARDS: Final = Topic(
    name="awards.v1",
    description="Awards, campaigns, exemplars, community models and legal instruments.",
    partition_key="unit",
    producer="services.awards",
    consumers=("services.stats",),
    events=awards.EVENTS,
)
HEADS: Final = Topic(
    name="outbox.heads.v1",
    description="Heartbeats of the outbox relays with what the owners have committed.",
    partition_key="topic",
    producer="shared.outbox",
    consumers=("services.stats",),
    messages=(outbox.Heartbeat,),
    retention_ms=DAY_MS,  # only the newest beats matter; a full one comes every 30 s
)
RESEND: Final = Topic(
    name="outbox.resend.v1",
    description="Requests of consumers to publish the events of a unit again.",
    partition_key="unit",
    producer="services.stats",
    consumers=("shared.outbox",),
    messages=(outbox.ResendRequest,),
    retention_ms=DAY_MS,
)
_COMPACTED: Final = (
    # A paused worker may wake and write old state over new; for five minutes both stay readable, and the higher
    # fence wins.
    ("min.compaction.lag.ms", "300000"),
    ("segment.ms", "300000"),
)
PANES: Final = Topic(
    name="stats.panes.v1",
    description="Which state of the statistics is served, which workers fold, and what self-checks found.",
    partition_key="record, all in partition 0",  # one partition, one order: the first of two equal claims holds
    producer="services.stats",
    consumers=("services.stats",),
    messages=(stats.Pointer, stats.Rules, stats.WorkerBeat, stats.SelfCheck),
    cleanup="compact",
    config=_COMPACTED,
)
STATE: Final = Topic(
    name="stats.panes.v1.{state}",
    description="One state of the statistics: pane records with fences, heads and named windows. Its name is that of "
    "the rules it was folded by, with a run behind it where the same rules were folded again.",
    partition_key="record, in the partition of its source",
    producer="services.stats",
    consumers=("services.stats",),
    messages=(stats.PaneRecord, stats.Head, stats.NamedWindow),
    cleanup="compact",
    config=_COMPACTED,
)

FIGURES: Final = Topic(
    name="stats.figures.v1",
    description="Publications of figures and their restatements.",
    partition_key="unit",
    producer="services.stats",
    consumers=(),
    events=figures.EVENTS,
)
ALERTS: Final = Topic(
    name="stats.alerts.v1",
    description="Alerts from raised to cleared.",
    partition_key="unit",
    producer="services.stats",
    consumers=(),
    events=alerts.EVENTS,
)

TIPS_AUDIT: Final = Topic(
    name="tips.audit.v1",
    description="Heads of the audit log of access to what is sealed of tips: whoever keeps one sees a tail cut off.",
    partition_key="unit",  # the city's: there is one chain
    producer="services.tips",
    consumers=(),
    events=audit.EVENTS,
)

FACT_TOPICS: Final = (TIPS, PATROLS, INCIDENTS, AWARDS)


def dead_letters_of(topic: Topic) -> Topic:
    """The topic that takes the records of `topic` that a consumer could not read, as they came."""
    return Topic(
        name=f"{topic.name}.dlq",
        description=f"Records of {topic.name} that could not be read, with reason and origin as headers.",
        partition_key=topic.partition_key,
        producer="services.stats",
        consumers=("shared.messaging",),
    )


DEAD_LETTERS: Final = tuple(dead_letters_of(topic) for topic in FACT_TOPICS)
REGISTRY: Final = (*FACT_TOPICS, FIGURES, ALERTS, TIPS_AUDIT, HEADS, RESEND, PANES, *DEAD_LETTERS)
"""The topics that every installation has."""
DOCUMENTED: Final = (*REGISTRY, STATE)
"""Those and the kinds of topics that come and go."""
EVENT_TYPES: Final[Mapping[str, type[Event]]] = {e.event_type(): e for t in REGISTRY for e in t.events}
_TOPIC_OF: Final[Mapping[str, Topic]] = {e.event_type(): t for t in REGISTRY for e in t.events}


def topic_of(event_type: str) -> Topic:
    """The one topic that carries events of this type. Raises: KeyError for a type outside the registry."""
    return _TOPIC_OF[event_type]


def topic_named(name: str) -> Topic:
    """Raises: KeyError for a name outside the registry."""
    return {topic.name: topic for topic in REGISTRY}[name]


def state_topic(state: str) -> Topic:
    """The topic of one state of the statistics."""
    return replace(STATE, name=f"{PANES.name}.{state}")
