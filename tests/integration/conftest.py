"""What tests of the worker and the ledger share: a log to fold, and the state that comes of it.

A module names its broker and store in a fixture `settings` of its own.
"""

from collections.abc import AsyncIterator

import pytest

from shared.settings import Settings
from tests.integration.worker_rig import Log, State


@pytest.fixture
async def log(settings: Settings) -> AsyncIterator[Log]:
    log = await Log.open(settings)
    yield log
    await log.close()


@pytest.fixture
async def state(settings: Settings, log: Log) -> AsyncIterator[State]:
    async with State(settings) as state:
        yield state
