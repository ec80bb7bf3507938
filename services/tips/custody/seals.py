"""Seals what comes in, with public keys alone; what is sealed here cannot be read again here."""

from typing import Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from services.tips.custody.envelope import Envelope, Holder, Kind, Piece, Recipient, new_erasure_key, seal
from services.tips.custody.keys import PublicKeys, read_public_key
from services.tips.custody.reporter import Reporter
from services.tips.custody.vault import Scope, SealedReport
from services.tips.settings import TipsSettings


class Seals:
    """Seals content to the commune and identities to the custodian."""

    def __init__(self, communes: PublicKeys, custodian: X25519PublicKey) -> None:
        self.communes = communes
        self._custodian = Recipient(Holder.CUSTODIAN, custodian)

    @classmethod
    def of(cls, settings: TipsSettings) -> Self:
        """Raises: ValueError for a key file that holds no usable key."""
        custodian = read_public_key(settings.sealing_public_key_file)
        return cls(PublicKeys.from_directory(settings.commune_keys_dir), custodian)

    def report(self, tip: str, unit: str, text: str, reporter: Reporter | None = None) -> SealedReport:
        """The seals of a new tip. Without text or reporter there is nothing to seal, and no key to destroy."""
        keys: dict[Scope, bytes] = {}
        envelopes: list[Envelope] = []
        if text:
            keys[Scope.CONTENT] = new_erasure_key()
            piece = Piece(tip, Kind.CONTENT)
            envelopes.append(seal(text.encode(), piece, [self.commune(unit)], erasure_key=keys[Scope.CONTENT]))
        if reporter is not None:
            keys[Scope.IDENTITY] = new_erasure_key()
            piece = Piece(tip, Kind.IDENTITY)
            envelopes.append(self._identity(reporter, piece, erasure_key=keys[Scope.IDENTITY]))
        return SealedReport(tip, keys, envelopes)

    def commune(self, unit: str) -> Recipient:
        """Whoever reads what is told about this unit."""
        return Recipient(Holder.COMMUNE, self.communes.of(unit))

    def _identity(self, reporter: Reporter, piece: Piece, *, erasure_key: bytes) -> Envelope:
        return seal(reporter.encoded(), piece, [self._custodian], erasure_key=erasure_key)


def sealed_addition(
    content: bytes, piece: Piece, commune: X25519PublicKey, *, reader: X25519PublicKey, erasure_key: bytes
) -> Envelope:
    """A later piece of a tip, for its commune and for whoever holds the receipt."""
    to = [Recipient(Holder.COMMUNE, commune), Recipient(Holder.REPORTER, reader)]
    return seal(content, piece, to, erasure_key=erasure_key)
