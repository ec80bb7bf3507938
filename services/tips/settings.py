"""Settings of the tips service; owns their names and limits."""

from pathlib import Path
from typing import Final

from pydantic import Field, field_validator

from shared.settings import Settings

DATABASE: Final = "pulse_tips"
HOUR_S: Final = 3_600


class TipsSettings(Settings):
    """What this service is told beyond what every service is told."""

    port: int = Field(default=8001, ge=0, le=65535)
    sealing_public_key_file: Path
    """PEM file with the custodian's X25519 public key. The private key belongs on no machine that takes tips in."""
    receipt_key_file: Path
    """File with at least 32 random bytes. Receipts cannot be found again with another key."""
    anonymous_step_s: int = Field(default=900, ge=60, le=HOUR_S)
    """How coarsely the times of anonymous tips are kept and told, in seconds."""

    @field_validator("sealing_public_key_file", "receipt_key_file")
    @classmethod
    def _there(cls, path: Path) -> Path:
        if not path.is_file():
            raise ValueError(f"there is no file {path}")
        return path

    @field_validator("anonymous_step_s")
    @classmethod
    def _divides_an_hour(cls, step_s: int) -> int:
        # Else a floored time could fall into the local day before, in which the unit may not have existed.
        if HOUR_S % step_s:
            raise ValueError("must divide an hour, such as 300, 900 or 1800 seconds")
        return step_s
