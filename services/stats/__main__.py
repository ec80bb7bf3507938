"""Starts one process of the statistics: python -m services.stats api | worker | ledger | rebuild | verify."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False,
    help="Statistics of Commune Pulse: the API with the console, the worker, the ledger, rebuild, verify.",
)


@app.callback(invoke_without_command=True)
def default(context: typer.Context) -> None:
    """Serve the API unless a command says otherwise."""
    if context.invoked_subcommand is None:
        api()


@app.command()
def api() -> None:
    """Serve the figures and the operators' console."""
    from services.stats.app import run_api
    from services.stats.settings import StatsSettings

    run_api(StatsSettings.load())


@app.command()
def worker() -> None:
    """Fold the facts of this worker's share of the partitions."""
    from services.stats.folding.worker import run_worker
    from services.stats.settings import StatsSettings

    raise typer.Exit(run_worker(StatsSettings.load()))


@app.command()
def ledger(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Have it made anew by the process that writes it.")
    ] = False,
) -> None:
    """Book which event added what to which figure; one process at a time does, others wait."""
    import asyncio

    from services.stats.ledger.process import discard_ledger, run_ledger
    from services.stats.settings import StatsSettings

    settings = StatsSettings.load()
    if rebuild:
        asyncio.run(discard_ledger(settings))
        typer.echo("The ledger is discarded: the process that writes it, or the next one to start, fills it again.")
        return
    raise typer.Exit(run_ledger(settings))


@app.command()
def rebuild(
    switch: Annotated[
        bool, typer.Option("--switch", help="Lead the readers to what was folded, whatever came of it.")
    ] = False,
    scheduled: Annotated[bool, typer.Option("--scheduled", hidden=True)] = False,
) -> None:
    """Fold everything anew beside the live state and compare; exit code 1 if it differs, 2 if nothing was compared."""
    from services.stats.generations.checking import run_rebuild
    from services.stats.settings import StatsSettings

    raise typer.Exit(run_rebuild(StatsSettings.load(), scheduled=scheduled, switch=switch))


@app.command()
def verify(
    stats_url: Annotated[str, typer.Option(envvar="PULSE_STATS_URL")] = "http://127.0.0.1:8000",
    tips_url: Annotated[str, typer.Option(envvar="PULSE_TIPS_URL")] = "http://127.0.0.1:8001",
    patrols_url: Annotated[str, typer.Option(envvar="PULSE_PATROLS_URL")] = "http://127.0.0.1:8002",
    awards_url: Annotated[str, typer.Option(envvar="PULSE_AWARDS_URL")] = "http://127.0.0.1:8003",
    token: Annotated[str, typer.Option(envvar="PULSE_TOKEN", help="of an auditor or integrator")] = "",
) -> None:
    """Recompute every figure from the journals and compare; exit code 1 on a difference or on nothing compared."""
    from services.stats.settings import StatsSettings
    from services.stats.verify import run
    from services.stats.verify.sources import Journals, NotReadable, Served

    journals = Journals(run.owners(tips_url, patrols_url, awards_url), token)
    try:
        report = run.verify(StatsSettings.load(), Served(stats_url, token), journals)
    except NotReadable as reason:
        typer.echo(f"Nothing was compared: {reason}", err=True)
        raise typer.Exit(1) from None
    typer.echo(run.summary(report))
    raise typer.Exit(0 if report.is_clean else 1)


if __name__ == "__main__":
    app()
