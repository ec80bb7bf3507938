"""Whether the time of an answer tells a known receipt from an unknown one; in process, on a store of its own.

    make bench-receipts                                 10,000 answers each of three ways, ten minutes
    make bench-receipts ARGS="--answers 100000"         the whole measurement, on a machine that does nothing else

Known and unknown receipts are asked for in turn, by two callers at once: more would meet each other. Prints Welch's t
(tests/support/welch.py) as it is, with a difference of 50 µs planted in the answers to known receipts, and with the
steady pace switched off.
"""

from __future__ import annotations

import asyncio
import logging
import random
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Annotated

import structlog
import typer

from deploy.embedded.servers import start_store
from services.tips import pace
from services.tips.receipts import new_receipt
from tests.integration.tips_rig import TipsRig
from tests.support.welch import TELLS, welch_t

CALLERS = 2
KNOWN = 50
PLANTED_S = 50e-6
NO_PACE_S = 1e-6

Times = dict[bool, list[float]]


async def measured(rig: TipsRig, answers: int, *, planted_s: float = 0.0) -> Times:
    """Seconds per answer, by whether the receipt was known."""
    receipts = [(await rig.submit()).json()["receipt"] for _ in range(KNOWN)]
    times: Times = {True: [], False: []}

    async def ask() -> None:
        for _ in range(answers // CALLERS // 2):
            for known in random.sample((True, False), 2):
                body = {"receipt": random.choice(receipts) if known else new_receipt()}
                began = time.perf_counter()
                answer = await rig.client.post("/v1/receipts/status", json=body)
                _spin(planted_s if known else 0.0)
                times[known].append(time.perf_counter() - began)
                assert (answer.json()["status"] != "unknown") == known

    async with asyncio.TaskGroup() as callers:
        for _ in range(CALLERS):
            callers.create_task(ask())
    return times


def _spin(for_s: float) -> None:
    until = time.perf_counter() + for_s
    while time.perf_counter() < until:
        pass


def _tell(what: str, times: Times) -> float:
    t = welch_t(times[True], times[False])
    apart_us = (median(times[True]) - median(times[False])) * 1e6
    samples = len(times[True]) + len(times[False])
    typer.echo(
        f"{what:24} {samples:7,} answers, median {median(times[True]) * 1e3:6.2f} ms, "
        f"known - unknown {apart_us:+7.1f} µs, t {t:+8.2f}"
    )
    return t


@asynccontextmanager
async def _service() -> AsyncIterator[TipsRig]:
    with tempfile.TemporaryDirectory() as directory, start_store(Path(directory)) as store:
        async with TipsRig.running(store.address, Path(directory)) as rig:
            yield rig


async def _run(answers: int, step_s: float) -> bool:
    pace.STEP_S = step_s
    async with _service() as rig:
        as_is = _tell("as it is", await measured(rig, answers))
        planted = _tell("with 50 µs planted", await measured(rig, answers, planted_s=PLANTED_S))
        pace.STEP_S = NO_PACE_S
        _tell("without the steady pace", await measured(rig, answers))
    return abs(as_is) < TELLS < abs(planted)


def main(
    answers: Annotated[int, typer.Option(help="How many answers each way.", min=200)] = 10_000,
    step_ms: Annotated[float, typer.Option(help="The step of the pace, unless that of the service.")] = pace.STEP_S
    * 1e3,
) -> None:
    """Exit code 1 if the time tells, or if a planted difference does not."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    raise typer.Exit(0 if asyncio.run(_run(answers, step_ms / 1e3)) else 1)


if __name__ == "__main__":
    typer.run(main)
