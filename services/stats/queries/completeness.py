"""What a reader needs to trust the zeros of a line: who has reported, when last, what is missing, which logs. Pure."""

from __future__ import annotations

from typing import Any, Final

from services.stats import windows
from services.stats.catalogue.patrols import PATROL_LOGS_RECEIVED, PATROLS_EXPECTED
from services.stats.queries.areas import Area, reports_anything
from services.stats.view import View
from services.stats.view.series import Series
from services.stats.windows import Interval

LOGS: Final = {"expected": PATROLS_EXPECTED, "received": PATROL_LOGS_RECEIVED}
"""Of the patrols that were to be back in the interval."""
_NOTHING: Final = Series()


def completeness(view: View, area: Area, interval: Interval) -> dict[str, Any]:
    """Stands beside the figures of an area over an interval.

    Shape: `patrol_logs` are null while the figures that are served do not count them.
    """
    logs = None
    if all(metric.id not in view.uncounted for metric in LOGS.values()):
        logs = {name: _amount(area, metric.id, interval) for name, metric in LOGS.items()}
    last_events = [at for unit in area.units if (at := view.last_recorded(unit)) is not None]
    return {
        "has_reported": reports_anything(area, interval.start.toordinal(), interval.last_day.toordinal() + 1),
        "last_event": max(last_events, default=None) if area.has_code_now else None,
        "incomplete": not view.incomplete_rows().isdisjoint(area.units),
        "patrol_logs": logs,
    }


def _amount(area: Area, metric: str, interval: Interval) -> int:
    return windows.total(area.series.get(metric, _NOTHING), interval, level=False, ahead=True)
