"""The keys of the local set-up."""

import stat
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from typer.testing import CliRunner

from deploy.keys import JWT_PRIVATE, JWT_PUBLIC, RECEIPT, SEALING_PRIVATE, SEALING_PUBLIC, cli, local_token, make_keys
from shared.security import Role


def test_private_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    make_keys(tmp_path)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {
        JWT_PRIVATE: 0o600,
        JWT_PUBLIC: 0o644,
        SEALING_PRIVATE: 0o600,
        SEALING_PUBLIC: 0o644,
        RECEIPT: 0o600,
    }


def test_keys_are_made_once(tmp_path: Path) -> None:
    make_keys(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / JWT_PUBLIC).unlink()  # as after a power cut between the two

    make_keys(tmp_path)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


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
