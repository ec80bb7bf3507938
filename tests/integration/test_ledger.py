"""The fact ledger as a process on a real broker and store: it explains figures exactly, whatever dies or is lost."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.embedded.servers import start_broker
from shared.contracts.base import Event
from shared.contracts.patrols import PatrolChange, PatrolCompleted
from shared.places.unit import REFORM
from shared.security import Role
from shared.settings import Settings
from shared.testing.tokens import TokenMint
from tests.integration.ledger_rig import Kept, LedgerProcess, command, explaining, pages, settings_of, total
from tests.integration.worker_rig import UNITS, ZONE, Log, WorkerProcess, corrected, oracle, patrol, until, wiped

CITY: dict[str, str | int] = {"unit": "01", "metric": "participant_turns", "window": "P7D", "limit": 500}


@pytest.fixture
async def settings(kafka_bootstrap: str, store_uri: str) -> Settings:
    settings = settings_of(kafka_bootstrap, store_uri)
    await wiped(settings)
    return settings


@pytest.fixture
async def kept(settings: Settings, log: Log) -> AsyncIterator[Kept]:
    async with Kept.of(settings) as kept:
        yield kept


async def served(client: httpx.AsyncClient, unit: str, metric: str) -> int:
    answer = await client.get(f"/v1/figures/{unit}", params={"window": "P7D"})
    return int(answer.json()["figures"][metric]["value"])


async def test_the_events_behind_a_served_figure_add_up_to_it(settings: Settings, log: Log, kept: Kept) -> None:
    events: list[Event] = [patrol(index) for index in range(1_500)]
    events += [corrected(patrol(index), participants=9) for index in range(0, 1_500, 7)]
    figures = oracle(events)
    turns = sum(amount for (_, metric, _), amount in figures.items() if metric == "participant_turns")

    async with WorkerProcess(settings), LedgerProcess(settings), explaining(settings) as client:
        await log.publish(events)
        await kept.complete(log)

        async def shown() -> bool:
            return await served(client, "01", "participant_turns") == turns

        await until(shown, what="the figure of all events")
        of_city = await pages(client, **CITY)
        for unit in UNITS[:3]:
            of_unit = await pages(client, unit=unit, metric="patrols_completed", window="P7D", limit=7)
            assert total(of_unit) == of_unit[0]["figure"] == await served(client, unit, "patrols_completed") > 0

    assert total(of_city) == of_city[0]["figure"] == turns
    assert len(of_city) == 4
    assert all(page["ledger"] == {"state": "complete", "missing": 0} for page in of_city)


def before_the_reform(index: int, unit: str, day: date) -> PatrolCompleted:
    event = patrol(index, unit=unit)
    facts = event.data.is_
    assert facts is not None
    at = datetime.combine(day, time(9), ZONE)
    was_then = facts.model_copy(update={"started_at": at, "completed_at": at})
    return event.model_copy(update={"time": at, "data": PatrolChange(was=None, is_=was_then)})


async def test_figures_of_former_units_and_of_sets_are_explained_on_either_map(
    settings: Settings, log: Log, kept: Kept
) -> None:
    # 00007 lies in 00008 and 00025 today; 00004 was another unit's code before the reform.
    last, first = REFORM - timedelta(days=1), REFORM
    events: list[Event] = [before_the_reform(index, "00007", last) for index in range(30)]
    events += [before_the_reform(30 + index, "00004", last if index % 3 else first) for index in range(30)]
    lines: list[tuple[dict[str, str], int]] = [
        ({"unit": "00007", "map": "was"}, 30),
        ({"unit": "00004@2025-06-30", "map": "was"}, 20),
        ({"unit": "00004", "map": "was"}, 10),
        ({"units": "00007,00004@2025-06-30", "map": "was"}, 50),
        ({"units": "00008,00025", "map": "is"}, 30),
        ({"district": "ba dinh", "map": "was"}, 50),
        ({"unit": "00008", "map": "is"}, 0),
    ]
    window: dict[str, str] = {"from": "2025-06-01", "to": "2025-07-31"}

    async with WorkerProcess(settings), LedgerProcess(settings), explaining(settings) as client:
        await log.publish(events)
        await kept.complete(log)

        async def shown() -> bool:
            figures = (await client.get("/v1/figures/01", params=window)).json()["figures"]
            return bool(figures["patrols_completed"]["value"] == len(events))

        await until(shown, what="the figure of all events")
        explained = [await pages(client, metric="patrols_completed", limit=7, **line, **window) for line, _ in lines]
        served_ = [await served_line(client, line | window) for line, _ in lines]

    assert served_ == [expected for _, expected in lines]
    assert [total(some) for some in explained] == [some[0]["figure"] for some in explained] == served_
    assert explained[-1][0]["estimated"]["value"] == 15


async def served_line(client: httpx.AsyncClient, line: dict[str, str]) -> int:
    asked = dict(line)
    unit = asked.pop("unit", "set")
    answer = await client.get(f"/v1/figures/{unit}", params=asked)
    return int(answer.json()["figures"]["patrols_completed"]["value"])


async def test_a_ledger_killed_under_load_and_one_made_anew_are_the_same(
    settings: Settings, log: Log, kept: Kept
) -> None:
    events = [patrol(index) for index in range(12_000)]

    async with LedgerProcess(settings) as first, LedgerProcess(settings) as second:
        publishing = asyncio.create_task(log.publish(events))
        for booked, dying in ((1_000, first), (5_000, second)):
            await kept.past(booked)
            await dying.kill()
            await dying.start()
        await publishing
        survived = await kept.complete(log)

        assert await command(settings, "ledger", "--rebuild") == (0, DISCARDED)
        await until(lambda: is_behind(kept, log), what="the ledger to begin anew")
        anew = await kept.complete(log)

    assert anew == survived
    assert len(await kept.entries()) == len(events)


DISCARDED = "The ledger is discarded: the process that writes it, or the next one to start, fills it again.\n"


async def is_behind(kept: Kept, log: Log) -> bool:
    return await kept.positions() != dict(log.positions)


@pytest.mark.parametrize("guard", [None, "heads-first"])
async def test_a_death_between_entries_and_heads_loses_nothing_but_for_the_order(
    settings: Settings, log: Log, kept: Kept, guard: str | None
) -> None:
    sabotage = ",".join(filter(None, (guard, "die-in-flush")))

    async with LedgerProcess(settings, sabotage=sabotage) as dying:
        while dying.returncode is None:
            await log.publish([patrol(len(log.records) + index, unit=UNITS[0]) for index in range(50)])
            await asyncio.sleep(0.02)
    async with LedgerProcess(settings, sabotage=guard):
        await kept.complete(log)

    assert (len(await kept.entries()) == len(log.records)) == (guard is None)


async def test_another_lineage_under_an_unchanged_log_stops_the_ledger(
    settings: Settings, log: Log, kept: Kept
) -> None:
    async with LedgerProcess(settings) as ledger:
        await log.publish([patrol(index, unit=UNITS[0]) for index in range(3)])
        await kept.complete(log)

        log.lineage = "lineage-of-a-fresh-database"
        log.positions.clear()
        await log.publish([patrol(index, unit=UNITS[0]) for index in range(3)])
        code = await ledger.ended()

    assert code == 65
    assert any("lineage-of-a-fresh-database" in line and '"critical"' in line for line in ledger.output)


async def test_a_replaced_broker_is_read_from_zero_and_another_history_begins_the_ledger_anew(
    store_uri: str, tmp_path: Path
) -> None:
    events = [patrol(index) for index in range(300)]
    first = start_broker(tmp_path)
    settings = settings_of(first.address, store_uri)
    async with Kept.of(settings) as kept:
        log = await Log.open(settings)
        async with LedgerProcess(settings) as ledger:
            places = await log.publish(events[:200])
            before = await kept.complete(log)
            await log.close()
            first.kill()

            with start_broker(tmp_path, port=first.port):
                log.producer = (await Log.open(settings)).producer
                await log.send(places)
                await log.publish(events[200:])
                await kept.complete(log)
                entries = await kept.entries()
                await log.close()

            with start_broker(tmp_path, port=first.port):
                renewed = await Log.open(settings)
                renewed.lineage = "lineage-after-a-restored-backup"
                await renewed.publish(events[:200])
                await until(lambda: holds(kept, 200), what="the new history alone")
                await kept.complete(renewed)
                await renewed.close()

            assert ledger.returncode is None
    assert len(entries) == len(events)
    assert before


async def holds(kept: Kept, entries: int) -> bool:
    return len(await kept.entries()) == entries


async def test_without_a_ledger_the_api_says_what_is_missing_and_to_whom_it_answers_at_all(
    settings: Settings, log: Log, kept: Kept, tmp_path: Path
) -> None:
    mint = TokenMint(tmp_path)
    key: dict[str, Any] = {"jwt_public_key_file": mint.public_key_file}
    async with WorkerProcess(settings), explaining(settings, **key) as client:
        await log.publish([patrol(index, unit=UNITS[0]) for index in range(5)])

        async def shown() -> bool:
            return await served(client, UNITS[0], "patrols_completed") == 5

        await until(shown, what="the figure")
        [page] = await pages(client, **CITY)
        leader = mint.headers(Role.TEAM_LEADER, UNITS[0])
        stranger = mint.headers(Role.COMMUNE_OFFICER, UNITS[1])
        refused = await client.get("/v1/explain", params=CITY, headers=leader)
        hidden = await client.get("/v1/explain", params=CITY | {"unit": UNITS[0]}, headers=stranger)

    assert (page["figure"] > 0, page["events"], page["ledger"]) == (True, [], {"state": "catching_up", "missing": 5})
    assert (refused.status_code, hidden.status_code) == (403, 404)
