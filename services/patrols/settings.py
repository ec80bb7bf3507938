"""What the patrols service is told from outside; starts nothing."""

from typing import Final

from pydantic import Field

from shared.settings import Settings

DATABASE: Final = "pulse_patrols"


class PatrolsSettings(Settings):
    """The common settings with this service's port."""

    port: int = Field(default=8002, ge=0, le=65535)
