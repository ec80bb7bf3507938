"""`python -m deploy.embedded` as a person starts it: what it refuses, and in which words."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deploy.embedded.servers import broker_answers, free_port, start_broker, start_store, store_answers
from deploy.embedded.system import SERVERS, SetUp

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 120  # a busy machine starts eight processes slowly
SERVICES = ("stats", "tips", "patrols", "awards", "tips-desk", "stats-worker", "stats-ledger")
NAMES = ("stats", "tips", "patrols", "awards", "desk", "worker_metrics", "ledger_metrics", "broker", "store")


def environment(directory: Path, **more: str) -> dict[str, str]:
    given = {f"PULSE_{name.upper()}_PORT": str(free_port()) for name in NAMES}
    kept = {name: value for name, value in os.environ.items() if name not in ("KAFKA_BOOTSTRAP_SERVERS", "MONGODB_URI")}
    return kept | given | {"PULSE_DATA_DIR": str(directory), "DEMO": "0"} | more


def start(told: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy.embedded"]
    return subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, timeout=WAIT_S, check=False)


def test_taken_port_ends_the_start_with_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        outcome = start(environment(tmp_path / "data", PULSE_PATROLS_PORT=port))

    assert outcome.returncode == 1
    assert outcome.stderr.splitlines() == [
        f"Port {port}, meant for patrols, is taken by another program: "
        "end that program, or choose another with PULSE_PATROLS_PORT=…"
    ]


def test_directory_of_somebody_else_ends_the_start_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").write_text("x")

    outcome = start(environment(tmp_path, FRESH="1"))

    assert outcome.returncode == 1
    assert "not from `make run`" in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1


def test_unreachable_broker_ends_the_start_with_one_sentence(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"

    outcome = start(environment(tmp_path / "data", KAFKA_BOOTSTRAP_SERVERS=address))

    assert outcome.returncode == 1
    assert f"The broker at {address} does not answer" in outcome.stderr.splitlines()[-1]


def test_unknown_broker_ends_the_start_with_one_sentence(tmp_path: Path) -> None:
    outcome = start(environment(tmp_path / "data", BROKER="rabbit"))

    assert outcome.returncode == 1
    assert outcome.stderr == "BROKER=rabbit is not known: it is kafka, or nothing for the embedded broker.\n"


def test_missing_tool_ends_the_start_with_one_sentence(tmp_path: Path) -> None:
    outcome = start(environment(tmp_path / "data", BROKER="kafka", PATH=str(tmp_path)))

    assert outcome.returncode == 1
    assert outcome.stderr == (
        "BROKER=kafka needs a JDK (17 or newer): java was not found; without it, leave BROKER away.\n"
    )


def test_given_addresses_start_nothing_embedded(tmp_path: Path) -> None:
    told = environment(tmp_path, KAFKA_BOOTSTRAP_SERVERS="kafka:9092", MONGODB_URI="mongodb://store")

    children = SetUp.of(told).children()

    assert all(child.stage != SERVERS for child in children)
    assert {child.environment["KAFKA_BOOTSTRAP_SERVERS"] for child in children} == {"kafka:9092"}
    assert {child.environment["MONGODB_URI"] for child in children} == {"mongodb://store"}


def test_no_service_is_told_where_a_private_key_is(tmp_path: Path) -> None:
    children = SetUp.of(environment(tmp_path)).children()

    told = [value for child in children if child.name != "demo" for value in child.environment.values()]

    assert not [value for value in told if value.endswith(("jwt.key", "custodian.key"))]


def test_only_the_desk_is_told_where_the_keys_of_communes_are(tmp_path: Path) -> None:
    children = SetUp.of(environment(tmp_path)).children()

    assert [child.name for child in children if "PULSE_DESK_KEYS_DIR" in child.environment] == ["tips-desk"]


def test_everything_comes_up_and_ends_cleanly_on_interrupt(tmp_path: Path) -> None:
    command, told = [sys.executable, "-m", "deploy.embedded"], environment(tmp_path / "data")
    with subprocess.Popen(command, cwd=ROOT, env=told, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        hung = threading.Timer(WAIT_S, run.kill)
        hung.start()
        waited_for = set(SERVICES)
        for line in run.stdout:
            waited_for -= {name for name in waited_for if f" {name} ready" in line}
            if not waited_for:
                break
        hung.cancel()
        pids = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if _holds(path, str(tmp_path))]

        run.send_signal(signal.SIGINT)

        assert run.wait(timeout=20) == 0
        assert len(pids) >= len(SERVICES) or sys.platform != "linux"
        assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def _holds(path: Path, text: str) -> bool:
    try:
        return text in path.read_text(errors="replace")
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_embedded_servers_come_up_and_end(tmp_path: Path, number: signal.Signals) -> None:
    with start_broker(tmp_path) as broker, start_store(tmp_path) as store:
        assert broker_answers(broker.port)
        assert store_answers(store.port)
        if number == signal.SIGKILL:
            broker.kill()
            store.kill()

    assert not broker_answers(broker.port)
    assert not store_answers(store.port)
