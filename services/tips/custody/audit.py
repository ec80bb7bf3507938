"""The chain of who did what with sealed things: each entry holds the hash of the one before. Pure."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Self

import orjson

from shared.contracts.audit import AuditEntryAppended, AuditHead

NO_HASH: Final = "0" * 64


class Action(StrEnum):
    """What was done."""

    CONTENT_READ = "content_read"
    DIALOGUE_READ = "dialogue_read"
    MESSAGE_SENT = "message_sent"
    ATTACHMENT_READ = "attachment_read"
    NOTES_READ = "notes_read"
    SEARCHED = "searched"
    IDENTITY_REASON_READ = "identity_reason_read"
    IDENTITY_REQUESTED = "identity_requested"
    IDENTITY_APPROVED = "identity_approved"
    IDENTITY_REFUSED = "identity_refused"
    IDENTITY_OPENED = "identity_opened"
    SHREDDED = "shredded"
    REKEYED = "rekeyed"


@dataclass(frozen=True, slots=True)
class Deed:
    """What is to be written down: who did what, with which tip, and under which request if one was needed."""

    action: Action
    actor: str
    role: str
    tip: str | None = None
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the chain."""

    seq: int
    at: datetime
    deed: Deed
    previous: str
    hash: str

    @classmethod
    def after(cls, head: "Head", deed: Deed, *, at: datetime) -> Self:
        """The entry that follows this head."""
        seq = head.seq + 1
        return cls(seq, at, deed, head.hash, _hash(seq, at, deed, head.hash))

    @property
    def intact(self) -> bool:
        """Whether the entry is what its hash says."""
        return self.hash == _hash(self.seq, self.at, self.deed, self.previous)

    def event(self, unit: str) -> AuditEntryAppended:
        """What is published of it: nothing but the head that it makes."""
        return AuditEntryAppended(
            time=self.at, subject=f"audit-{self.seq}", partitionkey=unit, data=AuditHead(seq=self.seq, hash=self.hash)
        )


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends: how many entries it has, and the hash of the last."""

    seq: int = 0
    hash: str = NO_HASH

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    @classmethod
    def read(cls, text: str) -> Self:
        """A head as it is written. Raises: ValueError."""
        seq, _, hash = text.strip().partition(":")
        if not seq.isdecimal() or len(hash) != len(NO_HASH):
            raise ValueError(f"{text!r} is not a head such as 17:{NO_HASH}")
        return cls(int(seq), hash)


def fault(entries: Iterable[Entry], published: Iterable[Head] = ()) -> str | None:
    """What is wrong with the whole chain, or with it beside heads that were published; None if nothing is."""
    head = Head()
    expected: dict[int, set[str]] = {}
    for each in published:
        expected.setdefault(each.seq, set()).add(each.hash)
    for entry in entries:
        if entry.seq != head.seq + 1:
            return f"entry {head.seq + 1} is missing"
        if entry.previous != head.hash or not entry.intact:
            return f"entry {entry.seq} was altered"
        if expected.get(entry.seq, set()) - {entry.hash}:
            return f"entry {entry.seq} is not the one that was published"
        head = Head(entry.seq, entry.hash)
    beyond = max(expected, default=0)
    return f"the chain ends at {head.seq}, and {beyond} was published" if beyond > head.seq else None


def _hash(seq: int, at: datetime, deed: Deed, previous: str) -> str:
    told = {"seq": seq, "at": at.isoformat(timespec="microseconds"), **asdict(deed), "previous": previous}
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()
