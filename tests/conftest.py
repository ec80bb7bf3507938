"""Fixtures that every test may use; servers start when a test first asks for them."""

from collections.abc import Iterator
from typing import Final

import hypothesis
import pytest

from tests import servers

# No test watches the clock of a machine that may have other things to do.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

_running: Final[dict[str, str]] = {}


def pytest_report_header(config: pytest.Config) -> str:
    if config.args == ["tests/e2e"]:
        return "servers: those of the running system"
    kind = servers.chosen()
    names = {
        "containers": f"{servers.KAFKA_IMAGE} and {servers.MONGO_IMAGE} (testcontainers)",
        "embedded": "Tansu and SecantusDB (embedded)",
    }
    return f"servers: {names[kind]}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name, version in _running.items():
        terminalreporter.write_line(f"{name}: {version}")


@pytest.fixture(scope="session")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the broker of this run."""
    kind = servers.chosen()
    with servers.broker(kind, tmp_path_factory.mktemp("broker")) as address:
        _running["broker"] = f"{servers.KAFKA_IMAGE if kind == 'containers' else 'Tansu'} at {address}"
        yield address


@pytest.fixture(scope="session")
def store_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of the store of this run; use a database of your own."""
    kind = servers.chosen()
    with servers.store(kind, tmp_path_factory.mktemp("store")) as uri:
        image = servers.MONGO_IMAGE if kind == "containers" else "SecantusDB"
        _running["store"] = f"{image}, {servers.store_version(uri)}"
        yield uri
