"""Settings of the tips service and its desk; owns their names and limits."""

from pathlib import Path
from typing import Final

from pydantic import Field, field_validator

from shared.settings import Settings

DATABASE: Final = "pulse_tips"
HOUR_S: Final = 3_600


def existing_directory(path: Path) -> Path:
    """The path itself. Raises: ValueError unless a directory is there."""
    if not path.is_dir():
        raise ValueError(f"there is no directory {path}")
    return path


class TipsSettings(Settings):
    """What this service is told beyond what every service is told."""

    port: int = Field(default=8001, ge=0, le=65535)
    sealing_public_key_file: Path
    """PEM file with the custodian's X25519 public key. The private key belongs on no machine that takes tips in."""
    commune_keys_dir: Path
    """Directory with the communes' X25519 public keys, `<unit>.pub`; `all.pub` is for those without one."""
    receipt_key_file: Path
    """File with at least 32 random bytes. Receipts cannot be found again with another key."""
    anonymous_step_s: int = Field(default=900, ge=60, le=HOUR_S)
    """How coarsely the times of anonymous tips are kept and told, in seconds."""

    anonymous_per_s: float = Field(default=1.0, gt=0, le=1_000)
    """How many reports without a token a process takes freely per second; above it they need proof."""
    anonymous_burst: int = Field(default=100, ge=1, le=100_000)
    """How many may come at once after a quiet time: a city that has something to report."""
    messages_per_s: float = Field(default=1.0, gt=0, le=1_000)
    """How many messages and pictures by receipt a process takes freely per second; above it they need proof."""
    messages_burst: int = Field(default=100, ge=1, le=100_000)
    """How many of them may come at once after a quiet time."""
    repeat_window_s: int = Field(default=HOUR_S, ge=0, le=24 * HOUR_S)
    """For how long the same report without a token is one case, in seconds; 0 compares none."""

    @field_validator("sealing_public_key_file", "receipt_key_file")
    @classmethod
    def _there(cls, path: Path) -> Path:
        if not path.is_file():
            raise ValueError(f"there is no file {path}")
        return path

    @field_validator("commune_keys_dir")
    @classmethod
    def _is_directory(cls, path: Path) -> Path:
        return existing_directory(path)

    @field_validator("anonymous_step_s")
    @classmethod
    def _divides_an_hour(cls, step_s: int) -> int:
        # Else a floored time could fall into the local day before, in which the unit may not have existed.
        if HOUR_S % step_s:
            raise ValueError("must divide an hour, such as 300, 900 or 1800 seconds")
        return step_s


class CustodySettings(Settings):
    """What tasks of custodians are told: where the store is."""


class DeskSettings(CustodySettings):
    """What the desk is told beyond what every service is told."""

    port: int = Field(default=8004, ge=0, le=65535)
    commune_keys_dir: Path
    """The communes' public keys, as the intake has them."""
    desk_keys_dir: Path
    """Directory with the private keys `*.key` of the communes that this desk serves, former ones included."""
    identity_access_s: int = Field(default=HOUR_S, ge=60, le=24 * HOUR_S)
    """How long an approved identity may be opened, in seconds."""

    @field_validator("commune_keys_dir", "desk_keys_dir")
    @classmethod
    def _is_directory(cls, path: Path) -> Path:
        return existing_directory(path)
