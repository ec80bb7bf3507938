"""One state of the statistics as it is being read into a view; owns the reading of its topic, decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog

from services.stats.generations.control import generation_of
from services.stats.view import Source, View
from shared.contracts.topics import state_topic
from shared.messaging.codec import Record
from shared.messaging.consumer import Reader
from shared.settings import Settings

RECORDS_AT_ONCE: Final = 48  # two milliseconds: whoever asks for figures waits no longer

_log = structlog.get_logger(__name__)

NewView = Callable[[str], View]
"""An empty view for the records of one generation."""
Listener = Callable[["Following", Iterable[str], Source], None]


class Following:
    """A state, the view that its records add up to, and the reader that fills it."""

    def __init__(
        self,
        settings: Settings,
        state: str,
        *,
        new_view: NewView,
        on_head: Listener,
        on_restart: Callable[[Following], None],
    ) -> None:
        self.state = state
        self.generation = generation_of(state)
        self.view = new_view(self.generation)
        self._new_view = new_view
        self._on_head = on_head
        self._on_restart = on_restart
        self._reader = Reader(
            settings,
            [state_topic(state)],
            apply=self._apply,
            restarted=self._restarted,
            at_once=RECORDS_AT_ONCE,
            raw=True,
        )
        self._task: asyncio.Task[None] | None = None

    @property
    def cluster_id(self) -> str | None:
        """The broker that the view was read from."""
        return self._reader.cluster_id

    @property
    def connected(self) -> bool:
        """Whether the broker answered when last asked."""
        return self._reader.connected

    def start(self, tasks: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        """Read in the background until `stop`, or until let go."""
        self._task = tasks.create_task(self._reader.run(stop))

    def let_go(self) -> None:
        """Read no further; the view stays as it is."""
        if self._task is not None:
            self._task.cancel()

    def _apply(self, records: Sequence[Record]) -> None:
        for record in records:
            if record.key is None:
                continue
            try:
                rows = self.view.take(record.key, record.value)
            except ValueError as error:
                _log.error("record of the state topic is unreadable", key=record.key.decode(), error=str(error))
                continue
            if rows:
                _, topic, unit = record.key.decode().split("/")
                self._on_head(self, rows, (topic, unit))

    def _restarted(self) -> None:
        self.view = self._new_view(self.generation)
        self._on_restart(self)
