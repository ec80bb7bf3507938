"""The tip that is read for a receipt that nobody knows, so that nothing is left out; shown to nobody."""

from datetime import UTC, datetime
from typing import Final

from services.tips.domain import Tip
from services.tips.domain.timekeeping import follow
from shared.contracts.tips import TipCategory, TipChannel, TipSource, TipStream

CAPITAL: Final = "01"  # whose key seals what leads nowhere
STAND_IN: Final = "stand-in"
_RECEIVED: Final = datetime(2026, 1, 1, tzinfo=UTC)


def stand_in() -> Tip:
    """A tip as most of them are: just come in, with its clocks running."""
    tip, events = Tip.submit(
        id=STAND_IN,
        unit=CAPITAL,
        received_at=_RECEIVED,
        anonymous_step_s=0,
        stream=TipStream.CRIME_REPORT,
        source=TipSource.CITIZEN_ANONYMOUS,
        channel=TipChannel.WEB,
        category=TipCategory.OTHER,
        residential_group=None,
        happened_at=None,
    )
    followed, _ = follow(tip, events, now=_RECEIVED)
    return followed
