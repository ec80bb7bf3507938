"""What the awards service is told from outside; starts nothing."""

from typing import Final

from pydantic import Field

from shared.settings import Settings

DATABASE: Final = "pulse_awards"


class AwardsSettings(Settings):
    """The common settings with this service's port."""

    port: int = Field(default=8003, ge=0, le=65535)
