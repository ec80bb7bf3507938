"""What the seals of tips keep to themselves, and who reads them."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from services.tips.custody.envelope import (
    Envelope,
    Holder,
    Kind,
    Piece,
    Recipient,
    UnreadableSeal,
    new_erasure_key,
    resealed,
    seal,
    unseal,
)
from services.tips.custody.keys import PrivateKeys, PublicKeys, read_private_key, read_public_key
from services.tips.custody.reporter import Reporter
from services.tips.custody.seals import Seals
from services.tips.custody.vault import Scope

TEXT = "Mất xe máy trước nhà ông Bí Mật, số 0912 345 678."
PIECE = Piece("tip-1", Kind.CONTENT)
COMMUNE, READER, STRANGER = (X25519PrivateKey.generate() for _ in range(3))
ERASURE_KEY = new_erasure_key()


def sealed(content: bytes = TEXT.encode(), piece: Piece = PIECE) -> Envelope:
    to = [Recipient(Holder.COMMUNE, COMMUNE.public_key()), Recipient(Holder.REPORTER, READER.public_key())]
    return seal(content, piece, to, erasure_key=ERASURE_KEY)


@given(content=st.binary(max_size=3_000))
def test_whoever_a_piece_is_sealed_to_reads_it_and_nobody_else(content: bytes) -> None:
    envelope = Envelope.of(sealed(content).document(), Kind.CONTENT)

    assert unseal(envelope, COMMUNE, erasure_key=ERASURE_KEY) == content
    assert unseal(envelope, READER, erasure_key=ERASURE_KEY) == content
    with pytest.raises(UnreadableSeal):
        unseal(envelope, STRANGER, erasure_key=ERASURE_KEY)


def test_without_its_erasure_key_nobody_reads_a_piece() -> None:
    envelope = sealed()

    with pytest.raises(UnreadableSeal):
        unseal(envelope, COMMUNE, erasure_key=new_erasure_key())


@pytest.mark.parametrize(
    "other", [Piece("tip-2", Kind.CONTENT), Piece("tip-1", Kind.MESSAGE), Piece("tip-1", Kind.CONTENT, 1)]
)
def test_a_seal_does_not_open_in_another_place(other: Piece) -> None:
    envelope = sealed()
    moved = Envelope(other, envelope.body, envelope.keys)

    with pytest.raises(UnreadableSeal):
        unseal(moved, COMMUNE, erasure_key=ERASURE_KEY)


@given(at=st.integers(0, 511 + 16), bit=st.integers(0, 7))
def test_a_changed_bit_is_noticed(at: int, bit: int) -> None:
    envelope = sealed()
    body = bytearray(envelope.body)
    body[at] ^= 1 << bit

    with pytest.raises(UnreadableSeal):
        unseal(Envelope(PIECE, bytes(body), envelope.keys), COMMUNE, erasure_key=ERASURE_KEY)


def test_a_seal_shows_neither_content_nor_length_nor_repetition() -> None:
    envelopes = [sealed() for _ in range(3)]
    short = sealed(b"A")

    assert len({envelope.body for envelope in envelopes}) == 3
    assert {len(envelope.body) for envelope in envelopes} == {len(short.body)}
    assert not any(word.encode() in envelope.body for envelope in envelopes for word in ("Bí", "Mật", "0912"))


def test_a_piece_sealed_anew_is_read_with_the_new_key_alone_and_by_the_other_holder_as_before() -> None:
    envelope, new = sealed(), X25519PrivateKey.generate()

    anew = resealed(envelope, COMMUNE, Recipient(Holder.COMMUNE, new.public_key()), erasure_key=ERASURE_KEY)

    assert unseal(anew, new, erasure_key=ERASURE_KEY) == TEXT.encode()
    assert unseal(anew, READER, erasure_key=ERASURE_KEY) == TEXT.encode()
    assert anew.body == envelope.body
    with pytest.raises(UnreadableSeal):
        unseal(anew, COMMUNE, erasure_key=ERASURE_KEY)


def test_content_is_for_the_commune_and_the_name_for_the_custodian() -> None:
    custodian, reporter = X25519PrivateKey.generate(), Reporter("Nguyễn Thị Bí Mật", "0912 345 678")
    seals = Seals(PublicKeys({"all": COMMUNE.public_key()}), custodian.public_key())

    report = seals.report("tip-1", "00070", TEXT, reporter)

    content, identity = report.envelopes
    assert unseal(content, COMMUNE, erasure_key=report.erasure_keys[Scope.CONTENT]) == TEXT.encode()
    name = unseal(identity, custodian, erasure_key=report.erasure_keys[Scope.IDENTITY])
    assert Reporter.decoded(name) == reporter
    for envelope, key in ((content, custodian), (identity, COMMUNE)):
        with pytest.raises(UnreadableSeal):
            unseal(envelope, key, erasure_key=report.erasure_keys[Scope.of(envelope.piece.kind)])


def test_what_has_nothing_to_seal_needs_no_key() -> None:
    seals = Seals(PublicKeys({"all": COMMUNE.public_key()}), STRANGER.public_key())

    report = seals.report("tip-1", "00070", "")

    assert (report.envelopes, report.erasure_keys) == ([], {})


def test_a_commune_without_a_key_of_its_own_takes_that_of_its_city_and_else_the_common_one() -> None:
    keys = {name: X25519PrivateKey.generate().public_key() for name in ("all", "01", "00070")}
    ring = PublicKeys(keys)

    assert [ring.of(unit) for unit in ("00070", "00004", "29869")] == [keys["00070"], keys["01"], keys["all"]]
    with pytest.raises(ValueError, match=r"all\.pub"):
        PublicKeys({"01": keys["01"]})


def test_a_reporter_shows_up_in_no_log_line() -> None:
    reporter = Reporter("Nguyễn Thị Bí Mật", "0912 345 678")

    assert "Nguy" not in f"{reporter} {reporter!r} {[reporter]}"


def test_key_files_must_hold_what_they_are_for(tmp_path: Path) -> None:
    public, private, other, nonsense = (tmp_path / name for name in ("all.pub", "all.key", "other.x", "nonsense.x"))
    public.write_bytes(COMMUNE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    private.write_bytes(COMMUNE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    signing = Ed25519PrivateKey.generate()
    other.write_bytes(signing.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    nonsense.write_text("not a key")

    key = PublicKeys.from_directory(tmp_path).of("00070")
    envelope = seal(b"x", PIECE, [Recipient(Holder.COMMUNE, key)], erasure_key=ERASURE_KEY)
    found = PrivateKeys.from_directory(tmp_path).find(envelope.keys[0].key_id)
    assert unseal(envelope, found, erasure_key=ERASURE_KEY) == b"x"
    for wrong in (private, other, nonsense):
        with pytest.raises(ValueError, match=wrong.name):
            read_public_key(wrong)
    for wrong in (public, nonsense):
        with pytest.raises(ValueError, match=wrong.name):
            read_private_key(wrong)
    with pytest.raises(ValueError, match="holds no private key"):
        PrivateKeys.from_directory(tmp_path / "nowhere")
