"""The windows that figures can be asked for: where each lies at a time, and what it is compared with. Reads no clock.

`as_of` is always an aware time in the local zone; intervals are half-open and include the pane in progress.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from services.stats.panes import NamedWindow
from services.stats.windows.comparison import Comparison, Comparisons, Reason
from services.stats.windows.dates import Dates, between, named
from services.stats.windows.interval import Interval, Series, WindowError, by_pane, span, total
from services.stats.windows.periods import PERIODS, Period
from services.stats.windows.rolling import ROLLING, Rolling

Window: TypeAlias = Rolling | Period | Dates

STANDARD: Final[Mapping[str, Window]] = {window.id: window for window in (*ROLLING, *PERIODS)}
"""The windows that are always there, in the order in which they are offered."""


def find(window: str, names: Mapping[str, NamedWindow]) -> Window:
    """The window with this id. Raises: WindowError if there is none."""
    if window in STANDARD:
        return STANDARD[window]
    if window in names:
        record = names[window]
        return named(record, names.get(record.previous or ""))
    raise WindowError.of("window", f"{window!r} is not a window", windows=[*STANDARD, *names])


__all__ = [
    "STANDARD",
    "Comparison",
    "Comparisons",
    "Dates",
    "Interval",
    "Period",
    "Reason",
    "Rolling",
    "Series",
    "Window",
    "WindowError",
    "between",
    "by_pane",
    "find",
    "named",
    "span",
    "total",
]
