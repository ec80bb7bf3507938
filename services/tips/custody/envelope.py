"""Sealed pieces: a fresh data key for each, sealed to whoever may read it; must not do I/O or keep a key."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 8
NONCE_BYTES: Final = 12
LENGTH_BYTES: Final = 4
LEAST_BYTES: Final = 512  # the length of a seal must not tell the length of a name
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
# A data key seals one piece and no other, so its nonce need not differ.
_ONLY_NONCE: Final = bytes(NONCE_BYTES)


class Kind(StrEnum):
    """What a piece is."""

    CONTENT = "content"
    IDENTITY = "identity"
    MESSAGE = "message"
    ATTACHMENT = "attachment"
    NOTE = "note"
    REASON = "reason"


class Holder(StrEnum):
    """Who holds the private key to a piece."""

    COMMUNE = "commune"
    CUSTODIAN = "custodian"
    REPORTER = "reporter"


class UnreadableSeal(Exception):
    """The seal is of another key, of another piece, or was tampered with."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a piece is sealed to."""

    holder: Holder
    key: X25519PublicKey


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A data key as one holder can open it."""

    holder: Holder
    key_id: bytes
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """Which piece of which tip; a seal opens at this place and no other."""

    tip: str
    kind: Kind
    number: int = 0

    @property
    def name(self) -> str:
        return f"{self.tip}/{self.kind}/{self.number}"


@dataclass(frozen=True, slots=True)
class Envelope:
    """One sealed piece as it is kept.

    Shape:  the piece under its data key; the data key, per holder, in HPKE to the holder's public key and around that
            under the erasure key, without which nothing here can be read by anybody.
    Source: RFC 9180, base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305.
    """

    piece: Piece
    body: bytes
    keys: tuple[SealedKey, ...]

    def sealed_to(self, holder: Holder) -> SealedKey | None:
        """The data key as this holder has it, if the piece is sealed to one."""
        return next((key for key in self.keys if key.holder is holder), None)

    def document(self) -> dict[str, Any]:
        """As the store keeps it."""
        keys = [{"holder": key.holder.value, "key_id": key.key_id, "wrapped": key.wrapped} for key in self.keys]
        piece = self.piece
        return {"_id": piece.name, "tip": piece.tip, "number": piece.number, "body": self.body, "keys": keys}

    @classmethod
    def of(cls, document: dict[str, Any], kind: Kind) -> Self:
        keys = (SealedKey(Holder(key["holder"]), key["key_id"], key["wrapped"]) for key in document["keys"])
        return cls(Piece(document["tip"], kind, document["number"]), document["body"], tuple(keys))


def new_erasure_key() -> bytes:
    """What makes the seals of one tip readable, until it is destroyed."""
    return secrets.token_bytes(KEY_BYTES)


def seal(content: bytes, piece: Piece, to: Sequence[Recipient], *, erasure_key: bytes) -> Envelope:
    """The content as only the recipients can read it, and they only while the erasure key exists."""
    data_key = secrets.token_bytes(KEY_BYTES)
    body = ChaCha20Poly1305(data_key).encrypt(_ONLY_NONCE, _padded(content), _bound(piece))
    keys = tuple(_sealed_key(data_key, piece, recipient, erasure_key) for recipient in to)
    return Envelope(piece, body, keys)


def unseal(envelope: Envelope, private_key: X25519PrivateKey, *, erasure_key: bytes) -> bytes:
    """What was sealed. Raises: UnreadableSeal."""
    data_key = _opened(_for(envelope, private_key), envelope.piece, private_key, erasure_key)
    try:
        padded = ChaCha20Poly1305(data_key).decrypt(_ONLY_NONCE, envelope.body, _bound(envelope.piece))
    except InvalidTag:
        raise UnreadableSeal("the piece belongs elsewhere or was tampered with") from None
    return _unpadded(padded)


def resealed(envelope: Envelope, private_key: X25519PrivateKey, to: Recipient, *, erasure_key: bytes) -> Envelope:
    """The piece, sealed to another key of the same holder; its content is not opened. Raises: UnreadableSeal."""
    old = _for(envelope, private_key)
    data_key = _opened(old, envelope.piece, private_key, erasure_key)
    new = _sealed_key(data_key, envelope.piece, to, erasure_key)
    return replace(envelope, keys=tuple(new if key is old else key for key in envelope.keys))


def key_id_of(public_key: X25519PublicKey) -> bytes:
    """Tells which private key opens a seal."""
    return hashlib.sha256(public_key.public_bytes_raw()).digest()[:KEY_ID_BYTES]


def _for(envelope: Envelope, private_key: X25519PrivateKey) -> SealedKey:
    key_id = key_id_of(private_key.public_key())
    for key in envelope.keys:
        if key.key_id == key_id:
            return key
    raise UnreadableSeal("the piece is sealed to another key")


def _sealed_key(data_key: bytes, piece: Piece, to: Recipient, erasure_key: bytes) -> SealedKey:
    key_id = key_id_of(to.key)
    sealed = _SUITE.encrypt(data_key, to.key, info=_bound(piece, key_id))
    nonce = secrets.token_bytes(NONCE_BYTES)
    wrapped = nonce + ChaCha20Poly1305(erasure_key).encrypt(nonce, sealed, _bound(piece, key_id))
    return SealedKey(to.holder, key_id, wrapped)


def _opened(key: SealedKey, piece: Piece, private_key: X25519PrivateKey, erasure_key: bytes) -> bytes:
    bound = _bound(piece, key.key_id)
    nonce, wrapped = key.wrapped[:NONCE_BYTES], key.wrapped[NONCE_BYTES:]
    try:
        sealed = ChaCha20Poly1305(erasure_key).decrypt(nonce, wrapped, bound)
        return _SUITE.decrypt(sealed, private_key, info=bound)
    except InvalidTag:
        raise UnreadableSeal("the data key belongs elsewhere or was tampered with") from None


def _bound(piece: Piece, key_id: bytes = b"") -> bytes:
    # A seal moved to another place in the database does not open there.
    return b"\0".join((b"commune-pulse sealed 1", piece.name.encode(), key_id))


def _padded(content: bytes) -> bytes:
    """The content with its length ahead, up to the next power of two: lengths tell a class of size and no more."""
    told = len(content).to_bytes(LENGTH_BYTES, "big") + content
    return told.ljust(max(LEAST_BYTES, 1 << (len(told) - 1).bit_length()), b"\0")


def _unpadded(padded: bytes) -> bytes:
    length = int.from_bytes(padded[:LENGTH_BYTES], "big")
    return padded[LENGTH_BYTES : LENGTH_BYTES + length]
