"""Sealing of who gave a tip, at intake, for the custodian alone; holds the public key and never a private one."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NewType, Protocol

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

Sealed = NewType("Sealed", bytes)

VERSION: Final = 1
KEY_ID_BYTES: Final = 8
PADDED_TO_BYTES: Final = 512  # the length of a seal must not tell the length of a name
_HEADER_BYTES: Final = 1 + KEY_ID_BYTES
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who gave a tip; shows itself in no log line, traceback or assertion."""

    name: str
    contact: str

    def __repr__(self) -> str:
        return "Reporter(…)"


class Sealer(Protocol):
    """What intake needs to hide a reporter."""

    def seal(self, reporter: Reporter, *, tip: str) -> Sealed:
        """The reporter in a form that intake itself cannot read again."""
        ...


class UnreadableSeal(Exception):
    """The seal is of another key, of another tip, or was tampered with."""


class PublicKeySealer:
    """Seals for the holder of the custodian's private key.

    Shape:  version (1 byte), key id (8 bytes), then HPKE's encapsulated key and ciphertext.
    Source: RFC 9180, base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305.
    """

    def __init__(self, public_key: X25519PublicKey) -> None:
        self._public_key = public_key
        self.key_id = key_id_of(public_key)

    @classmethod
    def from_file(cls, path: Path) -> "PublicKeySealer":
        """Raises: ValueError unless the file holds an X25519 public key and nothing more secret."""
        try:
            key = load_pem_public_key(path.read_bytes())
        except ValueError:
            raise ValueError(f"{path} does not hold a PEM public key") from None
        if not isinstance(key, X25519PublicKey):
            raise ValueError(f"{path} holds a {type(key).__name__}, not an X25519 public key")
        return cls(key)

    def seal(self, reporter: Reporter, *, tip: str) -> Sealed:
        plain = orjson.dumps({"name": reporter.name, "contact": reporter.contact})
        padded = plain.ljust(-(-len(plain) // PADDED_TO_BYTES) * PADDED_TO_BYTES)
        header = bytes([VERSION]) + self.key_id
        return Sealed(header + _SUITE.encrypt(padded, self._public_key, info=_bound_to(header, tip)))


def unseal(sealed: Sealed, private_key: X25519PrivateKey, *, tip: str) -> Reporter:
    """Who gave the tip: for the custodian, outside this service. Raises: UnreadableSeal."""
    header, body = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:]
    if header != bytes([VERSION]) + key_id_of(private_key.public_key()):
        raise UnreadableSeal("the seal is of another version or key")
    try:
        plain = orjson.loads(_SUITE.decrypt(body, private_key, info=_bound_to(header, tip)))
    except InvalidTag:
        raise UnreadableSeal("the seal belongs to another tip or was tampered with") from None
    return Reporter(plain["name"], plain["contact"])


def key_id_of(public_key: X25519PublicKey) -> bytes:
    """Tells which of the custodian's keys opens a seal."""
    return hashlib.sha256(public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)).digest()[:KEY_ID_BYTES]


def _bound_to(header: bytes, tip: str) -> bytes:
    # A seal moved to another tip in the database does not open there.
    return b"commune-pulse reporter\0" + header + tip.encode()
