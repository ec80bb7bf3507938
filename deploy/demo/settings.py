"""What the demonstration is told from outside; starts nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr

from deploy.keys import JWT_PRIVATE, local_token
from shared.security import EVERYWHERE, Role
from shared.settings import Misconfigured, Settings

SUBJECT: Final = "demonstration"
TOKEN_TTL: Final = timedelta(hours=12)


class DemoSettings(Settings):
    """The settings of the loader, the simulator and the check."""

    tips_url: str = Field(default="http://127.0.0.1:8001", pattern=r"^https?://")
    patrols_url: str = Field(default="http://127.0.0.1:8002", pattern=r"^https?://")
    awards_url: str = Field(default="http://127.0.0.1:8003", pattern=r"^https?://")
    stats_url: str = Field(default="http://127.0.0.1:8000", pattern=r"^https?://")
    demo_token: SecretStr | None = None
    """A token of an administrator for all units; `PULSE_TOKEN` is taken as well."""
    token: SecretStr | None = None
    keys_dir: Path | None = None
    """The keys of the local set-up, with which a token is made if none is given."""
    demo_dir: Path = Path(".data/demo")
    """Where is kept what is loaded already."""
    history_progress_file: Path | None = None
    """Where the pages read how far the history has come."""
    demo_scale: float = Field(default=1.0, gt=0, le=1)
    """The part of the history that is loaded; at any other than 1 the published figures do not come out."""
    simulator_pace: float = Field(default=5.0, ge=0, le=1000)
    """How many times faster than in the city things happen; 0 for not at all."""
    simulator_seed: str | None = None
    """Makes the simulator decide the same again; without it every run is another."""

    @property
    def urls(self) -> dict[str, str]:
        """Where each service answers."""
        urls = {"tips": self.tips_url, "patrols": self.patrols_url, "awards": self.awards_url, "stats": self.stats_url}
        return {service: url.rstrip("/") for service, url in urls.items()}

    def token_source(self) -> Callable[[], str | None]:
        """Gives a token that is valid now; none where none can be had."""
        given = self.demo_token or self.token
        if given is not None:
            return given.get_secret_value
        if self.keys_dir is None or not (self.keys_dir / JWT_PRIVATE).is_file():
            return lambda: None
        return _Made(self.keys_dir)

    def required_token_source(self) -> Callable[[], str | None]:
        """The same. Raises: Misconfigured where none can be had."""
        source = self.token_source()
        if source() is None:
            raise Misconfigured("Set PULSE_DEMO_TOKEN to a token of an administrator for all units, or PULSE_KEYS_DIR.")
        return source


class _Made:
    """Tokens made with the keys of the local set-up, long before the last one expires."""

    def __init__(self, keys: Path) -> None:
        self._keys = keys
        self._token = ""
        self._renew_at = datetime.min.replace(tzinfo=UTC)

    def __call__(self) -> str:
        now = datetime.now(UTC)
        if now >= self._renew_at:
            self._token = local_token(self._keys, Role.ADMINISTRATOR, [EVERYWHERE], subject=SUBJECT, ttl=TOKEN_TTL)
            self._renew_at = now + TOKEN_TTL / 2
        return self._token
