"""The stats worker as a process on a real broker: exact whatever dies, arrives twice, is missing or cannot be read."""

import asyncio

import pytest

from shared.contracts.awards import CampaignChange, CampaignFacts, CampaignLaunched
from shared.contracts.base import Event
from shared.contracts.topics import PATROLS, RESEND, dead_letters_of
from shared.settings import Settings
from tests.integration.worker_rig import (
    NOON,
    STATE,
    UNITS,
    Figures,
    Log,
    State,
    WorkerProcess,
    corrected,
    json_of,
    oracle,
    patrol,
    records_of,
    rewrite_with_older,
    until,
    wiped,
)


@pytest.fixture
async def settings(kafka_bootstrap: str) -> Settings:
    settings = Settings(KAFKA_BOOTSTRAP_SERVERS=kafka_bootstrap)
    await wiped(settings)
    return settings


async def dead(worker: WorkerProcess) -> bool:
    return worker.returncode is not None


async def test_figures_follow_events_and_their_corrections(settings: Settings, log: Log, state: State) -> None:
    events: list[Event] = [patrol(index) for index in range(500)]
    events += [corrected(patrol(index), participants=9) for index in range(0, 500, 7)]

    async with WorkerProcess(settings) as worker:
        await log.publish(events)
        figures = await state.complete(log)

        assert await worker.metric("pulse_worker_applied_total", topic="patrols.v1") == len(events)
        assert await worker.terminate() == 0
    assert figures == oracle(events)


async def test_a_worker_killed_again_and_again_under_load_stays_exact(
    settings: Settings, log: Log, state: State
) -> None:
    events = [patrol(index) for index in range(60_000)]

    async with WorkerProcess(settings) as worker:
        await worker.ready()
        publishing = asyncio.create_task(log.publish(events))
        for folded in (2_000, 15_000, 30_000):
            await state.past(folded)
            await worker.kill()
            await worker.start()
        await publishing
        figures = await state.complete(log)

    assert figures == oracle(events)


async def test_events_sent_again_count_once(settings: Settings, log: Log, state: State) -> None:
    events = [patrol(index) for index in range(3_000)]

    async with WorkerProcess(settings) as worker:
        places = await log.publish(events)
        await state.complete(log)
        again = places[::3]
        await log.send(again)

        async def dropped() -> bool:
            return await worker.metric("pulse_worker_dropped_total") >= len(again)

        await until(dropped)
        figures = await state.complete(log)

    assert figures == oracle(events)


async def test_a_death_between_records_and_heads_is_made_good(settings: Settings, log: Log, state: State) -> None:
    figures, expected = await figures_after_a_death(settings, log, state, sabotage="die-in-flush")

    assert figures == expected


@pytest.mark.parametrize("guard", ["heads-first", "no-fence"])
async def test_without_its_guard_the_same_death_shows(settings: Settings, log: Log, state: State, guard: str) -> None:
    figures, expected = await figures_after_a_death(settings, log, state, sabotage=f"{guard},die-in-flush", then=guard)

    assert figures != expected


async def figures_after_a_death(
    settings: Settings, log: Log, state: State, *, sabotage: str, then: str | None = None
) -> tuple[Figures, Figures]:
    events: list[Event] = []
    async with WorkerProcess(settings, sabotage=sabotage) as dying:
        await dying.ready()
        while not await dead(dying):
            more = [patrol(len(events) + index, unit=UNITS[0]) for index in range(50)]
            await log.publish(more)
            events += more
            await asyncio.sleep(0.02)
    async with WorkerProcess(settings, sabotage=then):
        return await state.complete(log), oracle(events)


async def test_a_missing_event_is_shown_and_asked_for_and_holds_only_its_unit(
    settings: Settings, log: Log, state: State
) -> None:
    events = [patrol(index, unit=UNITS[index % 2]) for index in range(20)]
    places = log.number(events)
    lost = next(place for place in places if place[1:] == (UNITS[0], 5))

    async with WorkerProcess(settings) as worker:
        await worker.ready()
        await log.send(place for place in places if place != lost)

        async def asked() -> bool:
            return bool(await records_of(settings, RESEND.name))

        await until(asked)
        # It is asked for as soon as it is missed, and shown with the next flush.
        await until(lambda: state.reached({("patrols.v1", UNITS[0]): 4, ("patrols.v1", UNITS[1]): 10}))
        held = (await state.heads())["patrols.v1", UNITS[0]]
        assert (held.position, held.waiting_for) == (4, 5)
        request = json_of((await records_of(settings, RESEND.name))[0])
        assert (request["topic"], request["unit"], request["after"]) == ("patrols.v1", UNITS[0], 4)

        await log.send(place for place in places if place[1] == UNITS[0] and place[2] > request["after"])
        figures = await state.complete(log)

    assert figures == oracle(events)
    assert (await state.heads())["patrols.v1", UNITS[0]].waiting_for is None


async def test_an_unreadable_event_is_set_aside_and_its_unit_is_whole_again_after_it_came_anew(
    settings: Settings, log: Log, state: State
) -> None:
    events = [patrol(index, unit=UNITS[index % 2]) for index in range(20)]
    places = log.number(events)
    poisoned = next(place for place in places if place[1:] == (UNITS[0], 5))

    async with WorkerProcess(settings):
        await log.send(places, values={poisoned: b"\xff not an event"})
        without = await state.complete(log)
        letters = await records_of(settings, dead_letters_of(PATROLS).name)
        head = (await state.heads())["patrols.v1", UNITS[0]]

        assert head.skipped == (5,)
        assert without == oracle(event for event, place in zip(events, places, strict=True) if place != poisoned)
        assert [letter.value for letter in letters] == [b"\xff not an event"]
        assert dict(letters[0].headers)["position"] == b"5"

        await log.send([poisoned])

        async def repaired() -> bool:
            return not (await state.heads())["patrols.v1", UNITS[0]].skipped

        await until(repaired)
        assert await state.figures("patrols_completed", "participant_turns") == oracle(events)


async def test_a_repair_survives_the_death_of_the_worker(settings: Settings, log: Log, state: State) -> None:
    events = [patrol(index, unit=UNITS[0]) for index in range(30)]
    places = log.number(events)
    async with WorkerProcess(settings) as worker:
        await log.send(places, values={places[4]: b"{}"})
        await state.complete(log)
        await worker.kill()

        await log.send([places[4], places[4]])
        await worker.start()

        async def repaired() -> bool:
            return not (await state.heads())["patrols.v1", UNITS[0]].skipped

        await until(repaired)
        await worker.kill()
        await worker.start()
        await worker.ready()

    assert await state.figures("patrols_completed", "participant_turns") == oracle(events)


async def test_events_of_unknown_types_pass_without_effect(settings: Settings, log: Log, state: State) -> None:
    events: list[Event] = [patrol(index, unit=UNITS[0]) for index in range(3)]
    places = log.number(events)
    later = {
        places[0]: log.records[places[0]].replace(b"patrol.completed.v1", b"patrol.praised.v1"),
        places[1]: log.records[places[1]].replace(b'"participants"', b'"weather":"rain","participants"'),
    }

    async with WorkerProcess(settings):
        await log.send(places, values=later)
        figures = await state.complete(log)

    assert figures == oracle(events[1:])
    assert not await records_of(settings, dead_letters_of(PATROLS).name)


async def test_another_lineage_under_an_unchanged_log_stops_the_fold(
    settings: Settings, log: Log, state: State
) -> None:
    async with WorkerProcess(settings) as worker:
        await log.publish([patrol(index, unit=UNITS[0]) for index in range(3)])
        await state.complete(log)

        log.lineage = "lineage-of-a-fresh-database"
        log.positions.clear()
        await log.publish([patrol(index, unit=UNITS[0]) for index in range(3)])
        code = await worker.ended()

    assert code == 65
    assert any("lineage-of-a-fresh-database" in line and '"critical"' in line for line in worker.output)


async def test_an_old_record_on_top_is_written_over_again(settings: Settings, log: Log, state: State) -> None:
    async with WorkerProcess(settings):
        await log.publish([patrol(index, unit=UNITS[0]) for index in range(5)])
        await state.complete(log)
        await log.publish([patrol(index, unit=UNITS[0]) for index in range(5, 9)])
        await state.complete(log)

        key, old_fence = await rewrite_with_older(settings, UNITS[0])

        async def newest_is_on_top() -> bool:
            last = [record for record in await records_of(settings, STATE.name) if record.key == key][-1]
            return bool(json_of(last)["fence"] > old_fence)

        await until(newest_is_on_top)


async def test_a_campaign_becomes_a_named_window_and_leaves_with_it(settings: Settings, log: Log, state: State) -> None:
    facts = CampaignFacts(title="Thi đua", launched_at=NOON, from_date=NOON.date(), to_date=NOON.date())
    launched = CampaignLaunched(
        time=NOON, subject="campaign-1", partitionkey="01", data=CampaignChange(was=None, is_=facts)
    )
    withdrawn = CampaignLaunched(
        time=NOON, subject="campaign-1", partitionkey="01", data=CampaignChange(was=facts, is_=None)
    )

    async with WorkerProcess(settings):
        await log.publish([launched])
        await state.complete(log)
        [window] = (await state.read()).windows.values()
        await log.publish([withdrawn])
        await state.complete(log)

    assert (window.title, window.unit, window.to_date) == ("Thi đua", "01", NOON.date())
    [window] = (await state.read()).windows.values()
    assert window.withdrawn


async def test_one_of_two_workers_dies_and_the_other_goes_on(settings: Settings, log: Log, state: State) -> None:
    events = [patrol(index) for index in range(40_000)]

    async with WorkerProcess(settings, instance="a") as first, WorkerProcess(settings, instance="b") as second:
        await first.ready()
        await second.ready()
        publishing = asyncio.create_task(log.publish(events))
        await state.past(5_000)
        await second.kill()
        await publishing
        figures = await state.complete(log)

        assert await first.metric("pulse_worker_applied_total") > 0
    assert figures == oracle(events)
