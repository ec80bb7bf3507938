"""Settings from the environment and a secrets directory; owns their names and limits, starts nothing."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_PREFIX = "PULSE_"

JwtAlgorithm = Literal["EdDSA", "ES256", "RS256"]


class Misconfigured(SystemExit):
    """A setting that does not let the process start, told in one sentence instead of a traceback."""


class Settings(BaseSettings):
    """What every service is told from outside; a service adds its own fields in a subclass."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, extra="ignore", frozen=True, populate_by_name=True, hide_input_in_errors=True
    )

    mongodb_uri: SecretStr = Field(default=SecretStr("mongodb://127.0.0.1:27017"), validation_alias="MONGODB_URI")
    kafka_bootstrap_servers: str = Field(default="127.0.0.1:9092", validation_alias="KAFKA_BOOTSTRAP_SERVERS")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    kafka_ca_file: Path | None = None
    kafka_certificate_file: Path | None = None
    kafka_key_file: Path | None = None
    kafka_partitions: int = Field(default=12, ge=1, le=1000)

    outbox_shared: bool = True
    """Whether other processes commit to the same outbox, as other replicas do; the store is then asked for news."""

    time_zone: str = "Asia/Ho_Chi_Minh"
    city: str = Field(default="01", pattern=r"^\d{2}$")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    drain_s: float = Field(default=0.0, ge=0, le=20)
    """How long a stopping process still answers, told as not ready, so that balancers let go of it first."""
    shutdown_grace_s: float = Field(default=15.0, ge=1, le=30)

    jwt_public_key_file: Path | None = None
    jwt_jwks_url: str | None = Field(default=None, pattern=r"^https?://")
    jwt_issuer: str = Field(default="commune-pulse", min_length=1)
    jwt_audience: str = Field(default="commune-pulse", min_length=1)
    jwt_algorithms: Annotated[tuple[JwtAlgorithm, ...], NoDecode] = ("EdDSA", "ES256", "RS256")

    @classmethod
    def load(cls) -> Self:
        """The settings of this process. Raises: Misconfigured with one sentence for each value that is wrong."""
        try:
            return cls(_secrets_dir=os.environ.get(_PREFIX + "SECRETS_DIR"))
        except ValidationError as error:
            wrong = {one["loc"][:1]: one for one in reversed(error.errors(include_input=False))}
            raise Misconfigured("\n".join(_sentence(cls, one) for one in reversed(wrong.values()))) from None

    @field_validator("jwt_algorithms", mode="before")
    @classmethod
    def _listed(cls, names: object) -> object:
        return tuple(name.strip() for name in names.split(",")) if isinstance(names, str) else names

    @field_validator("mongodb_uri")
    @classmethod
    def _mongodb(cls, uri: SecretStr) -> SecretStr:
        if not uri.get_secret_value().startswith(("mongodb://", "mongodb+srv://")):
            raise ValueError("must begin with mongodb:// or mongodb+srv://")
        return uri

    @field_validator("time_zone")
    @classmethod
    def _known_time_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{name!r} is not a known time zone such as Asia/Ho_Chi_Minh") from None
        return name

    @field_validator("kafka_ca_file", "kafka_certificate_file", "kafka_key_file", "jwt_public_key_file")
    @classmethod
    def _readable(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError(f"there is no file {path}")
        return path

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.kafka_security_protocol.startswith("SASL") and not (self.kafka_username and self.kafka_password):
            raise ValueError(
                f"{_PREFIX}KAFKA_SECURITY_PROTOCOL={self.kafka_security_protocol} needs "
                f"{_PREFIX}KAFKA_USERNAME and {_PREFIX}KAFKA_PASSWORD"
            )
        if (self.kafka_certificate_file is None) != (self.kafka_key_file is None):
            raise ValueError(f"{_PREFIX}KAFKA_CERTIFICATE_FILE and {_PREFIX}KAFKA_KEY_FILE belong together")
        if self.jwt_public_key_file and self.jwt_jwks_url:
            raise ValueError(f"set either {_PREFIX}JWT_PUBLIC_KEY_FILE or {_PREFIX}JWT_JWKS_URL, not both")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of local days."""
        return ZoneInfo(self.time_zone)


def kafka_client_options(settings: Settings) -> dict[str, Any]:
    """The address and the credentials of the broker, as keyword arguments of any aiokafka client."""
    protocol = settings.kafka_security_protocol
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap_servers,
        "security_protocol": protocol,
    }
    if protocol.startswith("SASL") and settings.kafka_password is not None:
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_username
        options["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    if protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
        if settings.kafka_certificate_file is not None:
            context.load_cert_chain(settings.kafka_certificate_file, settings.kafka_key_file)
        options["ssl_context"] = context
    return options


def _sentence(cls: type[Settings], wrong: Any) -> str:
    reason = str(wrong["msg"]).removeprefix("Value error, ")
    if not wrong["loc"]:
        return f"Settings: {reason}."
    name = str(wrong["loc"][0])
    field = cls.model_fields.get(name)
    variable = name if field is None or isinstance(field.validation_alias, str) else _PREFIX + name.upper()
    return f"{variable}: {reason}."
