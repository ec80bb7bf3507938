"""Seals the secrets of webhooks, so that the database alone signs nothing; must not do I/O but read its keys."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from shared.settings import Misconfigured

KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 8
NONCE_BYTES: Final = 12
_BOUND: Final = b"commune-pulse webhook 1\0"


class UnreadableSecret(Exception):
    """The seal is of a key that is not at hand, of another subscription, or was tampered with."""


class SecretKeys:
    """The keys of this process: the first one seals, all of them open.

    Shape:  a sealed secret is the id of its key, a nonce and the ciphertext; it opens for its subscription alone.
    Source: RFC 8439, ChaCha20-Poly1305.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {_id_of(key): key for key in keys}
        self._first = _id_of(keys[0]) if keys else None

    @classmethod
    def read(cls, path: Path | None) -> Self:
        """The keys in a file, 64 hexadecimal digits a line; without a file none.

        Raises: Misconfigured without that file, for a line that is no key, and for a file without any.
        """
        if path is None:
            return cls(())
        try:
            keys = [bytes.fromhex(line) for line in path.read_text().split()]
        except (OSError, ValueError):
            keys = []
        if not keys or {len(key) for key in keys} != {KEY_BYTES}:
            raise Misconfigured(
                f"PULSE_WEBHOOK_KEYS_FILE: {path} does not hold keys of {2 * KEY_BYTES} hexadecimal digits, one a line."
            )
        return cls(keys)

    @property
    def can_seal(self) -> bool:
        return self._first is not None

    def seal(self, secret: str, subscription: str) -> bytes:
        """The secret as only these keys open it, and only for this subscription. Raises: UnreadableSecret."""
        if self._first is None:
            raise UnreadableSecret("there is no key for the secrets of webhooks")
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = ChaCha20Poly1305(self._keys[self._first]).encrypt(nonce, secret.encode(), _bound(subscription))
        return self._first + nonce + sealed

    def open(self, sealed: bytes, subscription: str) -> str:
        """Raises: UnreadableSecret."""
        key = self._keys.get(sealed[:KEY_ID_BYTES])
        if key is None:
            raise UnreadableSecret("the key that opens the secret is not at hand")
        nonce, ciphertext = sealed[KEY_ID_BYTES:][:NONCE_BYTES], sealed[KEY_ID_BYTES + NONCE_BYTES :]
        try:
            return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, _bound(subscription)).decode()
        except (InvalidTag, ValueError):
            raise UnreadableSecret("the secret belongs elsewhere or was tampered with") from None

    def is_former(self, sealed: bytes) -> bool:
        """Whether it opens, and not by the key that seals now."""
        return sealed[:KEY_ID_BYTES] in self._keys and sealed[:KEY_ID_BYTES] != self._first


def _id_of(key: bytes) -> bytes:
    return hashlib.sha256(b"id\0" + key).digest()[:KEY_ID_BYTES]


def _bound(subscription: str) -> bytes:
    # A seal moved to another subscription in the database does not open there.
    return _BOUND + subscription.encode()
