"""A relay in a process of its own, for tests to kill; takes the URI, the database and the broker."""

import asyncio
import sys

from shared.contracts.topics import PATROLS
from shared.outbox.relay import Relay
from shared.store.client import Store
from tests.integration.outbox_rig import settings_for


async def relay(uri: str, database: str, kafka_bootstrap: str) -> None:
    await Relay(Store.open(uri, database), settings_for(kafka_bootstrap), [PATROLS]).run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(relay(*sys.argv[1:]))
