"""What the tips service accepts as settings."""

from pathlib import Path

import pytest

from services.tips import __main__ as service
from services.tips.settings import TipsSettings


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in ("SEALING_PUBLIC_KEY_FILE", "RECEIPT_KEY_FILE", "JWT_PUBLIC_KEY_FILE"):
        path = tmp_path / name.lower()
        path.write_text("not a key")
        monkeypatch.setenv(f"PULSE_{name}", str(path))
    monkeypatch.setenv("PULSE_COMMUNE_KEYS_DIR", str(tmp_path))
    return monkeypatch


@pytest.mark.parametrize("step_s", ["0", "7", "1000", "7200"])
def test_times_of_anonymous_tips_are_floored_to_a_part_of_an_hour(environment: pytest.MonkeyPatch, step_s: str) -> None:
    environment.setenv("PULSE_ANONYMOUS_STEP_S", step_s)

    with pytest.raises(SystemExit, match="PULSE_ANONYMOUS_STEP_S"):
        TipsSettings.load()


@pytest.mark.parametrize("name", ["PULSE_SEALING_PUBLIC_KEY_FILE", "PULSE_COMMUNE_KEYS_DIR", "PULSE_RECEIPT_KEY_FILE"])
def test_without_its_keys_the_service_does_not_start(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)

    with pytest.raises(SystemExit, match=name):
        TipsSettings.load()


def test_a_file_that_holds_no_key_is_told_in_one_sentence(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"Settings: .*does not hold a PEM public key"):
        service.main()
