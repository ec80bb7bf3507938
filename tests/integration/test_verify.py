"""`python -m services.stats verify` against the running system: finds what is wrong, and never passes on nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec
import pytest
import pytest_asyncio

from services.stats.panes import Head, PaneRecord, encode
from services.stats.settings import StatsSettings
from services.stats.verify import run
from services.stats.verify.sources import Journals, Served
from shared.contracts.stats import Tier
from shared.contracts.topics import PATROLS
from shared.messaging.producer import open_producer
from shared.security import Role
from tests.integration.system_rig import System
from tests.integration.system_writer import Writer
from tests.integration.worker_rig import STATE, State, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON_S = 60.0
UNIT = "00070"
METRIC = "patrols_completed"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def empty_system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    async with System.running(tmp_path_factory.mktemp("system")) as system:
        yield system


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(empty_system: System) -> System:
    async with empty_system.services() as services:
        writer = Writer(services, seed=82)
        await writer.write(stories=30)
        await writer.patrol(UNIT)
    return empty_system


async def test_nothing_compared_is_no_success(empty_system: System) -> None:
    verdict = await empty_system.verify()

    assert verdict.code == 1
    assert "0 figures compared" in verdict.text


async def test_a_sound_system_has_no_differences(system: System) -> None:
    verdict = await system.exact(within_s=SOON_S)

    assert "\n0 differences, digest " in verdict.text
    assert " 0 figures compared" not in verdict.text
    assert await folded_again(system) == 0


async def test_a_wrong_amount_is_found_and_named(system: System) -> None:
    sound = await latest_day_record(system)
    served = await system.total(METRIC, UNIT)

    await overwrite(system, sound.with_more(patrols=7))

    await until(lambda: is_served(system, served + 7), within_s=SOON_S, what="the wrong figure")
    verdict = await system.verify()
    assert verdict.code == 1
    assert f" {UNIT} {METRIC}: served " in verdict.text
    assert await folded_again(system) == 1

    await overwrite(system, sound)
    await until(lambda: is_served(system, served), within_s=SOON_S, what="the right figure")
    assert (await system.verify()).code == 0


async def test_figures_that_lack_committed_events_are_found(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "CATCH_UP_S", 1.0)
    address, token = system.set_up.address, system.token(Role.AUDITOR)
    owners = run.owners(address("tips"), address("patrols"), address("awards"))

    async with system.paused("stats-worker"), system.services() as services:
        await Writer(services, seed=1).patrol(UNIT)
        report = await asyncio.to_thread(
            run.verify, StatsSettings(), Served(address("stats"), token), Journals(owners, token)
        )

    assert not report.is_clean
    assert any(f"{PATROLS.name}/{UNIT}" in difference for difference in report.differences)
    await system.exact(within_s=SOON_S)


async def test_a_service_that_does_not_answer_is_named(system: System) -> None:
    code, text = await system.command(
        "services.stats", "verify", "--stats-url", "http://127.0.0.1:1", PULSE_TOKEN=system.token(Role.AUDITOR)
    )

    assert code == 1
    assert text.startswith("Nothing was compared: http://127.0.0.1:")
    assert "Traceback" not in text


async def folded_again(system: System) -> int:
    """The exit code of a rebuild: what verify says of the figures, it says of the state, whoever serves it."""
    code, _ = await system.command("services.stats", "rebuild", MONGODB_URI=system.set_up.store_uri)
    return code


@dataclass(frozen=True)
class Written:
    """A day record of the panes topic and the head that vouches for it."""

    pane: PaneRecord
    head: Head

    def with_more(self, patrols: int) -> "Written":
        """The same with more patrols on its last day."""
        name = f"{METRIC}|{UNIT}"
        days = dict(self.pane.series[name])
        days[max(days)] += patrols
        return Written(msgspec.structs.replace(self.pane, series={**self.pane.series, name: days}), self.head)


async def latest_day_record(system: System) -> Written:
    """Of the unit's patrols, with a fence that wins against every version so far."""
    async with State(system.settings) as state:
        found = await state.read()
    [head] = [head for head in found.heads.values() if (head.topic, head.unit) == (PATROLS.name, UNIT)]
    panes = [
        pane for pane in found.panes.values() if (pane.topic, pane.unit, pane.tier) == (head.topic, head.unit, Tier.DAY)
    ]
    latest = max(panes, key=lambda pane: pane.bucket)
    return Written(msgspec.structs.replace(latest, fence=head.position), head)


async def overwrite(system: System, written: Written) -> None:
    """Write as a worker does: the record, then the head."""
    producer = await open_producer(system.settings)
    for record in (written.pane, written.head):
        sent = await producer.send(STATE.name, encode(record), record.key, written.head.partition)
        await sent
    await producer.stop()


async def is_served(system: System, patrols: int) -> bool:
    return await system.total(METRIC, UNIT) == patrols
