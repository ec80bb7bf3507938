"""What is sealed of a tip follows it to another commune by itself, where communes have keys and desks of their own."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.tips.cases import Cases
from services.tips.custody.audit_log import AuditLog
from services.tips.custody.envelope import Kind, Piece
from services.tips.custody.identity_requests import IdentityRequests
from services.tips.custody.keys import PrivateKeys, PublicKeys
from services.tips.custody.opening import Opener, SealedElsewhere
from services.tips.custody.vault import Vault
from services.tips.desk.following import LATE, Following
from services.tips.domain import Tip
from services.tips.repository import Repositories
from shared.clock import FixedClock
from shared.security import Role
from tests.integration.tips_desk_rig import DeskRig, write_key
from tests.integration.tips_rig import OTHER, UNIT

TEXT = "Mất xe máy trước cổng chợ lúc nửa đêm."
HERE, THERE = X25519PrivateKey.generate(), X25519PrivateKey.generate()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 3, 2, 2, tzinfo=UTC))


@pytest.fixture
async def rig(
    store_uri: str, tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[DeskRig]:
    """The desk of one of two communes that have keys of their own; it follows when a test tells it to."""
    monkeypatch.setattr("services.tips.desk.following.LOOK_S", 3600)
    for directory in ("communes", "desk"):
        (tmp_path / directory).mkdir()
    for unit, key in ((UNIT, HERE), (OTHER, THERE)):
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / "communes" / f"{unit}.pub").write_bytes(public)
    write_key(tmp_path / "desk" / "here.key", HERE)
    async with DeskRig.running(store_uri, tmp_path, clock=clock) as rig:
        yield rig


def following(rig: DeskRig, key: X25519PrivateKey) -> Following:
    """What a desk with this key alone does beside its requests."""
    runtime = rig.intake.runtime
    return Following(
        Repositories.of(runtime.store),
        IdentityRequests(runtime.store),
        keys=PrivateKeys([key]),
        communes=PublicKeys.from_directory(rig.settings.commune_keys_dir),
        audit=AuditLog(runtime.store, unit=rig.settings.city),
        runtime=runtime,
    )


async def moved(rig: DeskRig, to: str = OTHER, **changes: object) -> str:
    """The id of a tip that was reported in one commune and handed over to another one."""
    answer = await rig.intake.submit(headers=rig.officer, source="citizen_anonymous", text=TEXT, **changes)
    tip = str(answer.json()["id"])
    assert (await rig.intake.step(tip, "transfer", {"unit": to})).status_code == 200
    return tip


async def read(rig: DeskRig, tip: str, key: X25519PrivateKey, kind: Kind = Kind.CONTENT) -> bytes | None:
    return await Opener(Vault(rig.intake.runtime.store), PrivateKeys([key])).read(Piece(tip, kind))


async def moves(rig: DeskRig) -> list[str]:
    return [id async for id, _ in Cases(rig.intake.runtime.store).moves()]


async def test_what_was_sealed_to_one_commune_is_read_in_the_other_alone(rig: DeskRig) -> None:
    receipt, tip = await rig.submitted(text=TEXT)
    await rig.post(f"/v1/tips/{tip}/messages", {"text": "Biển số?"})
    await rig.intake.post("/v1/receipts/messages", {"receipt": receipt, "text": "29-X1 234.56"})
    await rig.intake.step(tip, "registration", {"note": "Đã hỏi bà Tư."})
    await rig.intake.step(tip, "transfer", {"unit": OTHER})
    with pytest.raises(SealedElsewhere):
        await read(rig, tip, THERE)

    await following(rig, HERE).look()

    kinds = (Kind.CONTENT, Kind.MESSAGE, Kind.NOTE)
    assert [len(await pieces(rig, tip, kind)) for kind in kinds] == [1, 2, 1]
    for kind in kinds:
        for piece in await pieces(rig, tip, kind):
            assert await Opener(Vault(rig.intake.runtime.store), PrivateKeys([THERE])).read(piece)
            with pytest.raises(SealedElsewhere):
                await Opener(Vault(rig.intake.runtime.store), PrivateKeys([HERE])).read(piece)
    last = (await rig.audit())[-1]
    assert {name: last[name] for name in ("action", "actor", "tip", "about")} == {
        "action": "rekeyed", "actor": "desk", "tip": tip, "about": "moved",
    }  # fmt: skip


async def pieces(rig: DeskRig, tip: str, kind: Kind) -> list[Piece]:
    return [envelope.piece async for envelope in Vault(rig.intake.runtime.store).all_of(kind, tip=tip)]


async def test_a_desk_without_the_former_key_leaves_it_to_the_one_that_holds_it(
    rig: DeskRig, clock: FixedClock
) -> None:
    tip, elsewhere = await moved(rig), following(rig, THERE)

    await elsewhere.look()
    clock.advance(LATE)
    await elsewhere.look()

    assert await moves(rig) == [tip]
    await following(rig, HERE).look()
    assert await read(rig, tip, THERE) == TEXT.encode()


async def test_what_comes_late_and_sealed_to_the_former_commune_follows_too(rig: DeskRig, clock: FixedClock) -> None:
    tip, here = await moved(rig), following(rig, HERE)
    contents = rig.intake.runtime.store.collection("contents")
    late = await contents.find_one({"tip": tip})
    assert late is not None
    await here.look()

    clock.advance(LATE - timedelta(seconds=1))
    await contents.replace_one({"_id": late["_id"]}, late)
    await here.look()

    assert await read(rig, tip, THERE) == TEXT.encode()
    assert await moves(rig) == [tip]
    clock.advance(timedelta(seconds=1))
    await here.look()
    assert await moves(rig) == []


async def test_a_tip_that_moves_on_meanwhile_is_not_forgotten(rig: DeskRig, clock: FixedClock) -> None:
    tip, here = await moved(rig), following(rig, HERE)
    await here.look()
    [(_, version)] = [move async for move in Cases(rig.intake.runtime.store).moves()]
    there = rig.intake.mint.headers(Role.COMMUNE_OFFICER, OTHER)
    assert (await rig.intake.post(f"/v1/tips/{tip}/transfer", {"unit": UNIT}, headers=there)).status_code == 200

    await Cases(rig.intake.runtime.store).settle(tip, version)
    clock.advance(LATE)
    await here.look()

    assert await moves(rig) == [tip]
    await following(rig, THERE).look()
    assert await read(rig, tip, HERE) == TEXT.encode()


async def test_wishes_to_open_a_name_are_decided_where_the_tip_is_now(rig: DeskRig) -> None:
    tip = await rig.named()
    wish = (await rig.post("/v1/identity-requests", {"tip": tip, "reason": "Điều 56"})).json()
    await rig.intake.step(tip, "transfer", {"unit": OTHER})
    there = rig.intake.mint.headers(Role.CUSTODIAN, OTHER, subject="custodian there")
    before = await rig.get(f"/v1/identity-requests/{wish['id']}", by=there)

    await following(rig, HERE).look()

    approved = await rig.post(f"/v1/identity-requests/{wish['id']}/approval", by=there)
    assert (before.status_code, approved.status_code) == (404, 200)
    assert (await rig.get(f"/v1/identity-requests/{wish['id']}", by=rig.officer)).status_code == 404
    assert await read(rig, tip, THERE, Kind.REASON) == "Điều 56".encode()


async def test_a_tip_that_cannot_be_followed_keeps_no_other_waiting(
    rig: DeskRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await moved(rig), await moved(rig)
    find, broken = Cases.find_anywhere, set[str]()

    async def failing(self: Cases, id: str) -> Tip | None:
        broken.update(set() if broken else {id})
        if id in broken:
            raise ValueError("unreadable")
        return await find(self, id)

    monkeypatch.setattr(Cases, "find_anywhere", failing)
    await following(rig, HERE).look()

    [other] = {first, second} - broken
    assert await read(rig, other, THERE) == TEXT.encode()


async def test_the_desk_follows_beside_its_requests(
    store_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rig: DeskRig
) -> None:
    tip = await moved(rig)
    monkeypatch.setattr("services.tips.desk.following.LOOK_S", 0.01)

    async with rig.app.router.lifespan_context(rig.app), asyncio.timeout(10):
        while True:
            try:
                assert await read(rig, tip, THERE) == TEXT.encode()
                break
            except SealedElsewhere:
                await asyncio.sleep(0.01)


async def test_what_is_merged_into_it_and_what_nobody_read_follow_too(rig: DeskRig) -> None:
    told = {"text": TEXT, "source": "citizen_anonymous", "stream": "security_information"}
    first, second = [(await rig.intake.submit(headers=rig.officer, **told)).json() for _ in range(2)]
    tip, copy = first["id"], second["id"]
    assert (await rig.intake.step(copy, "merge", {"into": tip})).status_code == 200
    await rig.intake.post("/v1/receipts/messages", {"receipt": second["receipt"], "text": "29-X1 234.56"})
    await rig.intake.step(tip, "transfer", {"unit": OTHER})
    officer = rig.intake.mint.headers(Role.COMMUNE_OFFICER, OTHER)

    async def unread(unit: str, headers: Mapping[str, str]) -> dict[str, list[str]]:
        answer = await rig.intake.client.get(f"/v1/worklist?unit={unit}&unread=true", headers=headers)
        return {each["id"]: each["unread_in"] for each in answer.json()["items"]}

    before = len(await rig.intake.journal(OTHER))
    for _ in range(2):  # the copy is a move of its own
        await following(rig, HERE).look()

    assert len(await rig.intake.journal(OTHER)) == before  # no figure has it, there or here
    assert (await unread(UNIT, rig.officer), await unread(OTHER, officer)) == ({}, {tip: [copy]})
    assert await read(rig, copy, THERE) == TEXT.encode()
    assert (await rig.intake.post(f"/v1/tips/{copy}/unmerge", headers=officer)).status_code == 200
    assert (await rig.intake.journal(OTHER))[-1]["data"]["is"] is not None
