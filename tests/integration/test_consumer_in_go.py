"""A consumer in Go, written from the AsyncAPI document and the consumer guide alone, reproduces one figure."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.base import Event
from shared.contracts.generate import ASYNCAPI
from shared.contracts.patrols import (
    OutreachSessionChange,
    OutreachSessionFacts,
    OutreachSessionHeld,
    PatrolChange,
    PatrolCompleted,
    PatrolCorrected,
    PatrolFacts,
    PatrolKind,
    PatrolVoided,
)
from shared.contracts.topics import PATROLS, REGISTRY
from shared.messaging.admin import ensure_topics
from shared.messaging.codec import record_headers
from shared.messaging.producer import open_producer, partition_of
from shared.settings import Settings
from tests.integration.worker_rig import wiped

CONSUMER = Path(__file__).parents[1] / "consumer"
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = datetime(2026, 12, 1, tzinfo=UTC)
UNIT = "00070"
OTHER = "00004"


def patrol(day: int) -> PatrolFacts:
    at = SINCE + timedelta(days=day)
    return PatrolFacts(kind=PatrolKind.SECURITY, teams=1, participants=3, completed_at=at)


def events_of(unit: str) -> list[Event]:
    """Four patrols of which two stay in the month: one is moved out of it, one is withdrawn."""
    where: dict[str, Any] = {"time": SINCE, "partitionkey": unit}
    held = OutreachSessionFacts(held_at=SINCE, attendance=40)
    return [
        PatrolCompleted(subject="a", data=PatrolChange(was=None, is_=patrol(1)), **where),
        PatrolCompleted(subject="b", data=PatrolChange(was=None, is_=patrol(2)), **where),
        OutreachSessionHeld(subject="c", data=OutreachSessionChange(was=None, is_=held), **where),
        PatrolCompleted(subject="d", data=PatrolChange(was=None, is_=patrol(29)), **where),
        PatrolCorrected(subject="b", data=PatrolChange(was=patrol(2), is_=patrol(-2)), **where),
        PatrolCompleted(subject="e", data=PatrolChange(was=None, is_=patrol(3)), **where),
        PatrolVoided(subject="e", data=PatrolChange(was=patrol(3), is_=None), **where),
    ]


async def publish(settings: Settings) -> None:
    """What a relay that was restarted has sent: all events in order, some of them twice, and one of a newer type."""
    producer = await open_producer(settings)
    try:
        for unit in (UNIT, OTHER):
            records = [
                event.record(position=position, lineage="l", recorded_at=SINCE)
                for position, event in enumerate(events_of(unit), 1)
            ]
            newer = json.loads(records[0]) | {"type": "patrol.photographed.v1", "position": len(records) + 1}
            for value in (*records[:4], *records[2:], json.dumps(newer).encode()):
                partition = partition_of(unit, settings.kafka_partitions)
                headers = record_headers(json.loads(value)["position"])
                await producer.send_and_wait(PATROLS.name, value, unit.encode(), partition, headers=headers)
    finally:
        await producer.stop()


@pytest.mark.skipif(shutil.which("go") is None, reason="no Go toolchain here, and the consumer is written in Go")
async def test_a_consumer_in_go_reproduces_a_figure(kafka_bootstrap: str) -> None:
    settings = Settings(kafka_bootstrap_servers=kafka_bootstrap)
    await wiped(settings, [PATROLS])  # tests of others leave records there that nobody can read
    await ensure_topics(settings, REGISTRY)
    await publish(settings)

    asked = {
        "-asyncapi": str(ASYNCAPI),
        "-brokers": kafka_bootstrap,
        "-unit": UNIT,
        "-from": SINCE.isoformat(),
        "-to": UNTIL.isoformat(),
        "-idle": "5s",
    }
    command = ["go", "run", ".", *(part for option in asked.items() for part in option)]
    printed = subprocess.run(command, cwd=CONSUMER, capture_output=True, text=True, check=False)

    assert printed.returncode == 0, printed.stderr
    assert json.loads(printed.stdout) == {"count": 2, "events": 16, "repeated": 4}
