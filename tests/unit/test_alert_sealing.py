"""Secrets of webhooks under seal: they open with the right key, for their own subscription, and not otherwise."""

from pathlib import Path

import pytest

from services.stats.alerts import sealing
from services.stats.alerts.sealing import SecretKeys, UnreadableSecret
from shared.settings import Misconfigured

OLD, NEW, OTHER = (bytes([number]) * 32 for number in (1, 2, 3))
SECRET = "a-secret-that-signs"


def test_a_sealed_secret_opens_and_shows_nothing() -> None:
    keys = SecretKeys([OLD])

    sealed = keys.seal(SECRET, "s")

    assert keys.open(sealed, "s") == SECRET
    assert SECRET.encode() not in sealed
    assert keys.seal(SECRET, "s") != sealed


def test_the_first_key_seals_and_all_open() -> None:
    before = SecretKeys([OLD]).seal(SECRET, "s")

    both = SecretKeys([NEW, OLD])
    after = both.seal(SECRET, "s")

    assert both.open(before, "s") == both.open(after, "s") == SECRET
    assert (both.is_former(before), both.is_former(after)) == (True, False)
    assert SecretKeys([NEW]).open(after, "s") == SECRET


def test_another_key_says_that_the_right_one_is_not_at_hand() -> None:
    sealed = SecretKeys([OLD]).seal(SECRET, "s")

    with pytest.raises(UnreadableSecret, match="not at hand"):
        SecretKeys([NEW, OTHER]).open(sealed, "s")
    with pytest.raises(UnreadableSecret, match="not at hand"):
        SecretKeys([]).open(sealed, "s")


@pytest.mark.parametrize("at", [8, 25, -1])
def test_a_secret_that_was_tampered_with_does_not_open(at: int) -> None:
    keys = SecretKeys([OLD])
    sealed = bytearray(keys.seal(SECRET, "s"))

    sealed[at] ^= 1

    with pytest.raises(UnreadableSecret, match="tampered"):
        keys.open(bytes(sealed), "s")


def test_a_secret_opens_for_its_own_subscription_alone() -> None:
    keys = SecretKeys([OLD])

    with pytest.raises(UnreadableSecret, match="belongs elsewhere"):
        keys.open(keys.seal(SECRET, "s"), "t")


def test_without_the_binding_a_secret_would_open_for_another_subscription(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "_bound", lambda _: b"")
    keys = SecretKeys([OLD])

    assert keys.open(keys.seal(SECRET, "s"), "t") == SECRET


def test_keys_are_read_from_a_file_the_newest_first(tmp_path: Path) -> None:
    file = tmp_path / "webhook.keys"
    file.write_text(f"{NEW.hex()}\n{OLD.hex()}\n")

    keys = SecretKeys.read(file)

    assert keys.is_former(SecretKeys([OLD]).seal(SECRET, "s"))
    assert not SecretKeys.read(None).can_seal


@pytest.mark.parametrize("content", ["", "not a key", NEW.hex()[:-2], f"{NEW.hex()}\nabc", None])
def test_a_file_without_keys_stops_the_start_with_one_sentence(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "webhook.keys"
    if content is not None:
        file.write_text(content)

    with pytest.raises(Misconfigured, match="PULSE_WEBHOOK_KEYS_FILE"):
        SecretKeys.read(file)
