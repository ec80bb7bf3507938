"""Lets what is sealed follow tips that moved to another commune, so that it is read there; opens no piece itself.

A tip's move stands in the store from the transaction that moved it until everything followed, so a restart forgets
none. Every desk follows with the keys that it holds; what one does twice, or two at once, does no more than once.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.tips.custody.audit import Action, Deed
from services.tips.custody.audit_log import AuditLog
from services.tips.custody.envelope import Holder, Recipient
from services.tips.custody.identity_requests import IdentityRequests
from services.tips.custody.keys import PrivateKeys, PublicKeys
from services.tips.custody.rekeying import rekey
from services.tips.custody.vault import Scope
from services.tips.repository import Repositories
from shared.pausing import pause
from shared.security import Principal, Role
from shared.service import ServiceRuntime
from shared.store.client import StoreError

LOOK_S: Final = 5.0
LATE: Final = timedelta(minutes=1)
"""How long after a move a piece may still come in that was sealed to the former commune: no request takes longer."""
DESK: Final = Principal("desk", Role.ADMINISTRATOR, frozenset())
"""Who stands in the audit log for what the desk does by itself: nobody, within no unit."""

_log = structlog.get_logger(__name__)


class Following:
    """Lets follow what belongs to tips that moved: copies, unread marks, wishes to open names, and what is sealed."""

    def __init__(
        self,
        repositories: Repositories,
        wishes: IdentityRequests,
        *,
        keys: PrivateKeys,
        communes: PublicKeys,
        audit: AuditLog,
        runtime: ServiceRuntime,
    ) -> None:
        self._tips = repositories.tips
        self._vault = repositories.vault
        self._wishes = wishes
        self._keys = keys
        self._communes = communes
        self._audit = audit
        self._runtime = runtime
        self._followed_since: dict[tuple[str, int], datetime] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Look again and again until told to stop, whatever goes wrong in between."""
        while not stop.is_set():
            try:
                await self.look()
            except Exception as error:  # the store is away: the next look is in seconds
                _tell(error)
            await pause(LOOK_S, stop)

    async def look(self) -> None:
        """Follow every tip that moved, and forget those of which nothing late can come any more."""
        now, before = self._runtime.clock.now(), self._followed_since
        self._followed_since = {}
        async for id, version in self._tips.moves():
            try:
                followed = await self._follow(id)
            except StoreError:
                raise
            except Exception as error:  # one that cannot be followed must not keep the others waiting
                _tell(error)
                continue
            if followed:
                since = self._followed_since[id, version] = before.get((id, version), now)
                if now - since >= LATE:
                    await self._tips.settle(id, version)

    async def _follow(self, id: str) -> bool:
        """Whether everything of the tip is there; what is sealed to a key of another desk waits for that one."""
        tip = await self._tips.find_anywhere(id)
        if tip is None:
            return True
        recipient = Recipient(Holder.COMMUNE, self._communes.of(tip.unit))

        async def to(_: str) -> Recipient:
            return recipient

        for copy in await self._tips.copies_of(tip):
            if copy.unit != tip.unit:  # a move of its own from then on
                await self._runtime.outbox.commit([], self._tips.replacing(copy, copy.accompany(tip.unit)))
        await self._vault.accompany(id, tip.unit)
        for wish in await self._wishes.of_tip(id):
            if wish.unit != tip.unit:
                await self._runtime.outbox.commit([], self._wishes.replacing(wish, wish.follow(tip.unit)))
        done = await rekey(self._vault, self._keys, Holder.COMMUNE, Scope.CONTENT.kinds, to, tip=id)
        if done.resealed:
            deed = Deed(Action.REKEYED, DESK.subject, DESK.role.value, tip=id, about="moved")
            await self._audit.commit(self._runtime.work(DESK, None), deed, None)
        return done.out_of_reach == 0


def _tell(error: Exception) -> None:
    _log.warning("a moved tip could not be followed", error=type(error).__name__)
