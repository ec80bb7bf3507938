"""The desk: officers read what is sealed to their commune, each reading is written down, destroyed is destroyed."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pymongo import MongoClient

from services.tips.attachments.picture import Picture
from services.tips.cases import Cases
from services.tips.custodians import rekey_communes, verify_audit
from services.tips.custody.audit import Entry, Head
from services.tips.custody.audit_log import AuditLog
from services.tips.custody.envelope import Envelope, Holder, Kind, Piece
from services.tips.custody.keys import PrivateKeys
from services.tips.custody.opening import Opener, SealedElsewhere
from services.tips.custody.vault import ERASURE_DATABASE, Scope, Shredded, Vault
from services.tips.domain import Tip
from services.tips.receipts import new_receipt
from shared.security import Role
from tests.integration.tips_desk_rig import DeskRig, write_key
from tests.integration.tips_rig import OTHER, UNIT
from tests.unit.test_tips_attachments import CANARY, exif, jpeg

TEXT = "Mất xe máy trước cổng chợ lúc nửa đêm."
REPORTER = {"name": "Nguyễn Thị Chứng", "contact": "0912 345 678"}


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[DeskRig]:
    async with DeskRig.running(store_uri, tmp_path) as rig:
        yield rig


# -- content


async def test_an_officer_reads_at_the_desk_what_intake_cannot_show(rig: DeskRig) -> None:
    _, tip = await rig.submitted(text=TEXT)

    shown = await rig.intake.client.get(f"/v1/tips/{tip}", headers=rig.officer)
    read = await rig.get(f"/v1/tips/{tip}/content")

    assert (read.status_code, read.json()) == (200, {"tip": tip, "text": TEXT})
    assert TEXT not in shown.text
    assert TEXT.encode() not in rig.intake.everything_stored()
    (entry,) = await rig.audit()
    assert (entry["action"], entry["actor"], entry["tip"]) == ("content_read", "officer", tip)


async def test_a_text_from_the_books_is_sealed_too_and_none_is_none(rig: DeskRig) -> None:
    record = {"type": "tip", "unit": UNIT, "stream": "crime_report", "source": "media", "category": "theft"}
    told = record | {"key": "1", "text": TEXT, "received_at": "2026-11-01T07:30:00+07:00"}
    silent = record | {"key": "2", "received_at": "2026-11-01T07:30:00+07:00"}
    answer = await rig.intake.client.post(
        "/v1/imports", json={"records": [told, silent]}, headers=rig.intake.integrator
    )

    ids = [outcome["id"] for outcome in answer.json()["outcomes"]]
    assert [(await rig.get(f"/v1/tips/{id}/content")).json()["text"] for id in ids] == [TEXT, None]
    assert TEXT.encode() not in rig.intake.everything_stored()


async def test_what_lies_out_of_reach_looks_like_nothing_and_is_not_written_down(rig: DeskRig) -> None:
    _, tip = await rig.submitted()
    elsewhere = rig.intake.mint.headers(Role.COMMUNE_OFFICER, OTHER)

    foreign = [await rig.get(f"/v1/tips/{tip}/{what}", by=elsewhere) for what in ("content", "dialogue")]
    absent = [await rig.get(f"/v1/tips/{tip[:-4]}0000/{what}", by=elsewhere) for what in ("content", "dialogue")]
    answer = await rig.post(f"/v1/tips/{tip}/messages", {"text": "x"}, by=elsewhere)
    wish = await rig.post("/v1/identity-requests", {"tip": tip, "reason": "x"}, by=elsewhere)

    for refused in (*foreign, *absent, answer, wish):
        assert (refused.status_code, refused.json()["code"]) == (404, "not-found")
    assert await rig.audit() == []


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.INTEGRATOR, Role.TEAM_LEADER, Role.CITY_OPERATOR, Role.CUSTODIAN])
async def test_only_officers_read_content(rig: DeskRig, role: Role) -> None:
    _, tip = await rig.submitted()

    refused = await rig.get(f"/v1/tips/{tip}/content", by=rig.intake.mint.headers(role, "*"))

    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


# -- the dialogue


async def test_reporter_and_officers_talk_with_nothing_but_the_receipt(rig: DeskRig) -> None:
    receipt, tip = await rig.submitted()

    asked = await rig.post(f"/v1/tips/{tip}/messages", {"text": "Biển số xe là gì?"})
    first = await rig.intake.post("/v1/receipts/dialogue", {"receipt": receipt})
    sent = await rig.intake.post("/v1/receipts/messages", {"receipt": receipt.lower(), "text": "29-X1 234.56"})
    read = await rig.get(f"/v1/tips/{tip}/dialogue")

    assert asked.status_code == 201, asked.text
    assert [(each["author"], each["text"]) for each in first.json()["messages"]] == [("officer", "Biển số xe là gì?")]
    assert (sent.status_code, sent.json()) == (201, {"status": "sent"})
    assert [each["text"] for each in read.json()["messages"]] == ["Biển số xe là gì?", "29-X1 234.56"]
    again = await rig.intake.post("/v1/receipts/dialogue", {"receipt": receipt, "after": 0})
    assert [each["text"] for each in again.json()["messages"]] == ["29-X1 234.56"]
    stored = rig.intake.everything_stored()
    assert not [text for text in ("Biển số", "29-X1") if text.encode() in stored]


async def test_neither_database_nor_desk_reads_a_message_without_its_key(rig: DeskRig) -> None:
    _, tip = await rig.submitted()
    await rig.post(f"/v1/tips/{tip}/messages", {"text": "Biển số xe là gì?"})
    vault = Vault(rig.intake.runtime.store)

    with pytest.raises(SealedElsewhere):
        await Opener(vault, PrivateKeys([X25519PrivateKey.generate()])).read(Piece(tip, Kind.MESSAGE, 0))


async def test_an_unknown_receipt_is_answered_as_a_known_one(rig: DeskRig) -> None:
    receipt, tip = await rig.submitted()

    known = [await _talk(rig, receipt), await _talk(rig, receipt)]
    unknown = [await _talk(rig, stranger := new_receipt()), await _talk(rig, stranger)]

    assert known[0][0] == known[1][0] == unknown[0][0] == unknown[1][0] == (201, {"status": "sent"})
    assert unknown[1][1] == (200, {"messages": [], "next": None})
    assert known[1][1][1].keys() == unknown[1][1][1].keys()
    assert len((await rig.get(f"/v1/tips/{tip}/dialogue")).json()["messages"]) == 2


async def test_a_message_sent_again_under_its_key_is_one_message(rig: DeskRig) -> None:
    receipt, tip = await rig.submitted()
    body = {"receipt": receipt, "text": "một lần"}

    answers = [await rig.intake.post("/v1/receipts/messages", body, key="again") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert len((await rig.get(f"/v1/tips/{tip}/dialogue")).json()["messages"]) == 1


async def test_times_of_an_anonymous_reporter_stay_coarse(rig: DeskRig) -> None:
    receipt, tip = await rig.submitted()
    await rig.intake.post("/v1/receipts/messages", {"receipt": receipt, "text": "x"})

    (message,) = (await rig.get(f"/v1/tips/{tip}/dialogue")).json()["messages"]

    assert message["sent_at"].endswith((":00:00Z", ":15:00Z", ":30:00Z", ":45:00Z"))


# -- attachments


async def test_a_picture_reaches_the_desk_without_what_it_tells_beside_itself(rig: DeskRig) -> None:
    receipt, tip = await rig.submitted()
    taken = jpeg(exif(6))
    body = {"receipt": receipt, "content": b64encode(taken).decode()}

    sent = await rig.intake.post("/v1/receipts/attachments", body)
    listed = (await rig.get(f"/v1/tips/{tip}/attachments")).json()["items"]
    read = await rig.get(f"/v1/tips/{tip}/attachments/0")

    assert (sent.status_code, sent.json()) == (201, {"status": "sent"})
    assert [(each["number"], each["media_type"]) for each in listed] == [(0, "image/jpeg")]
    assert (read.content, read.headers["content-type"]) == (Picture.of(taken).content, "image/jpeg")
    assert read.headers["content-disposition"] == 'attachment; filename="attachment-0.jpg"'
    assert not [word for word in (CANARY, taken[-40:]) if word in rig.intake.everything_stored()]
    await rig.post(f"/v1/tips/{tip}/shredding", {"reason": "QD-17/2026"}, by=rig.custodian)
    assert (await rig.get(f"/v1/tips/{tip}/attachments")).json()["items"] == []
    assert (await rig.get(f"/v1/tips/{tip}/attachments/0")).status_code == 410


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("%%%", "is not base64"),
        ("ảnh", "is not base64"),
        (b64encode(b"%PDF-1.7").decode(), "must be a JPEG or PNG picture"),
    ],
)
async def test_what_is_no_picture_is_refused(rig: DeskRig, content: str, reason: str) -> None:
    refused = await rig.intake.post("/v1/receipts/attachments", {"receipt": new_receipt(), "content": content})

    assert (refused.status_code, refused.json()["errors"]) == (422, [{"field": "content", "reason": reason}])


async def test_a_tip_takes_ten_pictures(rig: DeskRig) -> None:
    receipt, _ = await rig.submitted()
    body = {"receipt": receipt, "content": b64encode(jpeg()).decode()}

    answers = [await rig.intake.post("/v1/receipts/attachments", body) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [201] * 10 + [409]


# -- shredding and keys


async def test_what_is_shredded_is_read_by_nobody_and_in_no_backup(rig: DeskRig, store_uri: str) -> None:
    receipt, tip = await rig.submitted(text=TEXT, reporter=REPORTER)
    await rig.post(f"/v1/tips/{tip}/messages", {"text": "Biển số?"})
    backup = _dump(store_uri, rig.database)
    facts = await rig.intake.journal()

    shredded = await rig.post(f"/v1/tips/{tip}/shredding", {"reason": "QD-17/2026"}, by=rig.custodian)

    assert (shredded.status_code, shredded.json()) == (200, {"tip": tip, "scope": "all"})
    for what in ("content", "dialogue"):
        gone = await rig.get(f"/v1/tips/{tip}/{what}")
        assert (gone.status_code, gone.json()["code"]) == (410, "shredded")
    assert (await rig.intake.post("/v1/receipts/dialogue", {"receipt": receipt})).json()["messages"] == []
    assert (await rig.intake.post("/v1/receipts/messages", {"receipt": receipt, "text": "x"})).status_code == 410
    _restore(store_uri, rig.database, backup)
    keys = PrivateKeys([rig.intake.commune, rig.intake.custodian])
    for holder, kind in (
        (Holder.COMMUNE, Kind.CONTENT),
        (Holder.COMMUNE, Kind.MESSAGE),
        (Holder.CUSTODIAN, Kind.IDENTITY),
    ):
        with pytest.raises(Shredded):
            await Opener(Vault(rig.intake.runtime.store), keys, holder).read(Piece(tip, kind))
    assert await rig.intake.journal() == facts  # what is erased leaves the figures as they were


async def test_a_shredded_record_of_a_book_that_comes_again_brings_nothing_back(rig: DeskRig) -> None:
    record = {
        "type": "tip", "key": "book-1", "unit": UNIT, "stream": "crime_report", "source": "organisation",
        "category": "fraud", "received_at": "2024-03-01T08:00:00+07:00", "text": TEXT,
    }  # fmt: skip
    batch = {"records": [record]}
    taken = await rig.intake.client.post("/v1/imports", json=batch, headers=rig.intake.integrator)
    tip = taken.json()["outcomes"][0]["id"]

    await rig.post(f"/v1/tips/{tip}/shredding", {"reason": "QD-17/2026"}, by=rig.custodian)
    again = await rig.intake.client.post("/v1/imports", json=batch, headers=rig.intake.integrator)

    assert again.json()["counts"] == {"already_known": 1}
    assert (await rig.get(f"/v1/tips/{tip}/content")).status_code == 410


async def test_a_backup_with_the_erasure_keys_would_bring_everything_back(rig: DeskRig, store_uri: str) -> None:
    _, tip = await rig.submitted(text=TEXT)
    erasure = ERASURE_DATABASE.format(rig.database)
    backup, keys = _dump(store_uri, rig.database), _dump(store_uri, erasure)
    await rig.post(f"/v1/tips/{tip}/shredding", {"reason": "QD-17/2026"}, by=rig.custodian)

    _restore(store_uri, rig.database, backup)
    _restore(store_uri, erasure, keys)

    assert (await rig.get(f"/v1/tips/{tip}/content")).json()["text"] == TEXT


async def test_an_identity_can_be_destroyed_alone(rig: DeskRig) -> None:
    _, tip = await rig.submitted(text=TEXT, reporter=REPORTER)

    await rig.post(f"/v1/tips/{tip}/shredding", {"reason": "QD-17/2026", "scope": "identity"}, by=rig.custodian)

    assert (await rig.get(f"/v1/tips/{tip}/content")).json()["text"] == TEXT
    assert await Vault(rig.intake.runtime.store).erasure_key(tip, Scope.IDENTITY) is None
    refused = await rig.post("/v1/identity-requests", {"tip": tip, "reason": "x"})
    assert (refused.status_code, refused.json()["code"]) == (410, "shredded")


async def test_what_is_held_is_not_shredded(rig: DeskRig) -> None:
    _, tip = await rig.submitted(text=TEXT)
    administrator = rig.intake.mint.headers(Role.ADMINISTRATOR, "01", subject="boss")
    held = await rig.intake.post(f"/v1/tips/{tip}/hold", {"reason": "QD-18/2026"}, headers=administrator)

    refused = await rig.post(f"/v1/tips/{tip}/shredding", {"reason": "QD-17/2026"}, by=rig.custodian)

    assert (held.status_code, refused.status_code) == (200, 409)
    assert (await rig.get(f"/v1/tips/{tip}/content")).json()["text"] == TEXT


async def test_shredding_reaches_what_is_merged_into_a_tip_and_a_hold_covers_it(rig: DeskRig) -> None:
    administrator = rig.intake.mint.headers(Role.ADMINISTRATOR, "01", subject="boss")
    tip, middle, last = [await rig.named(text=TEXT) for _ in range(3)]
    for copy, into in ((last, middle), (middle, tip)):
        merged = await rig.intake.step(copy, "merge", {"into": into})
        assert merged.status_code == 200, merged.text
    await rig.intake.post(f"/v1/tips/{tip}/hold", {"reason": "QD-18/2026"}, headers=administrator)

    held = [
        await rig.post(f"/v1/tips/{each}/shredding", {"reason": "QD-17/2026"}, by=rig.custodian) for each in (tip, last)
    ]
    await rig.intake.post(f"/v1/tips/{tip}/hold-release", headers=administrator)
    shredded = await rig.post(f"/v1/tips/{tip}/shredding", {"reason": "QD-17/2026"}, by=rig.custodian)

    assert [answer.status_code for answer in (*held, shredded)] == [409, 409, 200]
    vault = Vault(rig.intake.runtime.store)
    assert [await vault.erasure_key(each, scope) for each in (tip, middle, last) for scope in Scope] == [None] * 6
    assert [(await rig.get(f"/v1/tips/{each}/content")).status_code for each in (tip, middle, last)] == [410] * 3
    told = [entry["tip"] for entry in await rig.audit() if entry["action"] == "shredded"]
    assert told == [middle, last, tip]


@pytest.mark.parametrize("scope", ["all", "identity"])
async def test_no_shredding_passes_a_hold_that_came_in_between(
    rig: DeskRig, scope: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tip = await rig.named(text=TEXT)
    administrator = rig.intake.mint.headers(Role.ADMINISTRATOR, "01", subject="boss")
    standing_for, holding = Cases.standing_for, asyncio.Lock()

    async def late(self: Cases, seen: Tip) -> list[Tip]:
        if not holding.locked():
            await holding.acquire()
            held = await rig.intake.post(f"/v1/tips/{tip}/hold", {"reason": "QD-18/2026"}, headers=administrator)
            assert held.status_code == 200, held.text
        return await standing_for(self, seen)

    monkeypatch.setattr(Cases, "standing_for", late)
    body = {"reason": "QD-17/2026", "scope": scope}

    refused = await rig.post(f"/v1/tips/{tip}/shredding", body, by=rig.custodian)

    assert holding.locked()
    assert refused.status_code == 409, refused.text
    assert await Vault(rig.intake.runtime.store).erasure_key(tip, Scope.IDENTITY) is not None


async def test_officers_do_not_shred(rig: DeskRig) -> None:
    _, tip = await rig.submitted()

    refused = await rig.post(f"/v1/tips/{tip}/shredding", {"reason": "QD-17/2026"})

    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_after_a_new_key_of_the_communes_the_former_one_opens_nothing(rig: DeskRig) -> None:
    receipt, tip = await rig.submitted(text=TEXT)
    await rig.post(f"/v1/tips/{tip}/messages", {"text": "Biển số?"})
    new = X25519PrivateKey.generate()
    (rig.settings.desk_keys_dir / "all.key").rename(rig.settings.desk_keys_dir / "former.key")
    write_key(rig.settings.desk_keys_dir / "all.key", new)
    public = new.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (rig.settings.commune_keys_dir / "all.pub").write_bytes(public)
    body = (await _envelope(rig, tip)).body

    done = await rekey_communes(rig.settings, actor="me", database=rig.database)
    again = await rekey_communes(rig.settings, actor="me", database=rig.database)

    vault = Vault(rig.intake.runtime.store)
    assert (done.resealed, done.out_of_reach, again.resealed) == (2, 0, 0)
    assert (await _envelope(rig, tip)).body == body
    assert await Opener(vault, PrivateKeys([new])).read(Piece(tip, Kind.CONTENT)) == TEXT.encode()
    with pytest.raises(SealedElsewhere):
        await Opener(vault, PrivateKeys([rig.intake.commune])).read(Piece(tip, Kind.CONTENT))
    assert len((await rig.intake.post("/v1/receipts/dialogue", {"receipt": receipt})).json()["messages"]) == 1


# -- the audit log


async def test_the_head_is_published_with_every_entry_and_a_cut_tail_shows(rig: DeskRig, store_uri: str) -> None:
    _, tip = await rig.submitted()
    for _ in range(3):
        await rig.get(f"/v1/tips/{tip}/content")
    journal = await rig.client.get(
        "/v1/journal", params={"topic": "tips.audit.v1", "unit": "01"}, headers=rig.intake.integrator
    )
    published = [Head(event["data"]["seq"], event["data"]["hash"]) for event in journal.json()["events"]]
    head = (await rig.get("/v1/audit/head", by=rig.custodian)).json()
    assert [each.seq for each in published] == [1, 2, 3]
    assert head == {"seq": 3, "hash": published[-1].hash}
    assert await _verified(rig, published) is None

    with MongoClient[dict[str, Any]](store_uri) as client:
        client[rig.database]["audit_entries"].delete_one({"_id": 3})

    assert await _verified(rig, published) == "the chain ends at 2, and 3 was published"
    assert await _verified(rig, []) == "the chain ends at 2, and 3 heads were published"


async def test_an_altered_entry_shows(rig: DeskRig, store_uri: str) -> None:
    _, tip = await rig.submitted()
    for _ in range(2):
        await rig.get(f"/v1/tips/{tip}/content")

    with MongoClient[dict[str, Any]](store_uri) as client:
        client[rig.database]["audit_entries"].update_one({"_id": 1}, {"$set": {"actor": "nobody"}})

    assert await _verified(rig, []) == "entry 1 was altered"


async def _talk(rig: DeskRig, receipt: str) -> list[tuple[int, Any]]:
    sent = await rig.intake.post("/v1/receipts/messages", {"receipt": receipt, "text": "một tin"})
    read = await rig.intake.post("/v1/receipts/dialogue", {"receipt": receipt})
    return [(each.status_code, each.json()) for each in (sent, read)]


async def _envelope(rig: DeskRig, tip: str) -> Envelope:
    envelope = await Vault(rig.intake.runtime.store).find(Piece(tip, Kind.CONTENT))
    assert envelope is not None
    return envelope


async def _verified(rig: DeskRig, published: list[Head]) -> str | None:
    return (await verify_audit(rig.settings, published, database=rig.database)).fault


def _dump(uri: str, database: str) -> dict[str, list[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](uri) as client:
        return {name: list(client[database][name].find()) for name in client[database].list_collection_names()}


def _restore(uri: str, database: str, dump: dict[str, list[dict[str, Any]]]) -> None:
    with MongoClient[dict[str, Any]](uri) as client:
        for name, documents in dump.items():
            client[database][name].delete_many({})
            if documents:
                client[database][name].insert_many(documents)


async def test_what_is_merged_while_a_tip_is_shredded_is_shredded_too(
    rig: DeskRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, tip = await rig.submitted(stream="security_information")
    late: list[str] = []
    copies_of = Cases.copies_of

    async def and_one_more(self: Cases, into: Tip) -> list[Tip]:
        found = await copies_of(self, into)
        if not late:
            told = {"stream": "security_information", "source": "force_member"}
            late.append((await rig.intake.submit(headers=rig.officer, **told)).json()["id"])
            assert (await rig.intake.step(late[0], "merge", {"into": tip})).status_code == 200
        return found

    monkeypatch.setattr(Cases, "copies_of", and_one_more)

    shredded = await rig.post(f"/v1/tips/{tip}/shredding", {"reason": "QD-17/2026"}, by=rig.custodian)

    assert shredded.status_code == 200, shredded.text
    assert [(await rig.get(f"/v1/tips/{each}/content")).status_code for each in (tip, *late)] == [410, 410]


@pytest.mark.parametrize("meanwhile", ["while the entries are read", "after the entries were read"])
async def test_a_log_that_grows_while_it_is_verified_is_intact(
    rig: DeskRig, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    _, tip = await rig.submitted()
    await rig.get(f"/v1/tips/{tip}/content")
    entries = AuditLog.entries

    async def growing(self: AuditLog, **asked: int) -> AsyncIterator[Entry]:
        if meanwhile.startswith("while"):
            await rig.get(f"/v1/tips/{tip}/content")
        async for entry in entries(self, **asked):
            yield entry
        if meanwhile.startswith("after"):
            await rig.get(f"/v1/tips/{tip}/content")

    monkeypatch.setattr(AuditLog, "entries", growing)

    assert await _verified(rig, []) is None
