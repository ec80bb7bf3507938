"""Workers that come, go and stand still, and a state topic that is lost. What else may happen: test_chaos.py."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from shared.contracts.base import Event
from shared.contracts.topics import REGISTRY
from shared.messaging.admin import ensure_topics
from shared.settings import Settings
from tests.integration.worker_rig import (
    STATE,
    Log,
    State,
    WorkerProcess,
    assignments,
    members_come_back,
    oracle,
    patrol,
    shared_by,
    until,
    wiped,
)

SILENCE_S = 6.0  # twice the patience of an impatient watchdog


@pytest.fixture
async def settings(kafka_bootstrap: str) -> Settings:
    settings = Settings(KAFKA_BOOTSTRAP_SERVERS=kafka_bootstrap)
    await wiped(settings)
    return settings


@asynccontextmanager
async def producing(log: Log) -> AsyncIterator[list[Event]]:
    """Events without a pause for as long as the block lasts; all of them are in the list afterwards."""
    events: list[Event] = []

    async def produce() -> None:
        while not done.is_set():
            some = [patrol(len(events) + index) for index in range(60)]
            events.extend(some)
            await log.publish(some)
            await asyncio.sleep(0.05)

    done = asyncio.Event()
    task = asyncio.create_task(produce())
    try:
        yield events
    finally:
        done.set()
        await task


@members_come_back
async def test_figures_stay_exact_from_one_worker_to_three_to_two_and_over_a_rolling_restart(
    settings: Settings, log: Log, state: State
) -> None:
    first, second, third = (WorkerProcess(settings, instance=name) for name in "abc")
    async with first, producing(log) as events:
        await shared_by(first)
        async with second, third:
            await shared_by(first, second, third)
            assert await third.terminate() == 0
            await shared_by(first, second)

            for worker in (first, second):
                assert await worker.terminate() == 0
                worker.output.clear()
                await worker.start()
                await shared_by(first, second)
            await state.past(len(events))
    async with first:
        assert await state.complete(log) == oracle(events)


@members_come_back
async def test_figures_stay_exact_when_a_worker_sleeps_past_its_session_and_wakes_up(
    settings: Settings, log: Log, state: State
) -> None:
    sleeper, other = (WorkerProcess(settings, instance=name) for name in "ab")
    async with sleeper, other:
        async with producing(log) as events:
            await shared_by(sleeper, other)
            before = len(assignments(sleeper))
            os.kill(sleeper.pid, signal.SIGSTOP)
            try:
                await shared_by(other)  # the group has given everything to the one that is awake
            finally:
                os.kill(sleeper.pid, signal.SIGCONT)

            async def back() -> bool:
                return len(assignments(sleeper)) > before

            await until(back, what="the sleeper to get partitions again")
            await shared_by(sleeper, other)
        assert await state.complete(log) == oracle(events)


async def test_a_state_topic_that_was_lost_and_made_anew_at_once_is_folded_from_zero(
    settings: Settings, log: Log, state: State
) -> None:
    assert await after_the_state_was_lost(settings, log, state, sabotage="no-look", within_s=60.0)


async def test_without_a_look_at_offsets_a_lost_state_topic_stays_half_empty(
    settings: Settings, log: Log, state: State
) -> None:
    assert not await after_the_state_was_lost(settings, log, state, sabotage="no-look,no-offsets", within_s=8.0)


async def after_the_state_was_lost(
    settings: Settings, log: Log, state: State, *, sabotage: str, within_s: float
) -> bool:
    """Whether the figures come right once the topic was lost and half of the units had another event."""
    events = [patrol(index) for index in range(240)]
    async with WorkerProcess(settings, sabotage=sabotage):
        await log.publish(events)
        await state.complete(log)

        await made_anew(settings)
        more = [patrol(240 + index) for index in range(6)]
        await log.publish(more)

        expected = oracle([*events, *more])

        async def right() -> bool:
            async with State(settings) as anew:
                return await anew.figures("patrols_completed", "participant_turns") == expected

        try:
            return bool(await until(right, within_s=within_s))
        except TimeoutError:
            return False


async def made_anew(settings: Settings) -> None:
    """Delete the state topic and create it again before anybody has looked."""
    await wiped(settings, [STATE])
    await ensure_topics(settings, [*REGISTRY, STATE])


@pytest.mark.parametrize("fold", ["hang", "block"])
async def test_a_worker_that_stands_still_with_events_to_fold_ends_itself(
    settings: Settings, log: Log, fold: str
) -> None:
    async with WorkerProcess(settings, sabotage=f"{fold},impatient") as worker:
        await worker.ready()
        await log.publish(patrols())

        assert await worker.ended() == 70
        assert any("stands still" in line and '"critical"' in line for line in worker.output)


async def test_without_its_watchdog_the_same_worker_stands_for_ever(settings: Settings, log: Log) -> None:
    async with WorkerProcess(settings, sabotage="hang,impatient,no-watchdog") as worker:
        await worker.ready()
        await log.publish(patrols())

        async def has_stood_for_long() -> bool:
            return await worker.metric("pulse_worker_standing_s") >= SILENCE_S

        await until(has_stood_for_long)
        assert worker.returncode is None


def patrols() -> Sequence[Event]:
    return [patrol(index) for index in range(30)]
