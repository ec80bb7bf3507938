"""The supervisor with small processes in the place of servers and services."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from deploy.embedded.children import Child, ChildLog, State
from deploy.embedded.directory import MARKER, DirectoryRefused, LocalDirectory
from deploy.embedded.memory import MemoryLimit
from deploy.embedded.ports import Ports, SetUpRefused, check_port
from deploy.embedded.supervisor import Supervisor
from deploy.embedded.terminal import PlainPicture

WAIT_S = 15.0
FOREVER = "import signal; signal.pause()"


class Witness:
    """A picture that remembers."""

    def __init__(self) -> None:
        self.states: list[tuple[str, State]] = []
        self.notices: list[str] = []
        self.shown: list[tuple[int, int, str]] = []

    def state(self, child: Child, state: State) -> None:
        self.states.append((child.name, state))

    def notice(self, text: str) -> None:
        self.notices.append(text)

    def progress(self, done: int, total: int, label: str) -> None:
        self.shown.append((done, total, label))


def python(program: str, name: str = "tips", **more: object) -> Child:
    return Child(name=name, command=lambda: [sys.executable, "-S", "-c", program], **more)  # type: ignore[arg-type]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def supervised(*children: Child, logs: Path) -> AsyncIterator[tuple[Supervisor, Witness, asyncio.Event]]:
    witness, stop = Witness(), asyncio.Event()
    supervisor = Supervisor(children, logs=logs, picture=witness, first_pause_s=0.02, weigh_every_s=0.05)
    task = asyncio.create_task(supervisor.run(stop))
    try:
        yield supervisor, witness, stop
    finally:
        stop.set()
        await task


def alive(pid: int | None) -> bool:
    try:
        os.kill(pid or 0, 0)
    except ProcessLookupError:
        return False
    return pid is not None


async def test_died_child_is_named_and_started_again(tmp_path: Path) -> None:
    async with supervised(python(FOREVER), logs=tmp_path) as (supervisor, witness, _):
        await until(lambda: ("tips", State.READY) in witness.states)
        first = supervisor.pid_of("tips")
        assert first

        os.kill(first, signal.SIGKILL)

        await until(lambda: witness.states.count(("tips", State.READY)) == 2)
        assert witness.notices == ["tips died (SIGKILL) and is started again"]
        assert supervisor.pid_of("tips") != first


async def test_notice_of_a_died_child_carries_its_last_words(tmp_path: Path) -> None:
    async with supervised(python("raise SystemExit('no key')"), logs=tmp_path) as (_, witness, _stop):
        await until(lambda: witness.states.count(("tips", State.RESTARTING)) == 3)

    assert witness.notices == ["tips died (exit code 1) and is started again: no key"]


async def test_child_that_has_done_its_work_is_left_alone(tmp_path: Path) -> None:
    async with supervised(python("print('progress 3 3 history')", once=True), logs=tmp_path) as (_, witness, _stop):
        await until(lambda: ("tips", State.ENDED) in witness.states)

    assert witness.notices == []
    assert witness.shown == [(3, 3, "history")]


async def test_later_stage_waits_for_the_gate_of_the_earlier_one(tmp_path: Path) -> None:
    opened = asyncio.Event()

    async def answers() -> bool:
        return opened.is_set()

    broker = python(FOREVER, "broker", gate=True, answers=answers)
    async with supervised(broker, python(FOREVER, stage=1), logs=tmp_path) as (supervisor, witness, _):
        await until(lambda: supervisor.pid_of("broker"))
        assert supervisor.pid_of("tips") is None

        opened.set()

        await until(lambda: ("tips", State.READY) in witness.states)
        assert witness.states.index(("broker", State.READY)) < witness.states.index(("tips", State.STARTING))


async def test_children_end_in_reverse_order(tmp_path: Path) -> None:
    told = tmp_path / "order"
    program = (
        "import signal, sys\n"
        f"def end(*_):\n open({str(told)!r}, 'a').write(sys.argv[1] + ' '); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\nprint('{}', flush=True)\nsignal.pause()"
    )

    def child(name: str, stage: int) -> Child:
        return Child(name=name, command=lambda: [sys.executable, "-c", program, name], stage=stage)

    async with supervised(child("broker", 0), child("tips", 1), child("demo", 2), logs=tmp_path):
        await until(lambda: all((tmp_path / f"{name}.log").stat().st_size for name in ("broker", "tips", "demo")))

    assert told.read_text().split() == ["demo", "tips", "broker"]


async def test_child_that_does_not_end_is_killed_after_its_grace(tmp_path: Path) -> None:
    deaf = python(
        "import signal; signal.signal(15, lambda *_: None); print(1, flush=True)\nwhile 1: signal.pause()", grace_s=0.2
    )
    async with supervised(deaf, logs=tmp_path) as (supervisor, witness, _):
        await until(lambda: (tmp_path / "tips.log").stat().st_size)
        pid = supervisor.pid_of("tips")

    assert not alive(pid)
    assert witness.notices == ["tips did not end within 0 s: killed"]


async def test_children_of_a_killed_supervisor_end_too(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import signal, subprocess, sys\n"
            "from deploy.embedded.guard import Guard\n"
            "program = [sys.executable, '-c', 'import signal; signal.pause()']\n"
            "child = subprocess.Popen(program, start_new_session=True)\n"
            "guard = Guard(); guard.watch(child.pid); print(child.pid, flush=True)\n"
            "signal.pause()",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout
    child = int(owner.stdout.readline())

    owner.kill()

    owner.wait()
    owner.stdout.close()
    await until(lambda: not alive(child))


async def test_later_children_stand_still_until_a_restarted_broker_is_prepared(tmp_path: Path) -> None:
    prepared = asyncio.Event()
    prepared.set()

    async def prepare() -> None:
        await prepared.wait()

    broker = python(FOREVER, "broker", gate=True, prepare=prepare, alone=True)
    async with supervised(broker, python(FOREVER, stage=1), logs=tmp_path) as (supervisor, witness, _):
        await until(lambda: ("tips", State.READY) in witness.states)
        prepared.clear()

        os.kill(supervisor.pid_of("broker") or 0, signal.SIGKILL)

        await until(lambda: _state_of(supervisor.pid_of("tips")) == "T")
        prepared.set()
        await until(lambda: _state_of(supervisor.pid_of("tips")) != "T")


def _state_of(pid: int | None) -> str:
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        return stat.read_text().rpartition(")")[2].split()[0]
    told = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return told.stdout.strip()[:1]


async def test_overgrown_child_is_started_anew(tmp_path: Path) -> None:
    reasons = iter(["it holds too much"])
    broker = python(FOREVER, "broker", overgrown=lambda _pid, _up_s: next(reasons, None))
    async with supervised(broker, logs=tmp_path) as (_, witness, _stop):
        await until(lambda: witness.states.count(("broker", State.READY)) == 2)

    assert witness.notices == ["broker is started anew: it holds too much"]


async def test_important_line_is_shown_once(tmp_path: Path) -> None:
    program = f"""for _ in range(9): print('{json.dumps({"level": "error", "event": "no space left"})}', flush=True)"""
    async with supervised(python(program, once=True), logs=tmp_path) as (_, witness, _stop):
        await until(lambda: ("tips", State.ENDED) in witness.states)

    assert witness.notices == ["tips: no space left"]


async def test_fault_of_the_supervisor_ends_every_child(tmp_path: Path) -> None:
    def refuses() -> list[str]:
        raise SetUpRefused("not here")

    witness = Witness()
    children = [python(FOREVER, "broker"), Child(name="tips", command=refuses, stage=1)]
    supervisor = Supervisor(children, logs=tmp_path, picture=witness)

    with pytest.raises(SetUpRefused, match="not here"):
        await asyncio.wait_for(supervisor.run(asyncio.Event()), WAIT_S)

    assert supervisor.pid_of("broker") is None


def test_log_is_json_and_cannot_grow_for_ever(tmp_path: Path) -> None:
    log = ChildLog("tips", tmp_path, limit_bytes=2_000)

    for number in range(1_000):
        log.write(f"line {number}")
    log.close()

    lines = (tmp_path / "tips.log").read_text().splitlines()
    assert json.loads(lines[-1]) | {"timestamp": ""} == {"timestamp": "", "service": "tips", "event": "line 999"}
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 5_000


def test_taken_port_is_named_with_the_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(SetUpRefused) as refused:
            check_port("tips", port)

    assert str(refused.value) == (
        f"Port {port}, meant for tips, is taken by another program: "
        "end that program, or choose another with PULSE_TIPS_PORT=…"
    )


@pytest.mark.parametrize("told", ["eight", "0", "70000", "8001"])
def test_port_that_cannot_be_is_refused(told: str) -> None:
    with pytest.raises(SetUpRefused):
        Ports.of({"PULSE_STATS_PORT": told})


@contextmanager
def claimed(path: Path, *, fresh: bool = False) -> Iterator[None]:
    directory = LocalDirectory(path)
    directory.claim(fresh=fresh)
    yield
    directory.release()


def test_fresh_start_wipes_what_it_made_and_nothing_else(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    with claimed(path):
        for made in (path / "store" / "journal", path / "notes.txt", elsewhere / "precious"):
            made.parent.mkdir(exist_ok=True)
            made.write_text("x")
        (path / "keys").symlink_to(elsewhere)

    with claimed(path, fresh=True):
        assert sorted(entry.name for entry in path.iterdir()) == [MARKER, "notes.txt"]
        assert (elsewhere / "precious").exists()


def test_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").write_text("x")

    with pytest.raises(DirectoryRefused, match="not from `make run`"):
        LocalDirectory(tmp_path).claim(fresh=True)

    assert (tmp_path / "thesis.odt").exists()


def test_directory_serves_one_supervisor_at_a_time(tmp_path: Path) -> None:
    with claimed(tmp_path / "data"), pytest.raises(DirectoryRefused, match="Another `make run`"):
        LocalDirectory(tmp_path / "data").claim()


def test_what_keeps_its_facts_in_memory_is_overgrown_only_by_what_came_after_it_was_loaded() -> None:
    held = {7: 900.0}
    limit = MemoryLimit(500.0, "it never compacts", settle_s=60.0, growth=1.5, weigh=lambda pid: held[pid])

    assert limit(7, 59.0) is None
    assert limit(7, 60.0) is None
    held[7] = 1300.0
    assert limit(7, 70.0) is None
    held[7] = 1400.0
    assert limit(7, 80.0) == "it holds 1400 MB, because it never compacts"


def test_what_keeps_its_data_on_disk_is_overgrown_above_its_limit() -> None:
    held = {7: 500.0}
    limit = MemoryLimit(500.0, "it leaks", weigh=lambda pid: held[pid])

    assert limit(7, 1.0) is None
    held[7] = 501.0
    assert limit(7, 2.0) == "it holds 501 MB, because it leaks"


def test_plain_picture_tells_progress_in_steps(capsys: pytest.CaptureFixture[str]) -> None:
    shown = PlainPicture("Commune Pulse")

    for done in range(1_001):
        shown.progress(done, 1_000, "history")

    assert len(capsys.readouterr().out.splitlines()) == 11
