"""The fold of events into pane records: exact under replays, crashes and repairs; does no I/O and reads no clock."""

from services.stats.engine.flush import Flush, LineageChanged, Outcome, Size
from services.stats.engine.fold import Fold

__all__ = ["Flush", "Fold", "LineageChanged", "Outcome", "Size"]
