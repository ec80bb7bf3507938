"""Which table somebody asked for. Checks nothing and computes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.stats.view import View


@dataclass(frozen=True, slots=True)
class Selection:
    """A table that somebody asked for: a city, a window by id or by dates, and the figures (none named: all)."""

    city: str
    window: str | None
    dates: tuple[date, date] | None
    figures: tuple[str, ...]

    def counted(self, view: View) -> tuple[str, ...]:
        """The figures, as far as the view counts them as this process does."""
        if not view.uncounted:
            return self.figures
        return tuple(figure for figure in self.figures if figure not in view.uncounted)
