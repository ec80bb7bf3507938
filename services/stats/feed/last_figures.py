"""The last complete figures, kept on disk and shown again after a start; decides nothing about when."""

from __future__ import annotations

import asyncio
from itertools import chain

import structlog

from services.stats.feed import snapshots
from services.stats.feed.following import NewView
from services.stats.panes import Head, NamedWindow, encode
from services.stats.settings import StatsSettings
from services.stats.view import View
from shared.clock import Clock

_log = structlog.get_logger(__name__)


class LastFigures:
    """A view on disk, of one generation."""

    def __init__(self, settings: StatsSettings, generation: str, clock: Clock, *, new_view: NewView) -> None:
        self._directory = settings.snapshot_dir
        self._generation = generation
        self._clock = clock
        self._new_view = new_view
        self._saved: tuple[View, int] | None = None
        self._saving = asyncio.Lock()  # at a stop one may still be under way, and both would write the same file

    @property
    def are_kept(self) -> bool:
        """Whether there is a place for them."""
        return self._directory is not None

    def load(self) -> View | None:
        """The figures that were saved; None where there are none of this generation."""
        snapshot = snapshots.load(self._directory, generation=self._generation) if self._directory else None
        if snapshot is None:
            return None
        last = self._new_view(self._generation)
        for key, value in snapshot.records:
            last.take(key, value)
        _log.info("serving the last figures until new ones are complete", taken_at=snapshot.taken_at.isoformat())
        return last

    async def save(self, view: View) -> None:
        """Put the figures on disk if they have changed since the last time."""
        async with self._saving:
            saved = view, view.version
            if self._directory is None or saved == self._saved:
                return
            others: list[Head | NamedWindow] = [*view.windows.values(), *view.heads.values()]
            records = chain(view.dump(), ((record.key, encode(record)) for record in others))
            snapshot = snapshots.Snapshot(self._generation, self._clock.now(), records)
            await asyncio.to_thread(snapshots.save, self._directory, snapshot)
            self._saved = saved
