"""The key ring: whose public key a commune's pieces are sealed to, and the private keys that one process was given."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from services.tips.custody.envelope import UnreadableSeal, key_id_of
from shared.places import places

EVERY_UNIT: Final = "all"
PUBLIC: Final = "*.pub"
PRIVATE: Final = "*.key"


def _city_of(unit: str) -> str:
    return places().city_of(unit)


class PublicKeys:
    """The public key of every commune.

    Shape:  PEM files `<unit>.pub`; a commune without one takes that of its city, and a city without one `all.pub`.
    Raises: ValueError without `all.pub`: intake must find a key for any place.
    """

    def __init__(self, keys: Mapping[str, X25519PublicKey], city_of: Callable[[str], str] = _city_of) -> None:
        if EVERY_UNIT not in keys:
            raise ValueError(f"a key for units without one of their own, {EVERY_UNIT}.pub, is missing")
        self._keys = dict(keys)
        self._city_of = city_of

    @classmethod
    def from_directory(cls, directory: Path) -> Self:
        """Raises: ValueError for a file that is no X25519 public key, and for a directory without `all.pub`."""
        return cls({path.stem: read_public_key(path) for path in sorted(directory.glob(PUBLIC))})

    def of(self, unit: str) -> X25519PublicKey:
        """The key that this unit's pieces are sealed to."""
        key = self._keys.get(unit)
        if key is None and len(self._keys) > 1:
            key = self._keys.get(self._city_of(unit))
        return key or self._keys[EVERY_UNIT]


class PrivateKeys:
    """The private keys that this process may use, found by the id of their public key."""

    def __init__(self, keys: Iterable[X25519PrivateKey]) -> None:
        self._keys = {key_id_of(key.public_key()): key for key in keys}

    @classmethod
    def from_directory(cls, directory: Path) -> Self:
        """All keys in the PEM files `*.key`, former ones too. Raises: ValueError for a file that is none, or none."""
        keys = [read_private_key(path) for path in sorted(directory.glob(PRIVATE))]
        if not keys:
            raise ValueError(f"{directory} holds no private key {PRIVATE}")
        return cls(keys)

    def find(self, key_id: bytes) -> X25519PrivateKey:
        """Raises: UnreadableSeal without that key."""
        if key_id not in self._keys:
            raise UnreadableSeal("the private key that opens this piece is not at hand")
        return self._keys[key_id]

    def __contains__(self, key_id: object) -> bool:
        return key_id in self._keys


def read_public_key(path: Path) -> X25519PublicKey:
    """Raises: ValueError unless the file holds an X25519 public key and nothing more secret."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except ValueError:
        raise ValueError(f"{path} does not hold a PEM public key") from None
    if not isinstance(key, X25519PublicKey):
        raise ValueError(f"{path} holds a {type(key).__name__}, not an X25519 public key")
    return key


def read_private_key(path: Path) -> X25519PrivateKey:
    """Raises: ValueError unless the file holds an X25519 private key."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        raise ValueError(f"{path} does not hold a PEM private key without a password") from None
    if not isinstance(key, X25519PrivateKey):
        raise ValueError(f"{path} holds a {type(key).__name__}, not an X25519 private key")
    return key
