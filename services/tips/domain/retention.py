"""How long what is sealed of a tip is kept once nothing is done with it any more: rules as data; erases nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from services.tips.domain.clocks.effective import in_force
from services.tips.domain.clocks.spans import Days, Months, end_of
from services.tips.domain.reported import ReportedTip
from services.tips.domain.states import TipStatus
from shared.contracts.tips import TipStream
from shared.places.local_time import local_date


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """How long texts, messages, attachments and identities of tips in a state are kept; facts and figures stay.

    It holds for tips that came into the state from one day on, until a later entry of the same stream and state.
    """

    in_force_from: date
    stream: TipStream
    status: TipStatus
    kept: Days | Months
    source: str


_ALWAYS: Final = date.min
_FILES: Final = "Assumed: a period for files of the commune police; the city sets its own here."
_MISTAKES: Final = "Assumed: long enough to notice that the voiding itself was a mistake."
RETENTION_RULES: Final = (
    RetentionRule(_ALWAYS, TipStream.SECURITY_INFORMATION, TipStatus.CLOSED, Months(24), _FILES),
    RetentionRule(_ALWAYS, TipStream.SECURITY_INFORMATION, TipStatus.RESOLVED, Months(24), _FILES),
    RetentionRule(_ALWAYS, TipStream.SECURITY_INFORMATION, TipStatus.TRANSFERRED, Months(12), _FILES),
    RetentionRule(_ALWAYS, TipStream.SECURITY_INFORMATION, TipStatus.VOIDED, Days(90), _MISTAKES),
    RetentionRule(_ALWAYS, TipStream.CRIME_REPORT, TipStatus.CLOSED, Months(60), _FILES),
    RetentionRule(_ALWAYS, TipStream.CRIME_REPORT, TipStatus.RESOLVED, Months(60), _FILES),
    RetentionRule(_ALWAYS, TipStream.CRIME_REPORT, TipStatus.TRANSFERRED, Months(60), _FILES),
    RetentionRule(_ALWAYS, TipStream.CRIME_REPORT, TipStatus.VOIDED, Days(90), _MISTAKES),
)


def erasable_from(tip: ReportedTip, *, rules: Sequence[RetentionRule] = RETENTION_RULES) -> datetime | None:
    """When what is sealed of it may be destroyed; None while it is worked on, held, or once it is destroyed.

    What is merged into another tip is kept as long as that one.
    """
    rested_at = _rested_at(tip)
    if rested_at is None or tip.held or tip.erased_at is not None or tip.merged_into is not None:
        return None
    about = (rule for rule in rules if (rule.stream, rule.status) == (tip.stream, tip.status))
    rule = in_force(about, local_date(rested_at))
    return None if rule is None else end_of((rule.kept,), rested_at)


def _rested_at(tip: ReportedTip) -> datetime | None:
    """Since when it is in the state that it is in."""
    return {
        TipStatus.CLOSED: tip.closed_at,
        TipStatus.RESOLVED: tip.resolved_at,
        TipStatus.TRANSFERRED: tip.transferred_at,
        TipStatus.VOIDED: tip.voided_at,
    }.get(tip.status)
