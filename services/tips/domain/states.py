"""The states of a tip and what may follow what, per stream; owns the tables and no step."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from shared.contracts.tips import TipStream

Table = Mapping["TipStatus", frozenset["TipStatus"]]


class TipStatus(StrEnum):
    """How far a tip is dealt with; its value is judged independently."""

    RECEIVED = "received"
    REGISTERED = "registered"
    VERIFYING = "verifying"
    VERIFIED = "verified"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    TRANSFERRED = "transferred"
    RESOLVED = "resolved"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    VOIDED = "voided"


S = TipStatus
_ENDS: Final = frozenset({S.TRANSFERRED, S.RESOLVED, S.CLOSED, S.VOIDED})

# A report of a crime is checked before it is settled, and its time can be stopped (Criminal Procedure Code, art. 148).
CRIME_REPORT: Final[Table] = {
    S.RECEIVED: frozenset({S.REGISTERED, S.VOIDED}),
    S.REGISTERED: frozenset({S.VERIFYING, S.TRANSFERRED, S.VOIDED}),
    S.VERIFYING: frozenset({S.VERIFIED, S.REFUTED, S.INCONCLUSIVE, S.SUSPENDED, S.TRANSFERRED, S.VOIDED}),
    # A finding may turn out wrong; the new one replaces it, in the figures too.
    S.VERIFIED: frozenset({S.REFUTED, S.INCONCLUSIVE, *_ENDS}),
    S.REFUTED: frozenset({S.VERIFIED, S.INCONCLUSIVE, *_ENDS}),
    S.INCONCLUSIVE: frozenset({S.VERIFIED, S.REFUTED, S.SUSPENDED, *_ENDS}),
    S.SUSPENDED: frozenset({S.VERIFYING, S.TRANSFERRED, S.CLOSED, S.VOIDED}),
    S.TRANSFERRED: frozenset({S.VERIFYING, S.CLOSED, S.VOIDED}),
    S.RESOLVED: frozenset({S.VERIFYING, S.CLOSED, S.VOIDED}),
    S.CLOSED: frozenset({S.VERIFYING, S.VOIDED}),
    S.VOIDED: frozenset(),
}
# Security information has no statutory time that could be suspended, and may be settled or filed without a check.
SECURITY_INFORMATION: Final[Table] = {
    **{status: following - {S.SUSPENDED} for status, following in CRIME_REPORT.items() if status is not S.SUSPENDED},
    S.REGISTERED: CRIME_REPORT[S.REGISTERED] | {S.RESOLVED, S.CLOSED},
}
TRANSITIONS: Final[Mapping[TipStream, Table]] = {
    TipStream.CRIME_REPORT: CRIME_REPORT,
    TipStream.SECURITY_INFORMATION: SECURITY_INFORMATION,
}

UNDECIDED: Final = frozenset({S.RECEIVED, S.REGISTERED, S.VERIFYING})
"""Nothing was found yet, and work goes on."""
OPEN: Final = frozenset({*UNDECIDED, S.VERIFIED, S.REFUTED, S.INCONCLUSIVE, S.SUSPENDED})
"""Somebody of the unit still has to do something."""
LEFT: Final = frozenset({S.TRANSFERRED, S.RESOLVED, S.CLOSED})
"""Out of the unit's hands; work may begin again."""
