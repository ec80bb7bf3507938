"""What the statistics are told from outside: names and limits of all its processes. Starts nothing."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, SecretStr

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
    generation_kept_s: float = Field(default=86_400.0, ge=1, le=31_536_000)
    """How long a state that is not served any more is kept up and kept, to be able to go back."""
    self_check_hour: int | None = Field(default=None, ge=0, le=23)
    """The local hour in which everything is folded a second time and compared; never unless given."""
    self_check_share: float = Field(default=0.5, gt=0, le=1)
    """The part of one processor that folding a second time may take."""
    ledger_metrics_port: int = Field(default=8011, ge=0, le=65535)
    """Where the ledger answers /metrics and /health."""
    tips_url: str = "/tips"
    """Where whoever follows a link reaches the tips service; relative behind the gateway of the API itself."""
    patrols_url: str = "/patrols"
    awards_url: str = "/awards"
    snapshot_dir: Path | None = None
    """Where the API keeps the last figures, to have something to show while a new broker is being filled."""
    local_reader: bool = False
    """Whether a request without a token may read; for set-ups that nobody else can reach."""
    simulated_data: bool = False
    """Whether the data are made up; every page then says so."""
    history_progress_file: Path | None = None
    """Where the loader of a demonstration's history writes how far it has come."""
    publication_settle_s: float = Field(default=30.0, ge=0.1, le=600)
    """How long changed figures settle before published ones are compared with them."""
    alert_false_alarms_a_month: float = Field(default=1.0, gt=0, le=1000)
    """How many alerts of spikes and silences may be chance, over all rules and units together."""
    alert_look_s: float = Field(default=60.0, ge=0.1, le=600)
    """Between looks at all figures; those that change are looked at within seconds."""
    alert_settle_s: float = Field(default=3.0, ge=0.05, le=60)
    """How long changed figures settle before alert rules look at them."""
    alert_escalate_after_s: float = Field(default=900.0, ge=1, le=86_400)
    """How long an alert waits for somebody before the next recipients are told."""
    webhooks_to_private: bool = False
    """Whether webhooks may lead to private addresses and go without TLS; for networks of one's own."""
    webhook_keys_file: Path | None = None
    """File with the keys of the secrets of webhooks, 64 hexadecimal digits a line: the first one seals, all open.
    Without one there are no webhooks."""
    smtp_host: str | None = None
    """The server that takes e-mail; without one there is none."""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_from: str = Field(default="Commune Pulse <commune-pulse@localhost>", min_length=3)

    @property
    def owner_urls(self) -> dict[str, str]:
        """Where each service that owns facts is reached."""
        return {"tips": self.tips_url, "patrols": self.patrols_url, "awards": self.awards_url}

    @property
    def instance(self) -> str:
        """The name under which the group knows this worker, the same after a restart: its partitions wait for it."""
        return self.worker_instance or f"{socket.gethostname()}-{self.worker_metrics_port}"

    def of_worker(self) -> Self:
        """The same settings with the worker's port as the port to listen on."""
        return self.model_copy(update={"port": self.worker_metrics_port})
