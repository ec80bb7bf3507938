"""Sealing of reporters."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from services.tips.sealing import PublicKeySealer, Reporter, Sealed, UnreadableSeal, unseal

REPORTER = Reporter(name="Nguyễn Thị Bí Mật", contact="0912 345 678")


def test_only_the_custodian_reads_who_gave_a_tip() -> None:
    custodian, stranger = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    sealed = PublicKeySealer(custodian.public_key()).seal(REPORTER, tip="tip-1")

    assert unseal(sealed, custodian, tip="tip-1") == REPORTER
    with pytest.raises(UnreadableSeal):
        unseal(sealed, stranger, tip="tip-1")


def test_a_seal_does_not_open_at_another_tip() -> None:
    custodian = X25519PrivateKey.generate()
    sealed = PublicKeySealer(custodian.public_key()).seal(REPORTER, tip="tip-1")

    with pytest.raises(UnreadableSeal):
        unseal(sealed, custodian, tip="tip-2")


@pytest.mark.parametrize("at", [0, 5, 20, -1])
def test_a_changed_byte_is_noticed(at: int) -> None:
    custodian = X25519PrivateKey.generate()
    sealed = bytearray(PublicKeySealer(custodian.public_key()).seal(REPORTER, tip="tip-1"))
    sealed[at] ^= 1

    with pytest.raises(UnreadableSeal):
        unseal(Sealed(bytes(sealed)), custodian, tip="tip-1")


def test_a_seal_shows_neither_content_nor_length_nor_repetition() -> None:
    sealer = PublicKeySealer(X25519PrivateKey.generate().public_key())

    seals = {sealer.seal(REPORTER, tip="tip-1") for _ in range(3)}
    short = sealer.seal(Reporter(name="A", contact="1"), tip="tip-1")

    assert len(seals) == 3
    assert {len(seal) for seal in seals} == {len(short)}
    assert not any(word.encode() in bytes(seal) for seal in seals for word in ("Bí", "Mật", "0912"))


def test_a_reporter_shows_up_in_no_log_line() -> None:
    assert "Nguy" not in f"{REPORTER} {REPORTER!r} {[REPORTER]}"


def test_the_key_file_must_hold_a_public_sealing_key(tmp_path: Path) -> None:
    key = X25519PrivateKey.generate()
    public, private, other, nonsense = (tmp_path / name for name in ("public", "private", "other", "nonsense"))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    signing = Ed25519PrivateKey.generate().public_key()
    other.write_bytes(signing.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    nonsense.write_text("not a key")

    assert unseal(PublicKeySealer.from_file(public).seal(REPORTER, tip="t"), key, tip="t") == REPORTER
    for wrong in (private, other, nonsense):
        with pytest.raises(ValueError, match=wrong.name):
            PublicKeySealer.from_file(wrong)
