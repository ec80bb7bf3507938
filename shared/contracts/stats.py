"""The public form of the statistics' state: pane records, heads and named windows, and what tells of the states."""

from datetime import date
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.contracts.outbox import Unit


class Tier(StrEnum):
    """Resolution of a pane, in local time."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


class _StateRecord(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PaneRecord(_StateRecord):
    """Absolute amounts of one (topic, unit, tier, bucket), complete up to the position `fence`.

    Key:   pane/<topic>/<unit>/<tier>/<bucket>
    Shape: bucket is an hour of minutes (2026-11-23T15), a day of hours (2026-11-23) or a month of days (2026-11);
           `series` maps "<metric>|<unit today>" to amounts by minute 0-59, hour 0-23 or day 1-31. The unit is "~" where
           an old unit was split and the fact names no residential group.
    """

    topic: str
    unit: Unit
    tier: Tier
    bucket: str
    fence: int = Field(ge=0)
    without: tuple[int, ...] = Field(
        default=(), description="Positions up to the fence that could not be read and are not in the amounts yet."
    )
    generation: str
    series: dict[str, dict[str, int]]


class LastEvent(_StateRecord):
    type: str
    time: AwareDatetime
    recordedtime: AwareDatetime


class Head(_StateRecord):
    """How far one (topic, unit) is folded; written after the pane records it vouches for.

    Key: head/<topic>/<unit>
    """

    topic: str
    unit: Unit
    position: int = Field(ge=0)
    skipped: tuple[int, ...] = Field(default=(), description="Positions that could not be read; figures lack them.")
    waiting_for: int | None = Field(default=None, description="The missing position of a hole, asked for again.")
    offset: int = Field(description="Where reading resumes, at the highest of a partition: all before is durable.")
    partition: int
    horizon: dict[Tier, str] = Field(description="Earliest bucket still kept, by tier.")
    late: dict[Tier, int] = Field(default_factory=dict, description="Events that came too late for a tier.")
    lateness: tuple[int, ...] = Field(
        default=(),
        description="Events folded by how long after their time they were recorded: under 1 minute, 15 minutes, 1 "
        "hour, 6 hours, 1 day, 3 days, 14 days, 62 days, and later.",
    )
    generation: str
    lineage: str
    cluster_id: str
    last_event: LastEvent | None = None


class NamedWindow(_StateRecord):
    """A window of the statistics with a name, made from a campaign or a legal instrument. `to_date` is inclusive.

    Of two records under one key the one with the higher position holds.
    Key: window/<id>
    """

    id: str
    kind: str = Field(description="campaign or legal_instrument")
    unit: Unit
    title: str
    title_en: str | None = None
    from_date: date
    to_date: date | None = None
    previous: str | None = None
    position: int = Field(default=0, description="of the unit's event that made it what it is")
    withdrawn: bool = Field(default=False, description="taken back: not offered any more")


class Pointer(_StateRecord):
    """Which state of the statistics readers take their figures from.

    Key:   pointer/<number>/<told_by>
    Shape: the highest number holds; of several records with one number the first in the log.
    """

    number: int = Field(ge=1)
    state: str = Field(description="Its records are on the topic stats.panes.v1.<state>.")
    generation: str = Field(description="The rules by which the state was folded.")
    at: AwareDatetime
    told_by: str
    reason: str


class Rules(_StateRecord):
    """What a generation counts, so that two generations are compared only in what they count alike.

    Key: rules/<generation>
    """

    generation: str
    time_zone: str
    places: str = Field(description="Digest of the units and their successors.")
    series: dict[str, str] = Field(description="Digest of what each metric or histogram counts, by its id.")


class WorkerBeat(_StateRecord):
    """A worker is there; told every few seconds, whether or not anything happens.

    Key: worker/<state>/<instance>
    """

    instance: str
    state: str
    generation: str
    at: AwareDatetime
    partitions: dict[str, tuple[int, ...]] = Field(description="What it folds: partition numbers by topic.")
    folded: int = Field(ge=0, description="Records of these partitions that it has read.")
    waiting: int = Field(ge=0, description="Records of these partitions that it has not read.")
    stopped: str | None = Field(default=None, description="Why it cannot go on.")


class SelfCheck(_StateRecord):
    """What came of folding everything a second time, or of comparing two generations.

    Key: check/<id>
    """

    id: str
    kind: str = Field(description="self-check, rebuild or generation")
    state: str = Field(description="The state that was served.")
    compared_with: str = Field(description="The state, or the run, that it was held against.")
    began_at: AwareDatetime
    ended_at: AwareDatetime
    outcome: str = Field(description="agrees, differs or failed")
    units: int = Field(default=0, description="Sequences (topic, unit) compared at equal positions.")
    figures: int = Field(default=0, description="Amounts of panes compared.")
    differing: int = 0
    not_compared: int = Field(default=0, description="Sequences that never stood at equal positions.")
    examples: tuple[str, ...] = Field(default=(), description="The first differences in words.")
    kept_in: str | None = Field(default=None, description="The topic that holds what was folded anew, for study.")
    switched: bool = False
