"""Keeps a list of processes running and ends them in order; owns no knowledge of what they are."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from deploy.embedded.children import Child, ChildLog, Picture, State, ending
from deploy.embedded.guard import Guard, signal_group

FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
SETTLED_S: Final = 30.0  # who ran this long has earned a quick restart again
BRIEF_S: Final = 2.0  # who dies this soon will do so again, in the same words
LOOK_EVERY_S: Final = 0.1
WEIGH_EVERY_S: Final = 10.0
STAND_STILL_S: Final = 3.0  # intake answers again after this, prepared or not
REPEAT_NOTICE_S: Final = 30.0  # a failing loop writes the same line many times; people need it once
LONGEST_LINE_BYTES: Final = 1 << 20


class Running:
    """A child and the process that it is at the moment."""

    def __init__(self, child: Child, log: ChildLog) -> None:
        self.child = child
        self.log = log
        self.process: asyncio.subprocess.Process | None = None
        self.started_s = 0.0
        self.ready = asyncio.Event()
        self.expected = False

    @property
    def pid(self) -> int | None:
        return None if self.process is None or self.process.returncode is not None else self.process.pid


class Supervisor:
    """Starts children stage by stage, names and restarts those that die, and ends all of them in reverse order."""

    def __init__(
        self,
        children: Sequence[Child],
        *,
        logs: Path,
        picture: Picture,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        first_pause_s: float = FIRST_PAUSE_S,
        weigh_every_s: float = WEIGH_EVERY_S,
    ) -> None:
        self._running = [Running(child, ChildLog(child.name, logs)) for child in children]
        self._picture = picture
        self._environment = dict(os.environ if environment is None else environment)
        self._directory = directory
        self._first_pause_s = first_pause_s
        self._weigh_every_s = weigh_every_s
        self._guard = Guard()
        self._stopping = False
        self._noticed: dict[str, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the children running until `stop` is set, then end every one of them."""
        for running in self._running:
            self._picture.state(running.child, State.WAITING)
        keepers = [asyncio.create_task(self._keep(running)) for running in self._running]
        for keeper in keepers:
            # One ends by itself only when its child has done its work, or by a fault of ours.
            keeper.add_done_callback(lambda task: stop.set() if not task.cancelled() and task.exception() else None)
        try:
            await stop.wait()
        finally:
            self._stopping = True
            faults = [keeper.exception() for keeper in keepers if keeper.done()]
            await self._end_all(keepers)
        if fault := next(filter(None, faults), None):
            raise fault

    def kill(self) -> None:
        """End everything at once, for who asks a second time."""
        for running in self._running:
            if running.pid:
                signal_group(running.pid, signal.SIGKILL)

    def pid_of(self, name: str) -> int | None:
        """The process id of a child, none while it does not run."""
        return next(running.pid for running in self._running if running.child.name == name)

    async def _keep(self, running: Running) -> None:
        child = running.child
        pause_s = self._first_pause_s
        while not self._stopping:
            for gate in self._earlier(child):
                await gate.ready.wait()
            returncode = await self._run_once(running)
            running.ready.clear()
            if returncode == 0 and child.once:
                self._picture.state(child, State.ENDED)
                return
            if running.expected or self._stopping:
                running.expected = False
                continue
            up_s = time.monotonic() - running.started_s
            if up_s > SETTLED_S:
                pause_s = self._first_pause_s
            self._picture.state(child, State.RESTARTING)
            told = f": {running.log.last}" if returncode > 0 and running.log.last else ""  # a kill comes unannounced
            notice = self._picture.notice if up_s > BRIEF_S else self._notice_once
            notice(f"{child.name} died ({ending(returncode)}) and is started again{told}")
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _run_once(self, running: Running) -> int:
        child = running.child
        self._picture.state(child, State.STARTING)
        with self._stand_still(child):
            process = await self._spawn(running)
            output = asyncio.create_task(self._read(running, process))
            ended = asyncio.create_task(process.wait())
            await self._until_ready(running, ended)
        try:
            await self._weigh(running, ended)
            returncode = await ended
            await asyncio.wait([output], timeout=1.0)  # longer only if something it started still holds the pipe
            return returncode
        finally:
            self._guard.forget(process.pid)
            output.cancel()

    async def _spawn(self, running: Running) -> asyncio.subprocess.Process:
        running.started_s = time.monotonic()
        running.log.last = ""
        running.process = await asyncio.create_subprocess_exec(
            *running.child.command(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._environment | dict(running.child.environment),
            cwd=self._directory,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which ends them in order
            limit=LONGEST_LINE_BYTES,
        )
        self._guard.watch(running.process.pid)
        return running.process

    async def _until_ready(self, running: Running, ended: "asyncio.Task[int]") -> None:
        child = running.child
        while child.answers is not None and not ended.done() and not await child.answers():
            await asyncio.wait([ended], timeout=LOOK_EVERY_S)
        if child.prepare is not None and not ended.done():
            preparing = asyncio.ensure_future(child.prepare())
            await asyncio.wait([preparing, ended], return_when=asyncio.FIRST_COMPLETED)
            if not preparing.done():
                preparing.cancel()
            elif (error := preparing.exception()) and not ended.done():
                self._picture.notice(f"{child.name} could not be prepared: {error}")
                await self._end([running])
        if not ended.done():
            running.ready.set()
            self._picture.state(child, State.READY)

    async def _weigh(self, running: Running, ended: "asyncio.Task[int]") -> None:
        child = running.child
        while child.overgrown is not None and not ended.done():
            await asyncio.wait([ended], timeout=self._weigh_every_s)
            pid = running.pid
            if pid and (reason := child.overgrown(pid, time.monotonic() - running.started_s)):
                self._picture.notice(f"{child.name} is started anew: {reason}")
                running.expected = True
                await self._end([running])

    @contextlib.contextmanager
    def _stand_still(self, child: Child) -> Iterator[None]:
        """Whoever meets an unprepared broker makes topics with the wrong partitions just by asking for them."""
        held = [later.pid for later in self._running if child.alone and later.child.stage > child.stage and later.pid]

        def release() -> None:
            for group in held:
                signal_group(group, signal.SIGCONT)

        for group in held:
            signal_group(group, signal.SIGSTOP)
        limit = asyncio.get_running_loop().call_later(STAND_STILL_S, release)
        try:
            yield
        finally:
            limit.cancel()
            release()

    async def _read(self, running: Running, process: asyncio.subprocess.Process) -> None:
        stream = process.stdout
        while stream is not None:
            try:
                raw = await stream.readline()
            except ValueError:  # a line longer than the limit: what was read of it is dropped
                continue
            if not raw:
                return
            line = raw.decode(errors="replace").rstrip()
            if line.startswith("progress "):
                self._progress(line)
            elif line and (important := running.log.write(line)):
                self._notice_once(f"{running.child.name}: {important}")

    def _progress(self, line: str) -> None:
        """Show `progress <done> <total> <label>`."""
        words = line.split(" ", 3)
        if len(words) == 4 and words[1].isdecimal() and words[2].isdecimal():
            self._picture.progress(int(words[1]), int(words[2]), words[3])

    def _notice_once(self, text: str) -> None:
        now = time.monotonic()
        if now - self._noticed.get(text, -REPEAT_NOTICE_S) >= REPEAT_NOTICE_S:
            self._noticed = {seen: at for seen, at in self._noticed.items() if now - at < REPEAT_NOTICE_S}
            self._noticed[text] = now
            self._picture.notice(text)

    def _earlier(self, child: Child) -> Iterable[Running]:
        return (running for running in self._running if running.child.gate and running.child.stage < child.stage)

    async def _end_all(self, keepers: "list[asyncio.Task[None]]") -> None:
        for stage in sorted({running.child.stage for running in self._running}, reverse=True):
            of_stage = [running for running in self._running if running.child.stage == stage]
            await self._end(of_stage)
            for running in of_stage:
                self._picture.state(running.child, State.STOPPED)
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        await self._end(self._running)  # one that was just being started
        for running in self._running:
            running.log.close()
        await asyncio.to_thread(self._guard.close)

    async def _end(self, ending_now: Sequence[Running]) -> None:
        alive = [(running, running.process) for running in ending_now if running.pid and running.process]
        for _, process in alive:
            signal_group(process.pid, signal.SIGTERM)
            signal_group(process.pid, signal.SIGCONT)
        waits = [asyncio.create_task(process.wait()) for _, process in alive]
        if waits:
            await asyncio.wait(waits, timeout=max(running.child.grace_s for running, _ in alive))
        for running, process in alive:
            if process.returncode is None:
                self._picture.notice(f"{running.child.name} did not end within {running.child.grace_s:.0f} s: killed")
            signal_group(process.pid, signal.SIGKILL)  # its own children, if it left any
        await asyncio.gather(*waits)
