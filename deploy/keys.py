"""Keys and tokens of the local set-up; owns the key directory, and no service ever reads a private key from it."""

import os
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from shared.contracts.tips import TipStream
from shared.security import EVERYWHERE, Role, issue_token

JWT_PRIVATE: Final = "jwt.key"
JWT_PUBLIC: Final = "jwt.pub"
SEALING_PRIVATE: Final = "custodian.key"
SEALING_PUBLIC: Final = "custodian.pub"
DESK_PRIVATE: Final = "desk"  # private keys of communes, for the desk alone
COMMUNES_PUBLIC: Final = "communes"  # their public keys, for the intake
EVERY_UNIT: Final = "all"
RECEIPT: Final = "receipt.key"
WEBHOOKS: Final = "webhook.keys"  # the newest first
DEFAULT_DIRECTORY: Final = Path(os.environ.get("PULSE_DATA_DIR") or ".data") / "keys"
UNIT: Final = re.compile(r"\*|\d{2}|\d{5}")
RECEIPT_KEY_BYTES: Final = 32  # as long as the digest of the HMAC it is for
WEBHOOK_KEY_BYTES: Final = 32

cli = typer.Typer(add_completion=False, no_args_is_help=True, help="Keys and tokens of the local set-up.")


def make_keys(directory: Path) -> None:
    """Every key of the local set-up is in the directory afterwards; those already there stay as they are.

    Private keys are readable by their owner alone. What was sealed or signed with a key needs that very key,
    so nothing here is ever overwritten.
    """
    directory.mkdir(parents=True, exist_ok=True)
    _pair(directory / JWT_PRIVATE, directory / JWT_PUBLIC, Ed25519PrivateKey)
    _pair(directory / SEALING_PRIVATE, directory / SEALING_PUBLIC, X25519PrivateKey)
    for name in (DESK_PRIVATE, COMMUNES_PUBLIC):
        (directory / name).mkdir(exist_ok=True)
    _pair(*_of_communes(directory), X25519PrivateKey)
    receipt = directory / RECEIPT
    if not receipt.exists():
        _write(receipt, secrets.token_hex(RECEIPT_KEY_BYTES).encode() + b"\n", mode=0o600)
    if not (directory / WEBHOOKS).exists():
        rotate_webhook_key(directory)


def rotate_webhook_key(directory: Path) -> Path:
    """The file in which a new key for the secrets of webhooks stands first; the former ones stay, and open."""
    path = directory / WEBHOOKS
    former = path.read_bytes() if path.exists() else b""
    _write(path, secrets.token_hex(WEBHOOK_KEY_BYTES).encode() + b"\n" + former, mode=0o600)
    return path


def rotate_communes_key(directory: Path) -> Path:
    """The public key that takes the place of the communes' present one, whose private key stays beside the new one.

    What was sealed so far needs the former key until `python -m services.tips rekey` has sealed it anew.
    """
    private, public = _of_communes(directory)
    made = datetime.fromtimestamp(private.stat().st_mtime, UTC)
    private.rename(private.with_name(f"{EVERY_UNIT}-of-{made:%Y%m%dT%H%M%S}.key"))
    public.unlink()
    _pair(private, public, X25519PrivateKey)
    return public


def local_token(
    directory: Path,
    role: Role,
    units: list[str],
    *,
    subject: str,
    ttl: timedelta,
    streams: Sequence[TipStream] | None = None,
) -> str:
    """A token signed with the key of this directory. Raises: FileNotFoundError before the keys are made."""
    return issue_token((directory / JWT_PRIVATE).read_bytes(), role, units, subject, ttl, streams=streams)


@cli.command()
def init(directory: Annotated[Path, typer.Argument(help="Where the keys are kept.")] = DEFAULT_DIRECTORY) -> None:
    """Make the keys that are not there yet."""
    make_keys(directory)
    typer.echo(f"The keys are in {directory}.")


@cli.command()
def rotate(directory: Annotated[Path, typer.Argument(help="Where the keys are kept.")] = DEFAULT_DIRECTORY) -> None:
    """Give the communes a new key; start tips and its desk again, then seal anew with `services.tips rekey`."""
    typer.echo(f"{rotate_communes_key(directory)} is new; the former private key stays until nothing needs it.")


@cli.command()
def rotate_webhooks(keys: Annotated[Path, typer.Option(help="Where the keys are kept.")] = DEFAULT_DIRECTORY) -> None:
    """Give the secrets of webhooks a new key; the API seals them anew when it starts again."""
    typer.echo(f"A new key stands first in {rotate_webhook_key(keys)}; remove the others once every API has restarted.")


@cli.command()
def token(
    role: Annotated[Role, typer.Option(help="What the caller is.")] = Role.CITY_OPERATOR,
    unit: Annotated[list[str] | None, typer.Option(help='A commune or city code, or "*"; may be repeated.')] = None,
    subject: Annotated[str, typer.Option(help="Who the caller is.")] = "local",
    ttl: Annotated[float, typer.Option(help="Hours until the token expires.", min=0.001, max=24 * 366)] = 12.0,
    stream: Annotated[
        list[TipStream] | None, typer.Option(help="The stream of tips that the caller handles, if not both.")
    ] = None,
    keys: Annotated[Path, typer.Option(help="Where the keys are kept.")] = DEFAULT_DIRECTORY,
) -> None:
    """Print a bearer token for the local set-up."""
    units = unit or [EVERYWHERE]
    unknown = [code for code in units if not UNIT.fullmatch(code)]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is neither a code of two or five digits nor '*'", param_hint="--unit")
    if not (keys / JWT_PRIVATE).exists():
        typer.echo(
            f"There are no keys in {keys}: `make run` makes them, and so does `python -m deploy.keys init`.", err=True
        )
        raise typer.Exit(1)
    typer.echo(local_token(keys, role, units, subject=subject, ttl=timedelta(hours=ttl), streams=stream or None))


def _of_communes(directory: Path) -> tuple[Path, Path]:
    return directory / DESK_PRIVATE / f"{EVERY_UNIT}.key", directory / COMMUNES_PUBLIC / f"{EVERY_UNIT}.pub"


def _pair(private: Path, public: Path, kind: type[Ed25519PrivateKey] | type[X25519PrivateKey]) -> None:
    if not private.exists():
        pem = kind.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write(private, pem, mode=0o600)
    if not public.exists():
        key = load_pem_private_key(private.read_bytes(), password=None)
        _write(public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), mode=0o644)


def _write(path: Path, content: bytes, *, mode: int) -> None:
    """Whole or not at all: half a key after a power cut would stay for good."""
    unfinished = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    unfinished.replace(path)


if __name__ == "__main__":
    cli()
