"""Destroys what is sealed of a tip and of those merged into it; owns no rule of retention, and touches no figure.

Each tip is one transaction: its seals, its erasure keys, the note of it and the entry in the audit log. Tips that stand
for it may not change meanwhile, so that no hold and no taking back of a merge comes in between.
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from services.tips.cases import Cases
from services.tips.custody.audit import Action, Deed
from services.tips.custody.audit_log import AuditLog
from services.tips.custody.vault import Scope, Vault
from services.tips.domain import Tip
from services.tips.domain.retention import erasable_from
from shared.errors import ConcurrentChange, NotFound, TransitionNotAllowed
from shared.security import Principal, Role
from shared.service import ServiceRuntime
from shared.work import Work, Write

RETENTION: Final = Principal("retention", Role.ADMINISTRATOR, frozenset())
"""Who stands in the audit log for what the rules do: nobody, within no unit."""
AT_ONCE: Final = 50  # copies of one tip between two looks at clocks: a flood leaves thousands

Allow = Callable[[Tip], None]
"""Raises unless what is sealed of the tip, which stands on its own, may be destroyed."""


class CopiesLeft(Exception):
    """A report was merged into the tip since those merged into it were shredded."""


@dataclass(frozen=True, slots=True)
class Shredder:
    """Shreds tips of this service."""

    tips: Cases
    vault: Vault
    audit: AuditLog

    async def shred(
        self,
        tip: Tip,
        scopes: tuple[Scope, ...],
        deed: Deed,
        *,
        allow: Allow,
        work: Work,
        shredded: Collection[str] = (),
    ) -> Tip:
        """The tip, of which nothing sealed in these scopes can be read any more.

        Shape:  `shredded` names what is merged into it and went before.
        Raises: what `allow` raises; ConcurrentChange if it was merged or taken apart in between; CopiesLeft.
        """

        async def make() -> tuple[Tip, tuple[Write, ...]]:
            before = await self.tips.find_anywhere(tip.id)
            if before is None:
                raise NotFound(f"There is no tip {tip.id}.")
            if before.merged_into != tip.merged_into:
                raise ConcurrentChange("Somebody else merged the tip or took it apart in between; try again.")
            if before.merged_into is None:  # the version that was read is fenced: what is merged later fails
                left = [copy for copy in await self.tips.copies_of(before) if copy.erased_at is None]
                if any(copy.id not in shredded for copy in left):
                    raise CopiesLeft
            above = await self.tips.standing_for(before)
            allow(above[-1] if above else before)
            whole = set(scopes) == set(Scope)
            noted = self.tips.fencing(before)
            after = before
            if whole:
                after, _ = before.erase(at=work.clock.now())
                noted = self.tips.replacing(before, after)
            return after, (noted, *map(self.tips.fencing, above), self.vault.shredding(tip.id, scopes))

        return await self.audit.commit_made(work, deed, make)


class Eraser:
    """Erases what the rules of retention keep no longer."""

    def __init__(self, shredder: Shredder, runtime: ServiceRuntime) -> None:
        self._shredder = shredder
        self._runtime = runtime

    async def erase(self, tip: Tip) -> None:
        """Erase the tip after those merged into it, of which a call erases a handful: the next look goes on.

        Raises: ConcurrentChange if somebody changed the tip, or held it, in between.
        """
        copies = [copy for copy in await self._shredder.tips.copies_of(tip) if copy.erased_at is None]
        for each in [*copies, tip][:AT_ONCE]:
            deed = Deed(Action.SHREDDED, RETENTION.subject, "system", each.id, "content+identity retention")
            work = self._runtime.work(RETENTION, None)
            with suppress(CopiesLeft):  # of which the next look finds more
                await self._shredder.shred(each, tuple(Scope), deed, allow=self._is_due, work=work)

    def _is_due(self, tip: Tip) -> None:
        due_at = erasable_from(tip)
        if due_at is None or due_at > self._runtime.clock.now():
            raise ConcurrentChange("The tip has to be kept by now.")


def not_held(tip: Tip) -> None:
    """Raises: TransitionNotAllowed while it is held."""
    if tip.held:
        raise TransitionNotAllowed("This tip is held: what is sealed of it has to be kept.")
