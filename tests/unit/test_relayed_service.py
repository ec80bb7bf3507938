"""How a service that owns facts lives with its relay."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import pytest
from pydantic import SecretStr

from shared import service
from shared.contracts.topics import AWARDS
from shared.service import ServiceRuntime
from shared.settings import Settings

NOWHERE: Final = SecretStr("mongodb://127.0.0.1:1/")


class RelayOf:
    """A relay that does as the test says."""

    def __init__(self, run: Any) -> None:
        self.run = run


@pytest.fixture
def runtime() -> Iterator[ServiceRuntime]:
    runtime = ServiceRuntime.of(Settings(mongodb_uri=NOWHERE), database="test", topics=(AWARDS,))
    yield runtime
    runtime.store.close()


def relaying(monkeypatch: pytest.MonkeyPatch, run: Any) -> None:
    monkeypatch.setattr(service, "Relay", lambda *_, **__: RelayOf(run))


async def test_a_relay_that_ended_makes_the_process_not_ready(
    runtime: ServiceRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def give_up(stop: asyncio.Event) -> None:
        raise ExceptionGroup("relay", [RuntimeError("the topic has 4 partitions")])

    relaying(monkeypatch, give_up)

    async with runtime.relayed():
        assert runtime.relaying is not None
        await asyncio.wait({runtime.relaying})
        assert await runtime.relay_runs() == "the relay has ended"


async def test_a_relay_gets_the_chance_to_finish(runtime: ServiceRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    finished = asyncio.Event()

    async def finish_on_stop(stop: asyncio.Event) -> None:
        await stop.wait()
        finished.set()

    relaying(monkeypatch, finish_on_stop)

    async with runtime.relayed():
        assert await runtime.relay_runs() is None

    assert finished.is_set()


async def test_a_relay_that_hangs_is_cut_off(runtime: ServiceRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(stop: asyncio.Event) -> None:
        await asyncio.Event().wait()

    relaying(monkeypatch, hang)
    monkeypatch.setattr(service, "RELAY_STOP_S", 0.01)

    async with runtime.relayed():
        pass

    assert runtime.relaying is not None
    await asyncio.wait({runtime.relaying}, timeout=1)
    assert runtime.relaying.cancelled()
