"""How long what is sealed of a tip is kept once nothing is done with it any more: rules as data; erases nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.tips.domain.clocks.spans import Days, Months, end_of
from services.tips.domain.reported import ReportedTip
from services.tips.domain.states import TipStatus
from shared.contracts.tips import TipStream


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """How long texts, messages, attachments and identities of tips in a state are kept; facts and figures stay."""

    stream: TipStream
    status: TipStatus
    kept: Days | Months
    source: str


_FILES: Final = "Assumed: a period for files of the commune police; the city sets its own here."
_MISTAKES: Final = "Assumed: long enough to notice that the voiding itself was a mistake."
RETENTION_RULES: Final = (
    RetentionRule(TipStream.SECURITY_INFORMATION, TipStatus.CLOSED, Months(24), _FILES),
    RetentionRule(TipStream.SECURITY_INFORMATION, TipStatus.RESOLVED, Months(24), _FILES),
    RetentionRule(TipStream.SECURITY_INFORMATION, TipStatus.TRANSFERRED, Months(12), _FILES),
    RetentionRule(TipStream.SECURITY_INFORMATION, TipStatus.VOIDED, Days(90), _MISTAKES),
    RetentionRule(TipStream.CRIME_REPORT, TipStatus.CLOSED, Months(60), _FILES),
    RetentionRule(TipStream.CRIME_REPORT, TipStatus.RESOLVED, Months(60), _FILES),
    RetentionRule(TipStream.CRIME_REPORT, TipStatus.TRANSFERRED, Months(60), _FILES),
    RetentionRule(TipStream.CRIME_REPORT, TipStatus.VOIDED, Days(90), _MISTAKES),
)
_BY_STATE: Final = {(rule.stream, rule.status): rule for rule in RETENTION_RULES}


def erasable_from(tip: ReportedTip) -> datetime | None:
    """When what is sealed of it may be destroyed; None while it is worked on, held, or once it is destroyed."""
    rule, rested_at = _BY_STATE.get((tip.stream, tip.status)), _rested_at(tip)
    if rule is None or rested_at is None or tip.held or tip.erased_at is not None:
        return None
    return end_of((rule.kept,), rested_at)


def _rested_at(tip: ReportedTip) -> datetime | None:
    """Since when it is in the state that it is in."""
    return {
        TipStatus.CLOSED: tip.closed_at,
        TipStatus.RESOLVED: tip.resolved_at,
        TipStatus.TRANSFERRED: tip.transferred_at,
        TipStatus.VOIDED: tip.voided_at,
    }.get(tip.status)
