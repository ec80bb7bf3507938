"""The read side in memory: records of the state topic applied to rows of series. Pure; makes no record."""

from services.stats.view.view import Source, View

__all__ = ["Source", "View"]
