"""First answers by idempotency key, for a time that is told; holds neither key, request nor answer in clear."""

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.errors import DomainError, IdempotencyInProgress, IdempotencyKeyReused
from shared.store.client import DuplicateKey, Session, Store

KEPT: Final = timedelta(days=7)
NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An HTTP answer as it was first given."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class IdempotencyKeys:
    """The answers already given, per scope (the operation, and the caller where there is one).

    The answer and the fingerprint of the request are sealed with a key derived from the idempotency key, of which only
    a digest is stored: a stolen database tells neither a receipt nor whether a guessed request was made.
    """

    def __init__(self, store: Store, collection: str = "idempotency_keys", *, kept: timedelta = KEPT) -> None:
        self._answers = store.collection(collection)
        self._kept = kept

    async def open(self) -> None:
        await self._answers.create_index("at", expireAfterSeconds=int(self._kept.total_seconds()))

    async def lookup(self, scope: str, key: str, body_digest: bytes) -> StoredAnswer | None:
        """The first answer to this key, or None when the key is new.

        Raises: IdempotencyKeyReused when the key came with another body.
        """
        document = await self._answers.find_one({"_id": _name(scope, key)})
        if document is None:
            return None
        secret = _secret(key, document["salt"])
        if not hmac.compare_digest(document["fingerprint"], _fingerprint(secret, body_digest)):
            raise IdempotencyKeyReused("This idempotency key was used with another request body.")
        return _unseal(secret, document["answer"])

    async def remember(self, session: Session, scope: str, key: str, body_digest: bytes, answer: StoredAnswer) -> None:
        """Keep the answer, in the transaction that does what it tells.

        Raises: IdempotencyInProgress when a twin of this request came first.
        """
        salt = secrets.token_bytes(16)
        secret = _secret(key, salt)
        document = {
            "_id": _name(scope, key),
            "salt": salt,
            "fingerprint": _fingerprint(secret, body_digest),
            "answer": _seal(secret, answer),
            "at": datetime.now(UTC),  # for expiry alone, which the store judges by the wall clock as well
        }
        try:
            await self._answers.insert_one(document, session=session)
        except DuplicateKey:
            raise IdempotencyInProgress("A request with this idempotency key is being answered.") from None

    async def answer_once(
        self, scope: str, key: str, body_digest: bytes, perform: Callable[[], Awaitable[StoredAnswer]]
    ) -> StoredAnswer:
        """The first answer to this key, by `perform` if it is new; `perform` must `remember` in its transaction.

        Raises: IdempotencyKeyReused; IdempotencyInProgress; what `perform` raises.
        """
        if first := await self.lookup(scope, key, body_digest):
            return first
        try:
            return await perform()
        except DomainError:
            # A twin came first; or the store died over a commit, took it for lost, and the second run met the first.
            if first := await self.lookup(scope, key, body_digest):
                return first
            raise


def body_digest(body: bytes) -> bytes:
    """What tells one request body from another."""
    return hashlib.sha256(body).digest()


def _name(scope: str, key: str) -> str:
    return hashlib.sha256(b"\0".join((scope.encode(), key.encode()))).hexdigest()


def _secret(key: str, salt: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, b"commune-pulse idempotent answer").derive(key.encode())


def _fingerprint(secret: bytes, digest: bytes) -> bytes:
    return hmac.digest(secret, digest, "sha256")


def _seal(secret: bytes, answer: StoredAnswer) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    plain = orjson.dumps({**asdict(answer), "body": answer.body.hex()})
    return nonce + AESGCM(secret).encrypt(nonce, plain, None)


def _unseal(secret: bytes, sealed: bytes) -> StoredAnswer:
    try:
        plain = orjson.loads(AESGCM(secret).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None))
    except InvalidTag:
        raise IdempotencyKeyReused("The answer to this idempotency key cannot be read again.") from None
    return StoredAnswer(plain["status"], bytes.fromhex(plain["body"]), plain["headers"])
