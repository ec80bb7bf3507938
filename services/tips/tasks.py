"""Commands of the tips service beside its API: the desk, and the tasks of those who keep the keys."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

from services.tips.custody.audit import Head
from services.tips.settings import CustodySettings, DeskSettings
from shared.errors import DomainError

T = TypeVar("T")

cli: Final = typer.Typer(
    add_completion=False, no_args_is_help=True, help="The tips service. Without a command: its API."
)

Name = Annotated[str, typer.Option("--as", help="Who does this, for the audit log.", default_factory=getpass.getuser)]


@cli.command()
def desk() -> None:
    """Serve officers what is sealed to their communes."""
    from services.tips.desk.app import create_desk
    from shared.web import serve

    settings = DeskSettings.load()
    try:
        app = create_desk(settings)
    except ValueError as error:
        raise SystemExit(f"Settings: {error}.") from None
    serve(app, settings)


@cli.command()
def rekey(actor: Name) -> None:
    """Seal to the present keys what is sealed to former ones, or to the commune that a tip lay in before."""
    from services.tips.custodians import rekey_communes

    done = _run(lambda: rekey_communes(DeskSettings.load(), actor=actor))
    typer.echo(f"{done.resealed} pieces are sealed anew; {done.out_of_reach} need a key that is not here.")
    raise typer.Exit(1 if done.out_of_reach else 0)


@cli.command("rekey-identities")
def rekey_identities(
    former: Annotated[Path, typer.Option(help="PEM file with the custodian's former private key.")],
    new: Annotated[Path, typer.Option(help="PEM file with the custodian's new public key.")],
    actor: Name,
) -> None:
    """Seal to the custodian's new key who gave tips so far."""
    from services.tips.custodians import rekey_identities as rekey_all

    done = _run(lambda: rekey_all(CustodySettings.load(), former, new, actor=actor))
    typer.echo(f"{done.resealed} identities are sealed anew; {done.out_of_reach} need a key that is not here.")
    raise typer.Exit(1 if done.out_of_reach else 0)


@cli.command()
def identity(
    request: Annotated[str, typer.Argument(help="Id of the approved identity request.")],
    key: Annotated[Path, typer.Option(help="PEM file with the custodian's private key.")],
    actor: Name,
) -> None:
    """Open who gave a tip, under an approved request and within its time. Run it where the custodian's key is."""
    from services.tips.custodians import open_identity

    reporter = _run(lambda: open_identity(CustodySettings.load(), request, key, actor=actor))
    typer.echo(f"{reporter.name}\n{reporter.contact}")


@cli.command()
def audit(
    head: Annotated[list[str] | None, typer.Option(help="A head seen before, as 17:abc…; may be repeated.")] = None,
    topic: Annotated[bool, typer.Option("--topic", help="Compare with every head on tips.audit.v1 as well.")] = False,
) -> None:
    """Verify the audit log: no entry altered, none missing, and every published head still on the way."""
    from services.tips.custodians import verify_audit

    try:
        seen = [Head.read(text) for text in head or ()]
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--head") from None
    done = _run(lambda: verify_audit(CustodySettings.load(), seen, with_topic=topic))
    outcome = f"Broken: {done.fault}." if done.fault else f"Intact: {done.end.seq} entries, head {done.end}"
    typer.echo(f"{outcome}\nCompared with {done.compared} heads that were kept outside the store.")
    raise typer.Exit(1 if done.fault else 0)


def _run(task: Callable[[], Awaitable[T]]) -> T:
    async def run() -> T:
        return await task()

    try:
        return asyncio.run(run())
    except (DomainError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
