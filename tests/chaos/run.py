"""One chaos run from the first event to the last figure: work goes on while one fault follows another."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from shared.settings import Settings
from tests.chaos.broker import Broker
from tests.chaos.faults import FAULTS, WIPING, Unconfirmed
from tests.chaos.load import Load
from tests.chaos.oracle import expected, kept, served
from tests.chaos.plan import Plan
from tests.chaos.report import Check, Happened, Report
from tests.chaos.scene import Scene

ATTEMPTS: Final = 2  # chance may spoil a fault, such as a poison that a broken connection swallowed
FIRST_EVENTS: Final = 500  # there has to be something that can go wrong
SAMPLE_S: Final = 0.2

Say = Callable[[str], None]


class Run:
    """A run while it lasts."""

    def __init__(self, plan: Plan, broker: Broker, store: str, say: Say) -> None:
        self.report = Report(plan, broker.name, store)
        self._plan = plan
        self._broker = broker
        self._say = say
        self._began_s = time.monotonic()

    async def run(self, store_uri: str) -> Report:
        """Work, break, compare. What goes wrong stands in the report."""
        async with Scene.set(self._broker, store_uri, self._plan.rng("faults"), fence=self._plan.fence) as scene:
            load = Load(
                scene.outbox, scene.accepted, scene.places, self._plan.rng("load"), events_per_s=self._plan.events_per_s
            )
            self._began_s = time.monotonic()
            try:
                await self._work_and_break(scene, load)
                await scene.caught_up(scene.accepted.positions)
                await self._check(scene)
            except Exception as error:
                self.report.failure = repr(error)
                self._tell_last_words(scene)
            self.report.holes = scene.follower.holes
            self.report.events = scene.accepted.events
        return self.report

    @property
    def _now_s(self) -> float:
        return time.monotonic() - self._began_s

    async def _work_and_break(self, scene: Scene, load: Load) -> None:
        stop = asyncio.Event()
        working = asyncio.create_task(load.run(stop))
        breaking = asyncio.create_task(self._break(scene))
        try:
            await asyncio.wait({working, breaking}, return_when=asyncio.FIRST_COMPLETED)
            if breaking.done():
                breaking.result()
                while not working.done() and not self._enough(scene):
                    await asyncio.sleep(SAMPLE_S)
        finally:
            self.report.seconds = round(self._now_s, 1)
            breaking.cancel()
            await asyncio.gather(breaking, return_exceptions=True)
            stop.set()
            await working

    def _enough(self, scene: Scene) -> bool:
        worked = self._now_s >= self._plan.seconds and scene.accepted.events >= self._plan.events
        return worked or self._is_proven_wrong

    async def _break(self, scene: Scene) -> None:
        while scene.follower.total < FIRST_EVENTS:
            await asyncio.sleep(SAMPLE_S)
        for number, kind in enumerate(self._plan.faults):
            await asyncio.sleep(self._plan.due_s(number) - self._now_s)
            if kind in WIPING:
                await self._check(scene)
            if self._is_proven_wrong:
                return
            await self._do(scene, kind)

    async def _do(self, scene: Scene, kind: str) -> None:
        for _ in range(ATTEMPTS):
            await scene.all_ready()
            at_s = self._now_s
            try:
                confirmed, saw = True, await FAULTS[kind](scene)
            except Unconfirmed as reason:
                confirmed, saw = False, str(reason)
            happened = Happened(kind, round(at_s, 1), round(self._now_s - at_s, 1), confirmed, saw)
            self.report.faults.append(happened)
            self._say(f"{at_s:7.1f} s  {kind}: {saw}{'' if confirmed else '  NOT CONFIRMED'}")
            if confirmed:
                return

    async def _check(self, scene: Scene) -> None:
        view, events = scene.follower.view, scene.follower.total
        heads, cells, at_s = dict(view.heads), served(view), self._now_s
        positions = {source: head.position for source, head in heads.items()}
        right = await asyncio.to_thread(
            lambda: expected(scene.accepted.latest(positions), scene.places, Settings().zone)
        )
        check = Check.of(kept(cells, heads.values()), kept(right, heads.values()), at_s=at_s, events=events)
        self.report.checks.append(check)
        self._say(
            f"{at_s:7.1f} s  {check.compared:,} figures of {events:,} events compared, {check.differing:,} differ"
        )

    @property
    def _is_proven_wrong(self) -> bool:
        return not self._plan.fence and self.report.differing > 0

    def _tell_last_words(self, scene: Scene) -> None:
        for process in (*scene.workers, scene.relay):
            for line in process.output[-15:]:
                self._say(f"{process.name}: {line}")
