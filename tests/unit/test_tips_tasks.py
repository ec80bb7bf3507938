"""The commands of those who keep keys, as far as they need no store."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.tips.custody.audit import NO_HASH
from services.tips.tasks import cli


def test_what_is_no_head_is_refused_before_anything_is_read() -> None:
    outcome = CliRunner().invoke(cli, ["audit", "--head", "17:abc"])

    assert outcome.exit_code == 2
    assert f"17:{NO_HASH}"[:10] in outcome.output


@pytest.mark.parametrize("command", ["desk", "rekey"])
def test_without_the_keys_of_communes_nothing_starts(
    command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PULSE_COMMUNE_KEYS_DIR", str(tmp_path))
    monkeypatch.delenv("PULSE_DESK_KEYS_DIR", raising=False)

    outcome = CliRunner().invoke(cli, [command])

    assert "PULSE_DESK_KEYS_DIR" in str(outcome.exception)


def test_a_key_file_that_holds_no_key_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PULSE_COMMUNE_KEYS_DIR", str(tmp_path))
    monkeypatch.setenv("PULSE_DESK_KEYS_DIR", str(tmp_path))

    outcome = CliRunner().invoke(cli, ["rekey"])

    assert outcome.exit_code == 1
    assert "all.pub, is missing" in outcome.output
