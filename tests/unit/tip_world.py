"""Tips for tests of the domain: one as it comes in, every step by name, and the way to every state."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from services.tips.domain import Authority, Tip, TipStatus
from services.tips.domain.timekeeping import follow
from shared.contracts.base import Event
from shared.contracts.tips import TipCategory, TipChannel, TipSource, TipStream, TipValue

NOW = datetime(2026, 11, 23, 8, 7, 31, 123456, tzinfo=UTC)
QUARTER_S = 900
UNIT = "00070"
OTHER_UNIT = "00004"
S = TipStatus
Change = Callable[[Tip, datetime], tuple[Tip, Sequence[Event]]]


def submitted(**changes: Any) -> tuple[Tip, list[Event]]:
    """A crime report of a member of the force, and its first event; without clocks."""
    report = {
        "stream": TipStream.CRIME_REPORT,
        "source": TipSource.FORCE_MEMBER,
        "channel": TipChannel.WEB,
        "category": TipCategory.THEFT,
        "residential_group": None,
        "happened_at": None,
    }
    made = {"id": "tip-1", "unit": UNIT, "received_at": NOW, "anonymous_step_s": QUARTER_S, **report, **changes}
    tip, events = Tip.submit(**made)
    return tip, list(events)


def on_the_clock(now: datetime = NOW, **changes: Any) -> tuple[Tip, list[Event]]:
    """The same with its clocks running."""
    tip, events = follow(*submitted(received_at=now, **changes), now=now)
    return tip, list(events)


STEPS: dict[str, Change] = {
    "register": lambda tip, at: tip.register(at=at),
    "start_verification": lambda tip, at: tip.start_verification(at=at),
    "verify": lambda tip, at: tip.verify(at=at),
    "refute": lambda tip, at: tip.refute(at=at),
    "find_inconclusive": lambda tip, at: tip.find_inconclusive(at=at),
    "transfer": lambda tip, at: tip.transfer(Authority.INVESTIGATING_BODY, at=at),
    "resolve": lambda tip, at: tip.resolve(at=at),
    "suspend": lambda tip, at: tip.suspend(at=at),
    "resume": lambda tip, at: tip.resume(at=at),
    "close": lambda tip, at: tip.close(at=at),
    "reopen": lambda tip, at: tip.reopen(at=at),
    "void": lambda tip, at: tip.void(at=at),
}
OTHER_CHANGES: dict[str, Change] = {
    "judge valuable": lambda tip, at: tip.assess(TipValue.VALUABLE, at=at),
    "take the judgement back": lambda tip, at: tip.assess(TipValue.UNASSESSED, at=at),
    "correct the category": lambda tip, at: tip.correct(at=at, category=TipCategory.FRAUD),
    "call it security information": lambda tip, at: tip.correct(at=at, stream=TipStream.SECURITY_INFORMATION),
    "call it a crime report": lambda tip, at: tip.correct(at=at, stream=TipStream.CRIME_REPORT),
    "call it urgent": lambda tip, at: tip.correct(at=at, urgent=True),
    "call it a call": lambda tip, at: tip.correct(at=at, channel=TipChannel.HOTLINE),
    "relocate": lambda tip, at: tip.relocate(OTHER_UNIT, residential_group=None, at=at),
    "relocate back": lambda tip, at: tip.relocate(UNIT, residential_group="tdp-7", at=at),
    "hand to another commune": lambda tip, at: tip.transfer_to(OTHER_UNIT, at=at),
    "assign": lambda tip, at: tip.assign("an-officer", at=at),
    "extend": lambda tip, at: tip.extend(at=at),
    "merge": lambda tip, at: tip.merge(submitted(id="tip-2", stream=tip.stream)[0], at=at),
    "unmerge": lambda tip, at: tip.unmerge(at=at),
}

# What leads from a report to each state, in both streams alike but for the suspension.
WAYS: dict[TipStatus, list[str]] = {
    S.RECEIVED: [],
    S.REGISTERED: ["register"],
    S.VERIFYING: ["register", "start_verification"],
    S.VERIFIED: ["register", "start_verification", "verify"],
    S.REFUTED: ["register", "start_verification", "refute"],
    S.INCONCLUSIVE: ["register", "start_verification", "find_inconclusive"],
    S.SUSPENDED: ["register", "start_verification", "suspend"],
    S.TRANSFERRED: ["register", "transfer"],
    S.RESOLVED: ["register", "start_verification", "verify", "resolve"],
    S.CLOSED: ["register", "start_verification", "refute", "close"],
    S.VOIDED: ["void"],
}


def tip_in(status: TipStatus, **changes: Any) -> Tip:
    """A tip in this state."""
    tip, _ = submitted(**changes)
    for name in WAYS[status]:
        tip, _ = STEPS[name](tip, NOW)
    return tip
