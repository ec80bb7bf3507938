"""`python -m deploy.demo`: load the history, then let the city live on; owns the commands, signals and exit codes."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from random import Random
from typing import Annotated, Any

import typer

from deploy.demo import check as checking
from deploy.demo import reference_series
from deploy.demo.client import Refused, Services
from deploy.demo.history import History
from deploy.demo.loader import Loader
from deploy.demo.rhythm import moment_of
from deploy.demo.settings import DemoSettings
from deploy.demo.simulator import Simulator
from deploy.demo.state import State
from shared.telemetry.logs import configure_logging

Work = Callable[[DemoSettings, Services, State], Coroutine[Any, Any, None]]
"""What a command does with what it is given."""

cli = typer.Typer(
    add_completion=False, help="The demonstration: a made-up history at published figures, and a simulator."
)


@cli.callback(invoke_without_command=True)
def both(context: typer.Context) -> None:
    """Load the history where it is not loaded yet, then simulate until stopped."""
    if context.invoked_subcommand is None:
        _run(lambda settings, services, state: _load(settings, services, state, simulated=True))


@cli.command()
def load() -> None:
    """Load the history where it is not loaded yet."""
    _run(lambda settings, services, state: _load(settings, services, state, simulated=False))


@cli.command()
def simulate() -> None:
    """Let things happen until stopped, at PULSE_SIMULATOR_PACE times the rate of the city."""
    _run(lambda settings, services, state: _simulator(settings, services, state).run())


@cli.command()
def check(
    wait: Annotated[float, typer.Option(help="Seconds to wait until the figures hold all that is committed.")] = 60.0,
) -> None:
    """Compare the published figures with what the statistics show; exit code 1 if one differs."""
    settings = DemoSettings.load()
    configure_logging("demo", "WARNING")
    if not asyncio.run(_check(settings, wait)):
        raise typer.Exit(1)


async def _check(settings: DemoSettings, wait_s: float) -> bool:
    async with Services(settings.urls, settings.token_source()) as services:
        try:
            if not await checking.wait_until_applied(services, wait_s):
                typer.echo("The figures do not yet hold everything that the services have taken in.", err=True)
            rows = await checking.compare(services)
        except Refused as refused:
            sys.exit(f"The statistics refused to answer: {refused}")
    checking.show(rows)
    return all(row.agrees for row in rows)


async def _load(settings: DemoSettings, services: Services, state: State, *, simulated: bool) -> None:
    loader = Loader(History(scale=settings.demo_scale), services, state)

    async def simulate_once_alive() -> None:
        await loader.alive.wait()
        await _simulator(settings, services, state).run()

    async with asyncio.TaskGroup() as group:
        if simulated:
            group.create_task(simulate_once_alive())
        group.create_task(reference_series.load(services))
        await loader.load(moment_of(datetime.now(UTC)), settings.history_progress_file)


def _simulator(settings: DemoSettings, services: Services, state: State) -> Simulator:
    return Simulator(services, state, pace=settings.simulator_pace, seed=settings.simulator_seed)


def _run(work: Work) -> None:
    settings = DemoSettings.load()
    configure_logging("demo", settings.log_level)
    try:
        asyncio.run(_until_stopped(settings, work))
    except* Refused as refused:
        sys.exit(f"A service refused: {refused.exceptions[0]}")


async def _until_stopped(settings: DemoSettings, work: Work) -> None:
    async with Services(settings.urls, settings.required_token_source(), rng=Random()) as services:
        task = asyncio.create_task(work(settings, services, State(settings.demo_dir)))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task


if __name__ == "__main__":
    cli()
