"""By when the law wants a crime report decided: rules with effective dates, and the days as they are counted. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from shared.places.local_time import TIME_ZONE, local_date

_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)
FIXED_HOLIDAYS: Final = frozenset({(1, 1), (4, 30), (5, 1), (9, 2)})
"""Public holidays with a date of their own (Labour Code 2019, art. 112). Those of the lunar calendar, and days off that
are decreed from year to year, are not known here."""


@dataclass(frozen=True, slots=True)
class DecisionRule:
    """How many days there are for the decision on reports received from one day on, up to and without another."""

    id: str
    days: int
    received_from: date
    received_before: date | None
    source: str

    def applies_to(self, received_on: date) -> bool:
        """Whether the rule was in force when the report came in."""
        return self.received_from <= received_on and (
            self.received_before is None or received_on < self.received_before
        )


DECISION_RULES: Final = (
    DecisionRule(
        id="art_147_decision",
        days=20,
        received_from=date(2018, 1, 1),
        received_before=None,
        source="Criminal Procedure Code 101/2015/QH13 of 27 November 2015, art. 147 (20 days from receipt), in force "
        "from 1 January 2018 by Resolution 41/2017/QH14; counted by art. 134 (to the end of the last day; a day off "
        "moves it to the next working day). Assumed: the day of receipt is not counted, as in art. 147 of the Civil "
        "Code 2015. Not confirmed: whether the amendment of 2025 changed it.",
    ),
)


def decision_due_at(received_at: datetime) -> datetime | None:
    """The end of the last day for the decision, which is the first instant of the day after; None without a rule."""
    received_on = local_date(received_at)
    rule = next((rule for rule in DECISION_RULES if rule.applies_to(received_on)), None)
    if rule is None:
        return None
    last = received_on + timedelta(days=rule.days)
    while _is_day_off(last):
        last += _DAY
    return datetime.combine(last + _DAY, time.min, ZoneInfo(TIME_ZONE))


def _is_day_off(day: date) -> bool:
    return day.weekday() >= _SATURDAY or (day.month, day.day) in FIXED_HOLIDAYS
