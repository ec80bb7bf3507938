"""Opens sealed pieces with the private keys at hand; writes nothing, and decides nobody's right to read."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from services.tips.custody.envelope import Envelope, Holder, Kind, Piece, UnreadableSeal, unseal
from services.tips.custody.keys import PrivateKeys
from services.tips.custody.vault import Scope, Shredded, Vault
from shared.errors import DomainError
from shared.store.client import Document


class SealedElsewhere(DomainError):
    """The piece is sealed to a key that this desk does not hold."""

    status = 409
    code = "sealed-elsewhere"
    title = "Sealed to a key that is not here"


class Opener:
    """Reads what is sealed to the keys of one holder."""

    def __init__(self, vault: Vault, keys: PrivateKeys, holder: Holder = Holder.COMMUNE) -> None:
        self.vault = vault
        self._keys = keys
        self._holder = holder

    async def read(self, piece: Piece) -> bytes | None:
        """What was sealed; None if nothing was. Raises: Shredded, SealedElsewhere."""
        envelope = await self.vault.find(piece)
        if envelope is None:
            return None
        key = await self.erasure_key(piece.tip, Scope.of(piece.kind))
        return self.opened(envelope, key)

    async def read_all(self, tip: str, kind: Kind, documents: Sequence[Document]) -> list[bytes]:
        """What was sealed in each of the documents. Raises: Shredded, SealedElsewhere."""
        if not documents:
            return []
        key = await self.erasure_key(tip, Scope.of(kind))
        return [self.opened(Envelope.of(document, kind), key) for document in documents]

    async def erasure_key(self, tip: str, scope: Scope) -> bytes:
        """Raises: Shredded once it is destroyed."""
        key = await self.vault.erasure_key(tip, scope)
        if key is None:
            raise Shredded("What this tip told was destroyed for good.")
        return key

    def opened(self, envelope: Envelope, erasure_key: bytes) -> bytes:
        """What was sealed in the envelope. Raises: SealedElsewhere."""
        try:
            return unseal(envelope, self.private_key(envelope), erasure_key=erasure_key)
        except UnreadableSeal as error:
            raise SealedElsewhere(
                f"This cannot be read here: {error}. The desk that holds the key can seal it anew."
            ) from None

    def private_key(self, envelope: Envelope) -> X25519PrivateKey:
        """The key at hand that opens the envelope. Raises: UnreadableSeal."""
        key = envelope.sealed_to(self._holder)
        if key is None:
            raise UnreadableSeal(f"it is not sealed to the {self._holder}")
        return self._keys.find(key.key_id)
