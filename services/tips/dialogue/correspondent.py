"""How a tip's reporter is reached: with a key that only the receipt gives back; knows no name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from services.tips.attachments.picture import MAX_OF_A_TIP
from services.tips.custody.envelope import Envelope, Kind, Piece
from services.tips.custody.keys import PublicKeys
from services.tips.custody.seals import sealed_addition
from services.tips.custody.vault import UNREAD
from services.tips.dialogue.message import MAX_MESSAGES, Author
from shared.clock import floored
from shared.errors import TransitionNotAllowed

MOST: Final[Mapping[Kind, int]] = {Kind.MESSAGE: MAX_MESSAGES, Kind.ATTACHMENT: MAX_OF_A_TIP}


@dataclass(frozen=True, slots=True)
class Correspondent:
    """A tip with the key that its reporter reads with. An unknown receipt has one too, which leads nowhere."""

    tip: str
    unit: str
    time_step_s: int
    reading_key: X25519PublicKey
    known: bool = True

    def sealed(self, kind: Kind, number: int, content: bytes, communes: PublicKeys, *, erasure_key: bytes) -> Envelope:
        """A piece readable to the commune and to whoever holds the receipt. Raises: TransitionNotAllowed if full."""
        if number >= MOST[kind]:
            raise TransitionNotAllowed(f"This tip has {MOST[kind]} {kind}s and takes no more.")
        piece = Piece(self.tip, kind, number)
        return sealed_addition(content, piece, communes.of(self.unit), reader=self.reading_key, erasure_key=erasure_key)

    def noted(self, author: Author, at: datetime) -> dict[str, object]:
        """What stands beside the seal: whose it is, when it came as coarsely as the tip tells, who has to read it."""
        if author is Author.OFFICER:
            return {"author": author.value, "sent_at": at}
        return {"author": author.value, "sent_at": floored(at, self.time_step_s), UNREAD: self.unit}
