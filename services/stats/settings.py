"""What the statistics are told from outside: names and limits of the API, the worker and verify. Starts nothing."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Final, Self

from pydantic import Field

from shared.settings import Settings

DATABASE: Final = "pulse_stats"


class StatsSettings(Settings):
    """The settings of every process of this service."""

    worker_metrics_port: int = Field(default=8010, ge=0, le=65535)
    """Where the worker answers /metrics and /health; each worker of one host needs its own."""
    worker_group: str = Field(default="stats-worker", pattern=r"^[A-Za-z0-9._-]{1,64}$")
    """The consumer group that shares the partitions; another one folds everything a second time."""
    worker_instance: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._-]{1,64}$")
    """The lasting name of this worker in its group; made of host and port unless given."""
    snapshot_dir: Path | None = None
    """Where the API keeps the last figures, to have something to show while a new broker is being filled."""
    local_reader: bool = False
    """Whether a request without a token may read; for set-ups that nobody else can reach."""
    simulated_data: bool = False
    """Whether the data are made up; every page then says so."""
    history_progress_file: Path | None = None
    """Where the loader of a demonstration's history writes how far it has come."""

    @property
    def instance(self) -> str:
        """The name under which the group knows this worker, the same after a restart: its partitions wait for it."""
        return self.worker_instance or f"{socket.gethostname()}-{self.worker_metrics_port}"

    def of_worker(self) -> Self:
        """The same settings with the worker's port as the port to listen on."""
        return self.model_copy(update={"port": self.worker_metrics_port})
