"""States beside the served one: folded by other rules, folded a second time, left alone, and standing still.

One city for all tests, in their order: an API, and a worker that folds what the owners publish.
"""

import copy
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import pytest_asyncio

from services.stats.catalogue import CATALOGUE, generation
from services.stats.generations import rebuilding
from services.stats.generations.agreement import Agreement
from services.stats.generations.checking import check_once
from services.stats.generations.control_topic import ControlTopic
from services.stats.generations.janitor import Janitor
from services.stats.generations.rebuilding import Wanted
from services.stats.generations.rules import rules_of
from services.stats.generations.standing import Standing
from services.stats.panes import PaneRecord, encode
from services.stats.settings import StatsSettings
from services.stats.state import topic as state
from shared.clock import FixedClock
from shared.contracts.stats import SelfCheck, Tier
from shared.contracts.topics import PATROLS, state_topic
from shared.messaging.producer import open_producer
from shared.places import places
from tests.integration.generations_rig import ApiProcess, Json, owners_beating
from tests.integration.worker_rig import (
    GENERATION,
    PARTITIONS,
    STATE,
    UNITS,
    Log,
    State,
    WorkerProcess,
    patrol,
    until,
    wiped,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON_S = 60.0
SEEN_WITHIN_S = 20.0
UNIT = UNITS[0]


@dataclass
class City:
    """What the tests of this module share."""

    settings: StatsSettings
    log: Log
    worker: WorkerProcess
    api: ApiProcess
    patrols: int = 0

    async def patrolled(self, count: int) -> None:
        """So many more patrols, in all units by turns, and all of them in the figures."""
        await self.log.publish([patrol(self.patrols + number) for number in range(count)])
        self.patrols += count
        await until(self.counted, within_s=SOON_S, what=f"{self.patrols} patrols")

    async def counted(self) -> bool:
        return (await self.api.figures()).get("01 patrols_completed") == self.patrols

    async def check(self, *, switch: bool = False) -> SelfCheck:
        """What `python -m services.stats rebuild` finds."""
        found = await check_once(self.settings, Wanted("rebuild", always_keep=switch, switch=switch))
        assert found is not None
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def city(kafka_bootstrap: str) -> AsyncIterator[City]:
    # Every partition is read to its end many times over; only the embedded broker needs longer looks for it.
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(state, "READ_TIMEOUT_MS", 25)
    settings = StatsSettings(KAFKA_BOOTSTRAP_SERVERS=kafka_bootstrap, kafka_partitions=PARTITIONS)
    await wiped(settings)
    log = await Log.open(settings)
    async with owners_beating(log), WorkerProcess(settings) as worker, ApiProcess(settings) as api:
        await worker.ready()
        await api.ready()
        city = City(settings, log, worker, api)
        await city.patrolled(240)
        yield city
    await log.close()
    monkeypatch.undo()


async def test_a_quiet_night_with_nobody_awake_is_told_apart_from_a_quiet_night(city: City) -> None:
    quiet = await city.api.status("live")

    os.kill(city.worker.pid, signal.SIGSTOP)
    try:
        stalled = await city.api.status("stalled", within_s=SEEN_WITHIN_S)
    finally:
        os.kill(city.worker.pid, signal.SIGCONT)
    again = await city.api.status("live", within_s=SOON_S)

    assert (quiet["level"], quiet["worker"]["silent"], quiet["worker"]["workers"]) == ("ok", False, 1)
    assert (stalled["level"], stalled["worker"]["silent"]) == ("behind", True)
    assert stalled["worker"]["silent_since"] is not None
    assert not any(topic["behind"] for topic in stalled["topics"])
    assert again["level"] == "ok"


async def test_everything_folded_a_second_time_agrees_and_leaves_nothing_behind(city: City) -> None:
    served = (await city.api.freshness())["generation"]["served"]

    found = await city.check()

    assert (found.outcome, found.differing, found.not_compared) == ("agrees", 0, 0)
    assert (found.units, found.kept_in) == (len(UNITS), None)
    assert found.figures > len(UNITS)
    assert (await city.api.freshness())["generation"]["served"] == served


async def test_a_corrupted_record_is_found_kept_for_study_and_not_switched(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = await city.api.figures()
    await corrupt(city)
    await until(lambda: served(city, sound[f"{UNIT} patrols_completed"] + 7), within_s=SOON_S, what="the wrong figure")

    found = await city.check()
    with monkeypatch.context() as blind:
        blind.setattr(rebuilding, "compare", lambda *_: Agreement(units=1, figures=1))
        overlooked = await city.check()

    assert (found.outcome, found.differing, found.switched) == ("differs", 1, False)
    assert UNIT in found.examples[0]
    assert found.kept_in is not None
    assert overlooked.outcome == "agrees"
    [told] = (await city.api.get("/v1/self-checks", outcome="differs"))["items"]
    assert told["id"] == found.id
    assert (await city.api.figures())[f"{UNIT} patrols_completed"] == sound[f"{UNIT} patrols_completed"] + 7


async def test_a_rebuild_that_is_switched_to_heals_the_figures_without_a_gap(city: City) -> None:
    before = await city.api.figures()
    async with city.api.watched() as frames:
        found = await city.check(switch=True)
        await until(lambda: served(city, before[f"{UNIT} patrols_completed"] - 7), within_s=SOON_S, what="the figure")
        await until(lambda: came_again(frames), within_s=SOON_S, what="another snapshot")

    assert found.switched
    assert (await city.api.freshness())["generation"]["served"] == found.compared_with
    await city.patrolled(24)
    assert (await city.check()).outcome == "agrees"


async def test_figures_of_other_rules_that_differ_are_refused_and_the_served_ones_stay(city: City) -> None:
    before = await city.api.freshness()

    async with WorkerProcess(city.settings, instance="wrong", sabotage="other-rules,miscount") as wrong:
        refused = await until(lambda: stage(city, "refused"), within_s=SOON_S, what="the refusal")
        assert any('"critical"' in line and "differ" in line for line in wrong.output)
        after = await city.api.freshness()

    assert refused["differing"] > 0
    assert after["generation"]["served"] == before["generation"]["served"]
    assert after["status"] == "live"


async def test_other_rules_take_over_beside_the_live_figures_although_their_worker_dies_in_the_middle(
    city: City,
) -> None:
    await wiped(city.settings, [state_topic(other_generation())])
    before, served_before = await city.api.figures(), (await city.api.freshness())["generation"]["served"]
    async with city.api.watched() as frames:
        async with WorkerProcess(city.settings, instance="new", sabotage="other-rules,die-early") as dying:
            assert await dying.ended() == -signal.SIGKILL
        async with WorkerProcess(city.settings, instance="new", sabotage="other-rules") as new:
            await until(lambda: is_led_away_from(city, served_before), within_s=SOON_S, what="the other state")
            after = await city.api.figures()
            await city.patrolled(24)

            assert new.returncode is None
            assert city.worker.returncode is None

    assert after == before
    assert {frame["state"]["status"] for event, frame in frames if event == "snapshot"} == {"live"}
    table = await city.api.get("/v1/figures", city="01")
    assert "patrols_completed" in table["metrics"]
    assert "awards_conferred" not in table["metrics"]


async def test_readers_are_led_back_once_nobody_folds_by_the_later_rules(city: City) -> None:
    await city.api.status("stalled", within_s=SEEN_WITHIN_S)
    told = await city.api.status("live", within_s=SOON_S)

    assert told["generation"]["generation"] == told["generation"]["own"] == GENERATION
    assert (await city.api.figures())["01 patrols_completed"] == city.patrols


async def test_states_that_were_left_are_deleted_after_their_time_and_no_others(city: City) -> None:
    clock = FixedClock(datetime.now(UTC))
    states = ControlTopic(city.settings, clock)
    control = await states.open()
    [kept_up] = {pointer.state for pointer in control.pointers if pointer.state.startswith(f"{GENERATION}.")}
    clock.advance(timedelta(hours=1))
    await until(lambda: is_folded(states, kept_up, clock), within_s=SEEN_WITHIN_S, what="a beat of the worker")
    settings = city.settings.model_copy(update={"generation_kept_s": 1.0})
    standing = Standing(settings, states, rules_of(settings), clock)

    gone = await Janitor(settings, states, standing, clock).tidy()

    await states.close()
    assert GENERATION in gone
    assert kept_up not in gone
    assert control.pointer is not None
    assert control.pointer.state not in gone
    assert city.worker.returncode is None


async def test_a_log_that_goes_on_with_another_database_does_not_look_live(city: City) -> None:
    city.log.lineage = "another database"
    city.log.positions.clear()

    await city.log.publish([patrol(0)])

    assert await city.worker.ended() == 65
    told = await city.api.status("stalled", within_s=SEEN_WITHIN_S)
    assert "another database" in told["worker"]["stopped"]
    assert (told["level"], told["worker"]["silent"]) == ("stale", False)


def other_generation() -> str:
    """The one of workers that count awards otherwise."""
    other = copy.copy(CATALOGUE)
    other.__dict__ = {"digests": {**CATALOGUE.digests, "awards_conferred": "otherwise"}}
    return generation(other, StatsSettings().zone, places().digest())


async def corrupt(city: City) -> None:
    """Put seven patrols more into the unit's last day, as if they had been counted: nothing tells them apart."""
    async with State(city.settings) as written:
        found = await written.read()
    [head] = [head for head in found.heads.values() if (head.topic, head.unit) == (PATROLS.name, UNIT)]
    pane = max(
        (pane for pane in found.panes.values() if (pane.unit, pane.tier) == (UNIT, Tier.DAY)),
        key=lambda pane: pane.bucket,
    )
    producer = await open_producer(city.settings)
    for record in (with_more(pane, 7), head):
        await producer.send_and_wait(STATE.name, encode(record), record.key, head.partition)
    await producer.stop()


def with_more(pane: PaneRecord, patrols: int) -> PaneRecord:
    name = f"patrols_completed|{UNIT}"
    days = dict(pane.series[name])
    days[max(days)] += patrols
    return msgspec.structs.replace(pane, series={**pane.series, name: days})


async def served(city: City, patrols: int) -> bool:
    return (await city.api.figures()).get(f"{UNIT} patrols_completed") == patrols


async def is_folded(states: ControlTopic, state: str, clock: FixedClock) -> bool:
    await states.refresh()
    return states.control.is_folded(state, now=clock.now())


async def came_again(frames: list[tuple[str, Json]]) -> bool:
    return [event for event, _ in frames].count("snapshot") > 1


async def stage(city: City, stage: str) -> Json | None:
    building = (await city.api.freshness())["generation"]["building"]
    return next((each for each in building if each["stage"] == stage), None)


async def is_led_away_from(city: City, left: str) -> bool:
    return bool((await city.api.freshness())["generation"]["served"] != left)
