"""Why officers void and hold a tip: sealed like what it tells, read at the desk, destroyed with it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from services.tips.custody import noting as noting_module
from services.tips.custody.vault import Scope, Vault
from shared.security import Role
from tests.integration.tips_desk_rig import DeskRig
from tests.integration.tips_rig import Json

WHY: Final = "Bà Tư Lành kể hai lần."
ORDER: Final = "Toà gọi bà Tư Lành."
SHREDDING: Final = {"reason": "QD-17/2026"}


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[DeskRig]:
    async with DeskRig.running(store_uri, tmp_path) as rig:
        yield rig


async def hold(rig: DeskRig, tip: str, does: str = "hold") -> Json:
    administrator = rig.intake.mint.headers(Role.ADMINISTRATOR, "01", subject="boss")
    answer = await rig.intake.post(
        f"/v1/tips/{tip}/{does}", {"reason": ORDER} if does == "hold" else None, headers=administrator
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def notes(rig: DeskRig, tip: str) -> list[tuple[str, str, str, str]]:
    items = (await rig.get(f"/v1/tips/{tip}/notes")).json()["items"]
    return [(each["occasion"], each["status"], each["by"], each["text"]) for each in items]


async def test_reasons_are_read_at_the_desk_alone_and_the_reading_is_written_down(rig: DeskRig) -> None:
    _, tip = await rig.submitted()

    held = await hold(rig, tip)
    voided = await rig.intake.step(tip, "voiding", {"reason": WHY})
    read = await notes(rig, tip)

    assert (voided.status_code, voided.json()["held"], held["held"]) == (200, True, True)
    assert read == [("hold", "received", "boss", ORDER), ("voiding", "voided", "officer", WHY)]
    shown = await rig.intake.client.get(f"/v1/tips/{tip}", headers=rig.officer)
    for text in (str(held), voided.text, shown.text, str(await rig.intake.journal())):
        assert "Lành" not in text
    stored = rig.intake.everything_stored()
    assert [each for each in (WHY, ORDER) if each.encode() in stored] == []
    (entry,) = await rig.audit()
    assert (entry["action"], entry["actor"], entry["tip"]) == ("notes_read", "officer", tip)


async def test_reasons_are_destroyed_with_the_tip(rig: DeskRig) -> None:
    _, tip = await rig.submitted()
    await hold(rig, tip)
    await hold(rig, tip, "hold-release")
    await rig.post(f"/v1/tips/{tip}/shredding", SHREDDING, by=rig.custodian)

    gone = await rig.get(f"/v1/tips/{tip}/notes")
    held_again = await rig.intake.post(
        f"/v1/tips/{tip}/hold", {"reason": ORDER}, headers=rig.intake.mint.headers(Role.ADMINISTRATOR, "01")
    )

    assert (gone.status_code, held_again.status_code) == (410, 409)
    assert await Vault(rig.intake.runtime.store).erasure_key(tip, Scope.CONTENT) is None


async def test_a_voiding_needs_a_reason_where_one_can_be_kept(rig: DeskRig) -> None:
    _, tip = await rig.submitted()
    without = await rig.intake.step(tip, "voiding", {})
    await rig.post(f"/v1/tips/{tip}/shredding", SHREDDING, by=rig.custodian)

    with_one = await rig.intake.step(tip, "voiding", {"reason": WHY})
    voided = await rig.intake.step(tip, "voiding", {})

    assert (without.status_code, without.json()["errors"][0]) == (422, {"field": "reason", "reason": "is required"})
    assert (with_one.status_code, with_one.json()["code"]) == (410, "shredded")
    assert (voided.status_code, voided.json()["status"]) == (200, "voided")
    assert await Vault(rig.intake.runtime.store).erasure_key(tip, Scope.CONTENT) is None


async def test_a_tip_with_many_notes_can_still_be_held_and_voided(
    rig: DeskRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, tip = await rig.submitted()
    monkeypatch.setattr(noting_module, "MAX_NOTES", 0)

    await hold(rig, tip)
    await rig.intake.step(tip, "registration")
    noted = await rig.intake.step(tip, "verification", {"note": WHY})
    voided = await rig.intake.step(tip, "voiding", {"reason": WHY})

    assert (noted.status_code, voided.status_code) == (409, 200)
    assert len(await notes(rig, tip)) == 2
