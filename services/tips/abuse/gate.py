"""Lets in freely what comes without a token, within the budget, and after work or waiting above it; knows no caller."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, Final

from services.tips.abuse.budget import SHORTEST_TURN_S, Budget
from services.tips.abuse.tickets import GOOD_FOR_S, NONCE_HEX, Ticket, UnusableTicket, read_proof
from shared.clock import Clock
from shared.errors import DomainError
from shared.store.client import DuplicateKey, Session, Store
from shared.telemetry.metrics import TIP_PROOFS_WANTED
from shared.work import Write

FORGOTTEN_AFTER_S: Final = 60  # beyond the end of a ticket, for clocks that differ


class ProofWanted(DomainError):
    """More comes in than is taken freely; this is taken once it comes with proof."""

    status = 429
    code = "proof-wanted"
    title = "Very much comes in at the moment"
    headers: ClassVar[Mapping[str, str]] = {"retry-after": str(int(SHORTEST_TURN_S))}

    def __init__(self, *, challenge: str, bits: int, turn: str, wait_s: int) -> None:
        super().__init__(
            "Send the same again with the header Pulse-Proof: `challenge:n`, where n is a number for which SHA-256 "
            "of that text begins with `bits` zero bits; or, once `wait_s` seconds have passed, with `turn` in it.",
            challenge=challenge,
            bits=bits,
            turn=turn,
            wait_s=wait_s,
        )
        self.challenge, self.bits, self.turn, self.wait_s = challenge, bits, turn, wait_s


@dataclass(frozen=True, slots=True)
class Gate:
    """The budget of this process, and proof for what is above it.

    The budget belongs to the process, so that nothing has to be asked elsewhere: with n replicas it is n times as much.
    Proof is good at any replica, and once only: what is used up is kept in the store until it would have run out.
    """

    budget: Budget
    key: bytes = field(repr=False)
    clock: Clock
    spent: "SpentTickets"

    def admit(self, proof: str | None) -> Write | None:
        """What has to be written with the report for its proof to count once. Raises: ProofWanted."""
        now_s = self.clock.now().timestamp()
        early = None
        if proof:
            try:
                ticket = read_proof(proof, self.key, now_s=now_s)
            except UnusableTicket:
                pass  # what it would have been good for may be free by now
            else:
                if now_s >= ticket.from_s:
                    return self.spent.spending(ticket, lambda: self.wanted(now_s))
                early = ticket
        if self.budget.take(now_s):
            return None
        raise self.wanted(now_s, early)

    def wanted(self, now_s: float, turn: Ticket | None = None) -> ProofWanted:
        """What is asked for now; a turn that has not come yet stays as it is."""
        TIP_PROOFS_WANTED.inc()
        work = Ticket("work", int(now_s), int(now_s) + GOOD_FOR_S, self.budget.bits(), _nonce())
        if turn is None:
            from_s = int(self.budget.turn_s(now_s)) + 1
            turn = Ticket("turn", from_s, from_s + GOOD_FOR_S, 0, _nonce())
        return ProofWanted(
            challenge=work.signed(self.key),
            bits=work.bits,
            turn=turn.signed(self.key),
            wait_s=max(1, turn.from_s - int(now_s)),
        )


class SpentTickets:
    """Tickets that were used; of a ticket nothing leads to the report that it let in."""

    def __init__(self, store: Store) -> None:
        self._spent = store.collection("spent_tickets")

    async def open(self) -> None:
        """Make the index; safe to repeat."""
        await self._spent.create_index("until", expireAfterSeconds=FORGOTTEN_AFTER_S)

    def spending(self, ticket: Ticket, refusal: Callable[[], ProofWanted]) -> Write:
        """The write that uses the ticket up. Raises, when it runs: the refusal if it was used before."""
        document = {"_id": ticket.nonce, "until": datetime.fromtimestamp(ticket.until_s, UTC)}

        async def write(session: Session) -> None:
            try:
                await self._spent.insert_one(document, session=session)
            except DuplicateKey:
                raise refusal() from None

        return write


def _nonce() -> str:
    return secrets.token_hex(NONCE_HEX // 2)
