"""What is sealed is destroyed when the rules say so, with a note in the audit log, and figures notice nothing."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.tips.clockwork import Clockwork
from services.tips.custody.audit_log import AuditLog
from services.tips.custody.vault import Scope
from services.tips.erasing import Eraser, Shredder
from shared.clock import FixedClock
from shared.contracts.topics import TIPS, TIPS_AUDIT
from shared.outbox.entries import Outbox
from shared.security import Role
from tests.integration.tips_rig import UNIT, TipsRig

CLOSED = datetime.fromisoformat("2026-03-02T09:00:00+07:00")
TWO_YEARS = timedelta(days=740)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(CLOSED)


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[TipsRig]:
    async with TipsRig.running(store_uri, tmp_path, clock=clock) as rig:
        yield rig


async def clockwork_of(rig: TipsRig, clock: FixedClock) -> tuple[Clockwork, AuditLog]:
    """The clockwork with what erases, as the service puts them together."""
    outbox = Outbox(rig.runtime.store, clock=clock, topics=(TIPS, TIPS_AUDIT))
    await outbox.open()
    runtime = replace(rig.runtime, outbox=outbox)
    kept, audit = rig.app.state.parts.repositories, AuditLog(runtime.store, unit="01")
    eraser = Eraser(Shredder(kept.tips, kept.vault, audit), runtime)
    return Clockwork(kept.tips, runtime.outbox, clock=clock, erase=eraser.erase), audit


async def closed(rig: TipsRig) -> str:
    """A closed case with a sealed text."""
    told = {"stream": "security_information", "source": "force_member"}
    tip = str((await rig.submit(headers=rig.officer, **told)).json()["id"])
    for step in ("registration", "closing"):
        assert (await rig.step(tip, step)).status_code == 200
    return tip


async def test_a_case_that_was_closed_long_ago_is_erased_and_counts_on(rig: TipsRig, clock: FixedClock) -> None:
    tip, vault = await closed(rig), rig.app.state.parts.repositories.vault
    clockwork, audit = await clockwork_of(rig, clock)
    before = await rig.journal()

    early = await clockwork.look()
    clock.advance(TWO_YEARS)
    late, again = await clockwork.look(), await clockwork.look()

    assert (early, late, again) == (0, 1, 0)
    assert [await vault.erasure_key(tip, scope) for scope in Scope] == [None, None]
    assert await rig.journal() == before
    shown = (await rig.client.get(f"/v1/tips/{tip}", headers=rig.officer)).json()
    assert (shown["status"], shown["erased_at"] is None) == ("closed", False)
    (entry,) = [entry async for entry in audit.entries()]
    assert (entry.deed.action, entry.deed.actor, entry.deed.tip) == ("shredded", "retention", tip)


async def test_a_legal_hold_stops_it_until_it_is_released(rig: TipsRig, clock: FixedClock) -> None:
    tip, vault = await closed(rig), rig.app.state.parts.repositories.vault
    administrator = rig.mint.headers(Role.ADMINISTRATOR, UNIT)
    clockwork, _ = await clockwork_of(rig, clock)

    by_officer = await rig.step(tip, "hold", {"reason": "lệnh 7"})
    held = await rig.post(f"/v1/tips/{tip}/hold", {"reason": "lệnh 7"}, headers=administrator)
    clock.advance(TWO_YEARS)
    while_held = await clockwork.look()
    released = await rig.post(f"/v1/tips/{tip}/hold-release", headers=administrator)
    key_then = await vault.erasure_key(tip, Scope.CONTENT)
    afterwards = await clockwork.look()

    assert [answer.status_code for answer in (by_officer, held, released)] == [403, 200, 200]
    assert "pulse-position" not in held.headers
    assert (while_held, key_then is not None, afterwards) == (0, True, 1)
    assert await vault.erasure_key(tip, Scope.CONTENT) is None


async def told_again(rig: TipsRig, into: str) -> str:
    """The same report once more, merged into the first."""
    told = {"stream": "security_information", "source": "force_member"}
    copy = str((await rig.submit(headers=rig.officer, **told)).json()["id"])
    assert (await rig.step(copy, "merge", {"into": into})).status_code == 200
    return copy


async def test_what_is_merged_into_a_case_is_erased_before_it_a_handful_at_a_time(
    rig: TipsRig, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tip, vault = await closed(rig), rig.app.state.parts.repositories.vault
    copies = [await told_again(rig, tip) for _ in range(3)]
    monkeypatch.setattr("services.tips.erasing.AT_ONCE", 2)
    clockwork, audit = await clockwork_of(rig, clock)
    clock.advance(TWO_YEARS)

    looks = [await clockwork.look() for _ in range(3)]

    assert looks == [1, 1, 0]
    assert [await vault.erasure_key(each, scope) for each in (tip, *copies) for scope in Scope] == [None] * 8
    assert [entry.deed.tip async for entry in audit.entries()] == [*sorted(copies), tip]


async def test_copies_whose_own_time_has_passed_keep_no_clock_waiting(
    rig: TipsRig, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.tips.clockwork.AT_ONCE", 2)
    told = {"stream": "security_information", "source": "force_member"}
    first = (await rig.submit(headers=rig.officer, **told)).json()["id"]
    copies = [await closed(rig) for _ in range(2)]
    for copy in copies:
        assert (await rig.step(copy, "merge", {"into": first})).status_code == 200
    clockwork, _ = await clockwork_of(rig, clock)
    wakes = rig.runtime.store.collection("tip_wakes")
    for copy in copies:  # as an earlier version left them
        await wakes.insert_one({"_id": copy, "at": CLOSED})
    clock.advance(TWO_YEARS)
    late = (await rig.submit(headers=rig.officer, source="force_member")).json()["id"]
    clock.advance(timedelta(days=60))

    looks = [await clockwork.look() for _ in range(3)]

    assert sum(looks) == 1
    shown = (await rig.client.get(f"/v1/tips/{late}", headers=rig.officer)).json()
    assert {each["name"]: each["state"] for each in shown["clocks"]}["art_147_decision"] == "missed"
    assert [await rig.app.state.parts.repositories.vault.erasure_key(each, Scope.CONTENT) for each in copies].count(
        None
    ) == 0
