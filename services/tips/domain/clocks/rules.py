"""The rules of all clocks, as data with effective dates: a new law is one more entry; decides nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from services.tips.domain.clocks.effective import in_force
from services.tips.domain.clocks.spans import Days, Hours, Months, Span, WorkingHours, end_of
from shared.places.local_time import local_date


class ClockName(StrEnum):
    """What has to be done in time."""

    DECISION = "art_147_decision"
    HAND_OVER = "hand_over"
    ACCEPTANCE = "hotline_acceptance"


class Manner(StrEnum):
    """What makes the same duty due sooner or later."""

    ORDINARY = "ordinary"
    REMOTE = "remote"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRule:
    """How much time there is for tips received from one day on, until a later entry of the same clock and manner.

    Shape: `stages` holds the time at first and after each extension, every one counted from receipt;
    `after_pause` the time from the day on which suspended or closed work begins again.
    """

    clock: ClockName
    manner: Manner = Manner.ORDINARY
    in_force_from: date
    stages: tuple[Span, ...]
    after_pause: Span | None = None
    warned_before: timedelta
    source: str

    def due_at(self, received_at: datetime, *, extensions: int = 0) -> datetime:
        """The first instant that is too late, after so many extensions."""
        return end_of(self.stages[extensions], received_at)

    def due_after_pause(self, resumed_at: datetime) -> datetime | None:
        """The first instant that is too late once work has begun again; None where the rule knows no pause."""
        return None if self.after_pause is None else end_of(self.after_pause, resumed_at)

    def warn_at(self, due_at: datetime, *, received_at: datetime) -> datetime:
        """When those who work on it are warned: in working hours, where the clock runs in these alone."""
        first = self.stages[0]
        if isinstance(first, WorkingHours):
            return end_of(WorkingHours(first.count - self.warned_before / timedelta(hours=1)), received_at)
        return due_at - self.warned_before


_JOINT_CIRCULAR: Final = (
    "Joint Circular 01/2017/TTLT-BCA-BQP-BTC-BNN&PTNT-VKSNDTC on reports of crimes, as amended in 2021; the periods as "
    "public accounts tell them. Assumed: a report that the commune police take up themselves needs no hand-over. "
    "Not confirmed: whether it is the same since 1 July 2025."
)
_HOTLINE: Final = "Service level of the city's hotline; assumed from 1 January 2024."
RULES: Final = (
    ClockRule(
        clock=ClockName.DECISION,
        in_force_from=date(2018, 1, 1),
        stages=((Days(20),), (Months(2),), (Months(2), Months(2))),
        after_pause=(Months(1),),
        warned_before=timedelta(days=3),
        source="Criminal Procedure Code 101/2015/QH13 of 27 November 2015, in force from 1 January 2018 by Resolution "
        "41/2017/QH14: art. 147 (20 days from receipt, extended to two months, once more by two months), art. 148 "
        "(suspension), art. 149 (one month from the decision to resume). Assumed: the second extension is counted from "
        "the last day of the first before days off move it; reopened reports have the time of resumed ones. "
        "Not confirmed: whether the amendment of 2025 changed any of it.",
    ),
    ClockRule(
        clock=ClockName.HAND_OVER,
        in_force_from=date(2018, 3, 1),
        stages=(Hours(24),),
        warned_before=timedelta(hours=6),
        source=_JOINT_CIRCULAR,
    ),
    ClockRule(
        clock=ClockName.HAND_OVER,
        manner=Manner.REMOTE,
        in_force_from=date(2018, 3, 1),
        stages=(Hours(48),),
        warned_before=timedelta(hours=12),
        source=_JOINT_CIRCULAR,
    ),
    ClockRule(
        clock=ClockName.ACCEPTANCE,
        in_force_from=date(2024, 1, 1),
        stages=(WorkingHours(8),),
        warned_before=timedelta(hours=2),
        source=_HOTLINE,
    ),
    ClockRule(
        clock=ClockName.ACCEPTANCE,
        manner=Manner.URGENT,
        in_force_from=date(2024, 1, 1),
        stages=(WorkingHours(4),),
        warned_before=timedelta(hours=1),
        source=_HOTLINE,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteUnits:
    """The communes that have more time to hand over, for tips received from one day on until the next entry."""

    in_force_from: date
    units: frozenset[str]
    source: str


REMOTE_UNITS: Final = (
    RemoteUnits(
        in_force_from=date(2018, 3, 1),
        units=frozenset({"04930", "09661", "09694", "09700", "09706"}),
        source="Assumed, the rule names none: Minh Châu, in the river, and the mountain communes Ba Vì, Suối Hai, "
        "Yên Bài, Yên Xuân.",
    ),
)


def rule_of(
    clock: ClockName, received_at: datetime, *, manner: Manner = Manner.ORDINARY, rules: Sequence[ClockRule] = RULES
) -> ClockRule | None:
    """The rule in force on the local day of receipt; None before the first one."""
    about = (rule for rule in rules if (rule.clock, rule.manner) == (clock, manner))
    return in_force(about, local_date(received_at))


def is_remote(unit: str, received_at: datetime, *, entries: Sequence[RemoteUnits] = REMOTE_UNITS) -> bool:
    """Whether the unit counted as remote on the local day of receipt."""
    found = in_force(entries, local_date(received_at))
    return found is not None and unit in found.units
