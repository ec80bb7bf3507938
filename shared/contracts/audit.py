"""The published heads of audit logs: how long a chain is and what it ends with; never what was done, or by whom."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import Event


class AuditHead(BaseModel):
    """The end of an audit log. Whoever has kept one can tell later whether the log still leads there."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    seq: int = Field(ge=1, description="The number of the entry; the first is 1, and none is left out.")
    hash: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 over the entry and the hash before it.")


class AuditEntryAppended(Event):
    """The audit log of access to tips grew by one entry."""

    source: ClassVar[str] = "/services/tips"

    type: Literal["audit_entry.appended.v1"] = "audit_entry.appended.v1"
    data: AuditHead


EVENTS: tuple[type[Event], ...] = (AuditEntryAppended,)
