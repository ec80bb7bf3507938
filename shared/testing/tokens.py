"""Bearer tokens for tests, signed with a key made on the spot; must not be used outside tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from shared.security import Role, issue_token


class TokenMint:
    """Signs tokens that a service accepts whose `jwt_public_key_file` is the mint's."""

    def __init__(self, directory: Path) -> None:
        key = Ed25519PrivateKey.generate()
        self.private_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.public_key_file = directory / "jwt-public.pem"
        self.public_key_file.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    def token(
        self,
        role: Role,
        *units: str,
        subject: str = "somebody",
        ttl: timedelta = timedelta(minutes=5),
        streams: Sequence[str] | None = None,
    ) -> str:
        """A token for the role in these units, and these streams of tips; for both unless told."""
        return issue_token(self.private_pem, role, units, subject, ttl, streams=streams)

    def headers(
        self, role: Role, *units: str, subject: str = "somebody", streams: Sequence[str] | None = None
    ) -> dict[str, str]:
        """The header that carries such a token."""
        return {"Authorization": f"Bearer {self.token(role, *units, subject=subject, streams=streams)}"}
