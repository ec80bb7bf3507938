"""Destroys what is sealed of a tip once the rules of retention say so; owns no rule, and touches no figure."""

from typing import Final

from services.tips.cases import Cases
from services.tips.custody.audit import Action, Deed
from services.tips.custody.audit_log import AuditLog
from services.tips.custody.vault import Vault
from services.tips.domain import Tip
from shared.security import Principal, Role
from shared.service import ServiceRuntime

RETENTION: Final = Principal("retention", Role.ADMINISTRATOR, frozenset())
"""Who stands in the audit log for what the rules do: nobody, within no unit."""


class Eraser:
    """Erases one tip at a time: seals, erasure keys, the note of it and the entry in the audit log together."""

    def __init__(self, cases: Cases, vault: Vault, audit: AuditLog, runtime: ServiceRuntime) -> None:
        self._cases = cases
        self._vault = vault
        self._audit = audit
        self._runtime = runtime

    async def erase(self, before: Tip) -> None:
        """Raises: ConcurrentChange if somebody changed the tip, or held it, in between."""
        after, _ = before.erase(at=self._runtime.clock.now())
        deed = Deed(Action.SHREDDED, RETENTION.subject, "system", before.id, "content+identity retention")
        writes = (self._cases.replacing(before, after), self._vault.shredding(before.id))
        await self._audit.commit(self._runtime.work(RETENTION, None), deed, after, *writes)
