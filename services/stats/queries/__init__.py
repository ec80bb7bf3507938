"""What can be asked of a view: rows, comparisons, sets, both maps, percentiles, estimates. Pure; reads no clock."""

from services.stats.queries.queries import Queries

__all__ = ["Queries"]
