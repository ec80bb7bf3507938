"""Who may import whom: the contracts hold here, and each of them bites."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
MODULES = (
    "shared.errors",
    "shared.store.client",
    "deploy.keys",
    *(f"services.{name}.domain" for name in ("tips", "patrols", "awards")),
    *(f"services.tips.{name}" for name in ("app", "routes", "deps", "repository", "handlers")),
    *(f"services.tips.{name}" for name in ("desk.app", "custodians", "custody.opening")),
    *(f"services.stats.{name}" for name in ("catalogue", "engine", "panes", "windows", "verify", "app")),
)


def lint(directory: Path) -> subprocess.CompletedProcess[str]:
    command = [str(LINT_IMPORTS), "--no-cache", "--config", str(directory / "pyproject.toml")]
    wide = os.environ | {"COLUMNS": "200"}  # one line for each contract
    return subprocess.run(command, cwd=directory, env=wide, capture_output=True, text=True, check=False)


@pytest.fixture
def empty_system(tmp_path: Path) -> Path:
    for module in MODULES:
        path = tmp_path.joinpath(*module.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        for package in path.relative_to(tmp_path).parents:
            if package != Path():
                (tmp_path / package / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    return tmp_path


def write(directory: Path, module: str, line: str) -> None:
    directory.joinpath(*module.split(".")).with_suffix(".py").write_text(line + "\n")


def test_contracts_hold() -> None:
    outcome = lint(ROOT)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("shared.errors", "import services.tips.domain", "shared never imports a service"),
        ("shared.errors", "import deploy.keys", "shared never imports a service"),
        ("services.tips.app", "import deploy.keys", "a service never imports what runs it"),
        ("services.tips.handlers", "import services.awards.domain", "services are independent"),
        ("services.tips.domain", "import services.tips.handlers", "within a service"),
        ("services.tips.handlers", "import services.tips.repository", "within a service"),
        ("services.tips.app", "import services.tips.desk.app", "the intake of tips seals and never opens"),
        ("services.tips.handlers", "import services.tips.custody.opening", "the intake of tips seals and never opens"),
        ("services.tips.domain", "import aiokafka", "domain and engine do no I/O"),
        ("services.stats.engine", "import shared.store.client", "domain and engine do no I/O"),
        ("services.tips.repository", "import pymongo", "only shared.store names the driver"),
        ("deploy.keys", "import secantus", "the embedded servers run as processes"),
        ("services.stats.verify", "import services.stats.app", "verify recomputes with its own code"),
        ("services.stats.panes", "import services.stats.app", "no import cycles"),
    ],
)
def test_contract_bites(empty_system: Path, module: str, line: str, broken: str) -> None:
    write(empty_system, "shared.store.client", "import motor.motor_asyncio\nimport pymongo")
    write(empty_system, "services.stats.app", "import services.stats.panes")
    sound = lint(empty_system)
    assert sound.returncode == 0, sound.stdout

    write(empty_system, module, line)

    outcome = lint(empty_system)
    assert outcome.returncode == 1
    lines = outcome.stdout.splitlines()
    assert [line for line in lines if line.startswith(broken) and " BROKEN" in line], outcome.stdout
