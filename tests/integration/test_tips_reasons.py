"""Why officers void and hold a tip: sealed like what it tells, read at the desk, destroyed with it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, cast

import pytest
from pymongo import MongoClient

from services.tips.app import assemble, intake_of
from services.tips.custody import noting as noting_module
from services.tips.custody.noting import Noting
from services.tips.custody.vault import Scope, Vault
from services.tips.former_reasons import seal_former_reasons
from services.tips.settings import TipsSettings
from shared.contracts.topics import TIPS, TIPS_AUDIT
from shared.security import Role
from shared.service import ServiceRuntime
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


# -- what earlier releases kept


async def former(rig: DeskRig, store_uri: str, **reasons: str) -> str:
    """A tip as an earlier release kept it: voided, with these reasons in clear."""
    _, tip = await rig.submitted()
    await rig.intake.step(tip, "voiding", {"reason": "x"})
    with MongoClient[Json](store_uri) as client:
        tips = client[rig.database]["tips"]
        tips.update_one({"_id": tip}, {"$set": {"void_reason": None, "hold_reason": None, **reasons}})
        tips.update_one({"_id": tip}, {"$unset": {"held": ""}})
    return tip


async def sealed(rig: DeskRig) -> int:
    parts = rig.intake.app.state.parts
    return await seal_former_reasons(parts.repositories.tips, parts.noting, rig.intake.runtime.outbox)


async def started(rig: DeskRig) -> None:
    """Another process of the intake, on the same database."""
    settings = cast(TipsSettings, rig.intake.runtime.settings)
    runtime = ServiceRuntime.of(settings, database=rig.database, topics=(TIPS, TIPS_AUDIT))
    app = assemble(runtime, intake_of(settings), relay=False)
    async with app.router.lifespan_context(app):
        pass


async def test_reasons_of_an_earlier_release_are_sealed_when_the_service_starts(rig: DeskRig, store_uri: str) -> None:
    tip = await former(rig, store_uri, void_reason=WHY, hold_reason=ORDER)

    await started(rig)

    read = await notes(rig, tip)
    assert read[1:] == [("voiding", "voided", "?", WHY), ("hold", "voided", "?", ORDER)]
    stored = rig.intake.everything_stored()
    assert [each for each in (WHY, ORDER) if each.encode() in stored] == []
    assert await sealed(rig) == 0


async def test_a_tip_that_an_earlier_release_held_is_held_before_and_after(rig: DeskRig, store_uri: str) -> None:
    tip = await former(rig, store_uri, hold_reason=ORDER)

    before = await rig.post(f"/v1/tips/{tip}/shredding", SHREDDING, by=rig.custodian)
    await sealed(rig)
    after = await rig.post(f"/v1/tips/{tip}/shredding", SHREDDING, by=rig.custodian)

    assert (before.status_code, after.status_code) == (409, 409)


async def test_two_processes_that_start_at_once_seal_a_reason_once(rig: DeskRig, store_uri: str) -> None:
    tip = await former(rig, store_uri, void_reason=WHY)

    await asyncio.gather(sealed(rig), sealed(rig))

    assert [text for *_, text in await notes(rig, tip)] == ["x", WHY]


async def test_a_reason_whose_sealing_fails_stays_until_the_next_start(
    rig: DeskRig, store_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tip = await former(rig, store_uri, void_reason=WHY)

    async def dies(*_: object) -> Any:
        raise ConnectionError("the store is gone")

    with monkeypatch.context() as broken:
        broken.setattr(Noting, "writes", dies)
        with pytest.raises(ConnectionError):
            await sealed(rig)

    assert WHY.encode() in rig.intake.everything_stored()
    assert await sealed(rig) == 1
    assert [text for *_, text in await notes(rig, tip)] == ["x", WHY]


async def test_a_former_reason_would_be_found_in_clear_if_nobody_sealed_it(
    rig: DeskRig, store_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object) -> int:
        return 0

    monkeypatch.setattr("services.tips.app.seal_former_reasons", nothing)
    await former(rig, store_uri, void_reason=WHY)

    await started(rig)

    assert WHY.encode() in rig.intake.everything_stored()
