"""Seals what officers write beside a step of a tip; opens nothing, and holds no private key."""

from dataclasses import dataclass

from services.tips.custody.envelope import Kind, Piece, seal
from services.tips.custody.note import LIMITED, MAX_NOTES, Note
from services.tips.custody.seals import Seals
from services.tips.custody.vault import Scope, Shredded, Vault
from services.tips.domain import Tip
from shared.errors import TransitionNotAllowed
from shared.work import Write


@dataclass(frozen=True, slots=True)
class Noting:
    """Takes notes under seal, for the commune alone."""

    seals: Seals
    vault: Vault

    async def writes(self, tip: Tip, note: Note) -> tuple[Write, ...]:
        """What keeps the note, to be committed with a new version of the tip: that holds back a shredding in between.

        Raises: Shredded; TransitionNotAllowed for one more beside a step when the tip has too many.
        """
        if tip.erased_at is not None:
            raise Shredded("What this tip told was destroyed for good, and nothing can be noted on it.")
        number = await self.vault.count(tip.id, Kind.NOTE)
        if number >= MAX_NOTES and note.occasion in LIMITED:
            raise TransitionNotAllowed(f"This tip has {MAX_NOTES} notes and takes no more.")
        key, first = await self.vault.key_or_new(tip.id, Scope.CONTENT)
        envelope = seal(
            note.encoded(), Piece(tip.id, Kind.NOTE, number), [self.seals.commune(tip.unit)], erasure_key=key
        )
        return (*first, self.vault.adding(envelope, {}))
