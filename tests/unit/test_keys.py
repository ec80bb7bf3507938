"""The keys of the local set-up."""

import stat
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from typer.testing import CliRunner

from deploy.keys import (
    JWT_PRIVATE,
    JWT_PUBLIC,
    RECEIPT,
    SEALING_PRIVATE,
    SEALING_PUBLIC,
    WEBHOOKS,
    cli,
    local_token,
    make_keys,
    rotate_communes_key,
    rotate_webhook_key,
)
from services.stats.alerts.sealing import SecretKeys
from shared.security import Role


def files(directory: Path) -> dict[str, Path]:
    return {str(path.relative_to(directory)): path for path in directory.rglob("*") if path.is_file()}


def test_private_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    make_keys(tmp_path)

    modes = {name: stat.S_IMODE(path.stat().st_mode) for name, path in files(tmp_path).items()}
    assert modes == {
        JWT_PRIVATE: 0o600,
        JWT_PUBLIC: 0o644,
        SEALING_PRIVATE: 0o600,
        SEALING_PUBLIC: 0o644,
        RECEIPT: 0o600,
        WEBHOOKS: 0o600,
        "desk/all.key": 0o600,
        "communes/all.pub": 0o644,
    }


def test_keys_are_made_once(tmp_path: Path) -> None:
    make_keys(tmp_path)
    before = {name: path.read_bytes() for name, path in files(tmp_path).items()}
    (tmp_path / JWT_PUBLIC).unlink()  # as after a power cut between the two

    make_keys(tmp_path)

    assert {name: path.read_bytes() for name, path in files(tmp_path).items()} == before


def test_a_rotated_key_of_communes_is_new_and_the_former_private_one_stays(tmp_path: Path) -> None:
    make_keys(tmp_path)
    before = {name: path.read_bytes() for name, path in files(tmp_path).items()}

    rotate_communes_key(tmp_path)

    after = {name: path.read_bytes() for name, path in files(tmp_path).items()}
    assert before["desk/all.key"] in [content for name, content in after.items() if name.startswith("desk/all-of-")]
    assert {name for name in before if after[name] != before[name]} == {"desk/all.key", "communes/all.pub"}


def test_a_rotated_key_of_webhooks_stands_before_the_former_ones(tmp_path: Path) -> None:
    make_keys(tmp_path)
    sealed = SecretKeys.read(tmp_path / WEBHOOKS).seal("secret", "s")

    rotate_webhook_key(tmp_path)
    keys = SecretKeys.read(tmp_path / WEBHOOKS)

    assert keys.open(sealed, "s") == "secret"
    assert keys.is_former(sealed)


def test_token_is_accepted_by_the_public_key(tmp_path: Path) -> None:
    make_keys(tmp_path)

    token = local_token(tmp_path, Role.AUDITOR, ["01"], subject="test", ttl=timedelta(hours=1))

    public = load_pem_public_key((tmp_path / JWT_PUBLIC).read_bytes())
    claims = jwt.decode(
        token,
        public,  # type: ignore[arg-type]
        algorithms=["EdDSA"],
        audience="commune-pulse",
        issuer="commune-pulse",
    )
    assert (claims["role"], claims["units"], claims["sub"]) == ("auditor", ["01"], "test")


def test_token_without_keys_says_how_to_make_them(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(cli, ["token", "--keys", str(tmp_path)])

    assert outcome.exit_code == 1
    assert "`make run` makes them" in outcome.output


@pytest.mark.parametrize("unit", ["1", "hanoi", "000700"])
def test_token_for_what_is_no_unit_is_refused(tmp_path: Path, unit: str) -> None:
    make_keys(tmp_path)

    outcome = CliRunner().invoke(cli, ["token", "--unit", unit, "--keys", str(tmp_path)])

    assert outcome.exit_code == 2
