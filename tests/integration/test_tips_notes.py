"""What officers note on the check: sealed like what the tip tells, read at the desk, destroyed with the tip."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from services.tips.custodians import rekey_communes
from services.tips.custody import noting as noting_module
from services.tips.custody.envelope import Kind, Piece
from services.tips.custody.note import Note
from services.tips.custody.vault import Scope, Vault
from services.tips.domain import Tip, TipStatus
from shared.errors import ConcurrentChange
from shared.security import Role
from tests.integration.tips_desk_rig import DeskRig
from tests.integration.tips_rig import OTHER, UNIT, Json

NOTE: Final = "Đã hỏi bà Tư Lành ở đầu ngõ."
FOUND: Final = "Bà Tư Lành xác nhận."


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[DeskRig]:
    async with DeskRig.running(store_uri, tmp_path) as rig:
        yield rig


async def checked(rig: DeskRig, **told: Any) -> str:
    """A tip whose check has begun, with a note."""
    _, tip = await rig.submitted(**told)
    await rig.intake.step(tip, "registration")
    begun = await rig.intake.step(tip, "verification", {"note": NOTE})
    assert begun.status_code == 200, begun.text
    return tip


async def notes(rig: DeskRig, tip: str) -> list[Json]:
    answer = await rig.get(f"/v1/tips/{tip}/notes")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def shred(rig: DeskRig, tip: str) -> None:
    answer = await rig.post(f"/v1/tips/{tip}/shredding", {"reason": "QD-17/2026"}, by=rig.custodian)
    assert answer.status_code == 200, answer.text


async def test_a_note_on_a_step_is_read_at_the_desk_alone_and_the_reading_is_written_down(rig: DeskRig) -> None:
    tip = await checked(rig)

    confirmed = await rig.intake.step(tip, "confirmation", {"note": FOUND})
    read = await notes(rig, tip)

    told = [(each["status"], each["by"], each["text"]) for each in read]
    assert told == [("verifying", "officer", NOTE), ("verified", "officer", FOUND)]
    assert all(each["noted_at"].endswith((":00:00Z", ":15:00Z", ":30:00Z", ":45:00Z")) for each in read)
    shown = await rig.intake.client.get(f"/v1/tips/{tip}", headers=rig.officer)
    for text in (confirmed.text, shown.text, str(await rig.intake.journal())):
        assert "Lành" not in text
    assert NOTE.encode() not in rig.intake.everything_stored()
    (entry,) = await rig.audit()
    assert (entry["action"], entry["actor"], entry["tip"]) == ("notes_read", "officer", tip)


async def test_the_grounds_of_decisions_on_the_case_are_notes_too(rig: DeskRig) -> None:
    tip = await checked(rig, stream="crime_report")

    for step in ("extension", "suspension", "resumption", "confirmation", "resolution", "closing", "reopening"):
        taken = await rig.intake.step(tip, step, {"note": f"{step}: bà Tư Lành"})
        assert (taken.status_code, "Lành" in taken.text) == (200, False), taken.text

    told = {each["text"].partition(":")[0]: (each["occasion"], each["status"]) for each in (await notes(rig, tip))[1:]}
    assert told == {
        "suspension": ("decision", "suspended"),
        "resumption": ("decision", "verifying"),
        "extension": ("decision", "verifying"),
        "confirmation": ("check", "verified"),
        "resolution": ("decision", "resolved"),
        "closing": ("decision", "closed"),
        "reopening": ("decision", "verifying"),
    }
    assert "Lành" not in str(await rig.intake.journal())


async def test_who_gives_hands_over_or_judges_a_tip_can_say_why(rig: DeskRig) -> None:
    _, tip = await rig.submitted()
    there = rig.intake.mint.headers(Role.COMMUNE_OFFICER, OTHER, subject="there")

    for step, body in (
        ("registration", {}),
        ("assignment", {}),
        ("assessment", {"value": "valuable"}),
        ("transfer", {"unit": OTHER}),
    ):
        taken = await rig.intake.step(tip, step, {**body, "note": f"{step}: bà Tư Lành"})
        assert (taken.status_code, "Lành" in taken.text) == (200, False), taken.text

    read = (await rig.get(f"/v1/tips/{tip}/notes", by=there)).json()["items"]
    assert [(each["text"].partition(":")[0], each["occasion"]) for each in read] == [
        ("registration", "check"),
        ("assignment", "decision"),
        ("assessment", "decision"),
        ("transfer", "decision"),
    ]
    assert "Lành" not in str([await rig.intake.journal(unit) for unit in (UNIT, OTHER)])


async def test_a_note_sent_again_under_its_key_is_one_note(rig: DeskRig) -> None:
    tip = await checked(rig)

    for _ in range(2):
        path, body = f"/v1/tips/{tip}/refutation", {"note": FOUND}
        assert (await rig.intake.post(path, body, headers=rig.officer, key="again")).status_code == 200

    assert [each["text"] for each in await notes(rig, tip)] == [NOTE, FOUND]


async def test_a_note_is_destroyed_with_the_tip_and_none_is_taken_afterwards(rig: DeskRig) -> None:
    tip = await checked(rig)
    await shred(rig, tip)

    gone = await rig.get(f"/v1/tips/{tip}/notes")
    refused = await rig.intake.step(tip, "confirmation", {"note": FOUND})
    without = await rig.intake.step(tip, "confirmation")

    assert [(each.status_code, each.json()["code"]) for each in (gone, refused)] == [(410, "shredded")] * 2
    assert (without.status_code, without.json()["status"]) == (200, "verified")
    assert await Vault(rig.intake.runtime.store).erasure_key(tip, Scope.CONTENT) is None


async def test_a_note_that_a_shredding_overtook_is_not_kept(rig: DeskRig) -> None:
    tip, parts = await checked(rig), rig.intake.app.state.parts
    tips, outbox = parts.repositories.tips, rig.intake.runtime.outbox
    before: Tip = await tips.find_anywhere(tip)
    after, _ = before.verify(at=datetime.now(UTC))
    writes = await parts.noting.writes(after, Note(TipStatus.VERIFIED, datetime.now(UTC), "officer", FOUND))
    await shred(rig, tip)

    with pytest.raises(ConcurrentChange):
        await outbox.commit([], _all(tips.replacing(before, after), *writes))

    assert await parts.repositories.vault.find(Piece(tip, Kind.NOTE, 1)) is None
    # Without the tip's new version in the same transaction nothing would have held it back.
    await outbox.commit([], _all(*writes))
    assert await parts.repositories.vault.find(Piece(tip, Kind.NOTE, 1)) is not None


async def test_a_tip_from_the_books_that_has_nothing_sealed_takes_a_note_and_loses_it(rig: DeskRig) -> None:
    record = {"type": "tip", "key": "1", "unit": UNIT, "stream": "crime_report", "source": "media"}
    record |= {"category": "theft", "received_at": "2026-11-01T07:30:00+07:00"}
    record |= {"verification_started_at": "2026-11-02T07:30:00+07:00"}
    answer = await rig.intake.client.post("/v1/imports", json={"records": [record]}, headers=rig.intake.integrator)
    tip = answer.json()["outcomes"][0]["id"]

    noted = await rig.intake.step(tip, "inconclusive-finding", {"note": NOTE})

    assert noted.status_code == 200, noted.text
    assert [each["text"] for each in await notes(rig, tip)] == [NOTE]
    await shred(rig, tip)
    assert (await rig.get(f"/v1/tips/{tip}/notes")).status_code == 410


async def test_notes_go_with_a_relocated_tip_once_its_keys_are_handed_over(rig: DeskRig) -> None:
    tip = await checked(rig)
    await rig.intake.step(tip, "relocation", {"unit": OTHER})
    there = rig.intake.mint.headers(Role.COMMUNE_OFFICER, OTHER)

    done = await rekey_communes(rig.settings, actor="me", database=rig.database)
    read = await rig.get(f"/v1/tips/{tip}/notes", by=there)

    assert done.out_of_reach == 0
    assert [each["text"] for each in read.json()["items"]] == [NOTE]
    assert (await rig.get(f"/v1/tips/{tip}/notes")).status_code == 404


async def test_a_note_that_is_too_long_is_refused_without_repeating_it(rig: DeskRig) -> None:
    tip = await checked(rig)

    refused = await rig.intake.step(tip, "confirmation", {"note": "Tư Lành " * 1_000})

    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "note")
    assert "Lành" not in refused.text
    assert [each["text"] for each in await notes(rig, tip)] == [NOTE]


async def test_a_tip_takes_so_many_notes_and_no_more(rig: DeskRig, monkeypatch: pytest.MonkeyPatch) -> None:
    tip = await checked(rig)
    monkeypatch.setattr(noting_module, "MAX_NOTES", 1)

    refused = await rig.intake.step(tip, "confirmation", {"note": FOUND})

    assert refused.status_code == 409
    assert (await rig.intake.only_tip())["status"] == "verifying"


def _all(*writes: Any) -> Any:
    async def write(session: Any) -> None:
        for each in writes:
            await each(session)

    return write
