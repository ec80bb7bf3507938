"""Signed tickets: work to be done, and turns to be waited for; pure, time and randomness come in, nothing is kept.

A ticket says all that is needed to check it, so that any replica with the same key can, and nobody is remembered.
"""

import hashlib
import hmac
from dataclasses import dataclass
from itertools import count
from typing import Final, Literal, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Kind = Literal["work", "turn"]

GOOD_FOR_S: Final = 600  # time enough to work, to wait, and to read the page again
MAC_HEX: Final = 32
NONCE_HEX: Final = 32
LONGEST: Final = 200


class UnusableTicket(Exception):
    """The ticket was not made here, has run out, or the work is not done."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What somebody was asked for.

    Units: whole seconds of the wall clock. `bits`: how many zero bits solved work begins with, 0 for a turn.
    """

    kind: Kind
    from_s: int
    until_s: int
    bits: int
    nonce: str

    def signed(self, key: bytes) -> str:
        """The ticket as it is handed out: `kind.from.until.bits.nonce.mac`."""
        return f"{self._told()}.{self._mac(key)}"

    @classmethod
    def read(cls, text: str, key: bytes, *, now_s: float) -> Self:
        """The ticket that was handed out as this text. Raises: UnusableTicket."""
        parts = text.split(".") if len(text) <= LONGEST and text.isascii() else []
        if len(parts) != 6 or parts[0] not in ("work", "turn") or not all(part.isdigit() for part in parts[1:4]):
            raise UnusableTicket("this is no ticket")
        ticket = cls(parts[0], int(parts[1]), int(parts[2]), int(parts[3]), parts[4])  # type: ignore[arg-type]
        if not hmac.compare_digest(ticket._mac(key), parts[5]):
            raise UnusableTicket("this ticket was not made here")
        if now_s >= ticket.until_s:
            raise UnusableTicket("this ticket has run out")
        return ticket

    def _told(self) -> str:
        return f"{self.kind}.{self.from_s}.{self.until_s}.{self.bits}.{self.nonce}"

    def _mac(self, key: bytes) -> str:
        return hmac.digest(key, self._told().encode(), "sha256").hex()[:MAC_HEX]


def read_proof(proof: str, key: bytes, *, now_s: float) -> Ticket:
    """The ticket behind a proof: work as `ticket:solution`, a turn as it is. Raises: UnusableTicket."""
    text, _, solution = proof.partition(":")
    ticket = Ticket.read(text, key, now_s=now_s)
    if ticket.kind == "work" and not solves(text, solution, ticket.bits):
        raise UnusableTicket("the work is not done")
    return ticket


def solves(challenge: str, solution: str, bits: int) -> bool:
    """Whether SHA-256 of `challenge:solution` begins with so many zero bits."""
    if len(solution) > LONGEST:
        return False
    digest = hashlib.sha256(f"{challenge}:{solution}".encode()).digest()
    return int.from_bytes(digest, "big") >> (256 - bits) == 0


def solve(challenge: str, bits: int) -> str:
    """A proof of work, after 2^bits hashes on average."""
    return next(f"{challenge}:{number}" for number in count() if solves(challenge, str(number), bits))


def derived_key(secret: bytes, purpose: bytes) -> bytes:
    """A key for one purpose alone."""
    return HKDF(SHA256(), 32, None, b"commune-pulse " + purpose).derive(secret)
