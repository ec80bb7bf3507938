"""Seals the reasons that earlier releases kept in clear; owns nothing else, and has nothing to do from then on."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from services.tips.cases import Cases
from services.tips.custody.note import Note, Occasion
from services.tips.custody.noting import Noting
from services.tips.domain import Tip
from shared.clock import floored
from shared.errors import ConcurrentChange
from shared.outbox.entries import Outbox
from shared.work import together

NOBODY_NOTED: Final = "?"
"""Earlier releases did not keep who gave a reason."""


async def seal_former_reasons(tips: Cases, noting: Noting, outbox: Outbox) -> int:
    """How many tips told a reason in clear, and do so no more; safe to repeat, and to run twice at once."""
    found = await tips.with_reasons_in_clear()
    for tip, reasons in found:
        try:
            await _seal(tip, reasons, tips, noting, outbox)
        except ConcurrentChange:
            continue  # another process that starts was faster
    return len(found)


async def _seal(tip: Tip, reasons: Mapping[str, str], tips: Cases, noting: Noting, outbox: Outbox) -> None:
    for name, text in reasons.items():
        after = replace(tip, version=tip.version + 1)
        occasion = Occasion.VOIDING if name == "void_reason" else Occasion.HOLD
        at = floored(tip.voided_at or tip.occurred_at, tip.time_step_s)
        note = Note(tip.status, at, NOBODY_NOTED, text, occasion)
        # What was destroyed takes no seal: the reason goes as the rest went.
        sealed = await noting.writes(tip, note) if tip.erased_at is None else ()
        writes = (tips.replacing(tip, after), tips.dropping_reason(tip, name), *sealed)
        await outbox.commit([], together(writes))
        tip = after
