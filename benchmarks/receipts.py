"""Whether the time of an answer tells a known receipt from an unknown one; in process, on a store of its own.

    make bench-receipts                                       20,000 answers, seven minutes
    make bench-receipts ARGS="--answers 100000"               the whole measurement, 35 minutes
    make bench-receipts ARGS="--about dialogue"               not how a case stands, but what officers wrote
    make bench-receipts ARGS="--answers 0 --guesses 100000"   what it costs to guess receipts; both may be asked for

Answers go out at whole steps of the service's pace (`services/tips/pace.py`), so that is how long each one takes. Known
and unknown receipts are asked for in turn, and with them known ones whose answers are held back for 50 µs more: in the
same minutes, so that what the machine does meanwhile meets all three. Callers begin at different times within a step,
and hardly meet. Prints Welch's t (tests/support/welch.py) of known against unknown, and of held back against unknown.
"""

from __future__ import annotations

import asyncio
import logging
import random
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import structlog
import typer

from benchmarks.guesses import guessed
from deploy.embedded.servers import Server, start_store
from services.tips import pace
from services.tips.receipts import new_receipt
from tests.integration.tips_rig import TipsRig
from tests.support.welch import TELLS, welch_t

KNOWN_RECEIPTS: Final = 50
PLANTED_S: Final = 50e-6
NO_PACE_S: Final = 1e-6
NO_PACE_ANSWERS: Final = 4_000  # enough to tell, and told for comparison only


class Asked(StrEnum):
    """What is asked for; each turn asks for one of each."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    HELD_BACK = "held back"


class About(StrEnum):
    """What is wanted to be known with a receipt: the last part of the path."""

    STATUS = "status"
    DIALOGUE = "dialogue"  # in which nobody has written yet: what is written tells by itself


Times = dict[Asked, list[float]]


async def measured(rig: TipsRig, about: About, answers: int, callers: int) -> Times:
    """Seconds per answer; `answers` are those to known and unknown receipts together."""
    receipts = [(await rig.submit()).json()["receipt"] for _ in range(KNOWN_RECEIPTS)]
    times: Times = {asked: [] for asked in Asked}
    turns = iter(range(answers // 2))

    async def ask(caller: int) -> None:
        await asyncio.sleep(caller * pace.STEP_S / callers)
        for _ in turns:
            for asked in random.sample(tuple(Asked), len(Asked)):
                known = asked is not Asked.UNKNOWN
                body = {"receipt": random.choice(receipts) if known else new_receipt()}
                began = time.perf_counter()
                answer = await rig.client.post(f"/v1/receipts/{about}", json=body)
                _spin(PLANTED_S if asked is Asked.HELD_BACK else 0.0)
                times[asked].append(time.perf_counter() - began)
                told = answer.json()
                assert (told["status"] != "unknown") == known if about is About.STATUS else told["messages"] == []

    async with asyncio.TaskGroup() as asking:
        for caller in range(callers):
            asking.create_task(ask(caller))
    return times


def _spin(for_s: float) -> None:
    until = time.perf_counter() + for_s
    while time.perf_counter() < until:
        pass


def _compared(what: str, times: Times, asked: Asked = Asked.KNOWN) -> tuple[float, str]:
    """Welch's t against unknown receipts, and a line that tells it."""
    one, unknown = times[asked], times[Asked.UNKNOWN]
    apart_us = (median(one) - median(unknown)) * 1e6
    t = welch_t(one, unknown)
    return t, (
        f"{what:28} {len(one) + len(unknown):7,} answers, median {median(one) * 1e3:6.2f} ms, "
        f"apart {apart_us:+7.1f} µs, t {t:+8.2f}"
    )


async def _timed(rig: TipsRig, about: About, answers: int, callers: int) -> list[str]:
    """What is wrong with the times of answers; tells them on the way."""
    times = await measured(rig, about, answers, callers)
    as_is, told = _compared("known against unknown", times)
    typer.echo(f"{told}   {_verdict(abs(as_is) < TELLS, f'|t| < {TELLS}')}")
    planted, told = _compared("50 µs planted in known", times, Asked.HELD_BACK)
    typer.echo(f"{told}   {_verdict(abs(planted) > TELLS, f'|t| > {TELLS}')}")
    paced_s, pace.STEP_S = pace.STEP_S, NO_PACE_S
    _, told = _compared("for comparison, no pace", await measured(rig, about, min(answers, NO_PACE_ANSWERS), callers))
    pace.STEP_S = paced_s
    typer.echo(told)
    found = {
        "the time of an answer tells a known receipt": abs(as_is) >= TELLS,
        "a planted difference is not told, so the rest proves nothing: more answers, or a quieter machine": abs(planted)
        <= TELLS,
    }
    return [fault for fault, is_so in found.items() if is_so]


def _verdict(holds: bool, rule: str) -> str:
    return f"{rule} holds" if holds else f"FAILED: {rule} does not hold"


@asynccontextmanager
async def _service() -> AsyncIterator[tuple[TipsRig, Server]]:
    with tempfile.TemporaryDirectory() as directory, start_store(Path(directory)) as store:
        async with TipsRig.running(store.address, Path(directory)) as rig:
            yield rig, store


async def _run(about: About, answers: int, guesses: int, callers: int) -> list[str]:
    faults: list[str] = []
    async with _service() as (rig, store):
        if answers:
            minutes = len(Asked) / 2 * answers * pace.STEP_S / callers / 60
            typer.echo(f"steps of {pace.STEP_S * 1e3:g} ms, {callers} callers: about {minutes:.0f} minutes")
            faults += await _timed(rig, about, answers, callers)
        if guesses:
            outcome = await guessed(rig, guesses, store_pid=store.process.pid)
            typer.echo("\n".join(outcome.lines()))
            faults += outcome.faults()
    return faults


def main(
    answers: Annotated[int, typer.Option(help="How many answers to known and unknown receipts.", min=0)] = 20_000,
    about: Annotated[About, typer.Option(help="What to ask for with them.")] = About.STATUS,
    guesses: Annotated[int, typer.Option(help="How many receipts to guess.", min=0)] = 0,
    callers: Annotated[int, typer.Option(help="How many ask at a time; more are noisier.", min=1)] = 4,
    step_ms: Annotated[float, typer.Option(help="The step of the pace, unless that of the service.")] = pace.STEP_S
    * 1e3,
) -> None:
    """Exit code 1 if the time tells, if a planted difference does not, or if a guess hits or costs more and more."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    pace.STEP_S = step_ms / 1e3
    faults = asyncio.run(_run(about, answers, guesses, callers))
    for fault in faults:
        typer.echo(f"FAILED: {fault}.", err=True)
    raise typer.Exit(1 if faults else 0)


if __name__ == "__main__":
    typer.run(main)
