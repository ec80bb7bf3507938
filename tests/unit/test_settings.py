import ssl
from pathlib import Path

import pytest
from pydantic import Field

from shared.settings import Settings, kafka_client_options


class ServiceSettings(Settings):
    port: int = Field(default=8001, ge=0, le=65535)
    receipts_kept_days: int = Field(default=30, ge=1)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_URI", "mongodb://store:27017")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "one:9092,two:9092")
    monkeypatch.setenv("PULSE_RECEIPTS_KEPT_DAYS", "7")

    settings = ServiceSettings.load()

    assert settings.mongodb_uri.get_secret_value() == "mongodb://store:27017"
    assert settings.kafka_bootstrap_servers == "one:9092,two:9092"
    assert settings.receipts_kept_days == 7
    assert settings.port == 8001
    assert settings.zone.key == "Asia/Ho_Chi_Minh"


def test_secrets_may_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mongodb_uri").write_text("mongodb://somebody:hidden@store")
    monkeypatch.delenv("MONGODB_URI", raising=False)
    monkeypatch.setenv("PULSE_SECRETS_DIR", str(tmp_path))

    settings = Settings.load()

    assert settings.mongodb_uri.get_secret_value() == "mongodb://somebody:hidden@store"
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("PULSE_PORT", "eighty", "PULSE_PORT: Input should be a valid integer"),
        ("PULSE_PORT", "70000", "PULSE_PORT: Input should be less than or equal to 65535."),
        ("PULSE_RECEIPTS_KEPT_DAYS", "0", "PULSE_RECEIPTS_KEPT_DAYS: Input should be greater than or equal to 1."),
        ("PULSE_TIME_ZONE", "Hanoi", "PULSE_TIME_ZONE: 'Hanoi' is not a known time zone"),
        ("PULSE_CITY", "Hanoi", "PULSE_CITY: "),
        ("PULSE_LOG_LEVEL", "loud", "PULSE_LOG_LEVEL: "),
        ("PULSE_JWT_PUBLIC_KEY_FILE", "/nowhere.pem", "PULSE_JWT_PUBLIC_KEY_FILE: there is no file /nowhere.pem."),
        ("PULSE_JWT_ALGORITHMS", "none", "PULSE_JWT_ALGORITHMS: "),
        ("PULSE_JWT_ALGORITHMS", "EdDSA,HS256", "PULSE_JWT_ALGORITHMS: "),
        ("PULSE_JWT_ALGORITHMS", "", "PULSE_JWT_ALGORITHMS: "),
        ("PULSE_KAFKA_SECURITY_PROTOCOL", "SASL_SSL", "needs PULSE_KAFKA_USERNAME and PULSE_KAFKA_PASSWORD"),
        ("MONGODB_URI", "store:27017", "MONGODB_URI: "),
    ],
)
def test_a_bad_value_stops_the_start_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(SystemExit) as stop:
        ServiceSettings.load()

    assert sentence in str(stop.value)
    assert len(str(stop.value).splitlines()) == 1


def test_each_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_PORT", "x")
    monkeypatch.setenv("PULSE_CITY", "x")

    with pytest.raises(SystemExit) as stop:
        Settings.load()

    assert {line.partition(":")[0] for line in str(stop.value).splitlines()} == {"PULSE_PORT", "PULSE_CITY"}


def test_algorithms_are_listed_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_JWT_ALGORITHMS", "ES256, RS256")

    assert Settings.load().jwt_algorithms == ("ES256", "RS256")


def test_plain_kafka_needs_only_its_address() -> None:
    options = kafka_client_options(Settings(kafka_bootstrap_servers="broker:9092"))

    assert options == {"bootstrap_servers": "broker:9092", "security_protocol": "PLAINTEXT"}


def test_kafka_with_tls_and_password() -> None:
    settings = Settings.model_validate(
        {"kafka_security_protocol": "SASL_SSL", "kafka_username": "pulse", "kafka_password": "secret"}
    )

    options = kafka_client_options(settings)

    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert options["sasl_plain_username"] == "pulse"
    assert options["sasl_plain_password"] == "secret"
    assert options["ssl_context"].verify_mode is ssl.CERT_REQUIRED
    assert "secret" not in repr(settings)
