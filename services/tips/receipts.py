"""Receipts of anonymous reporters: how they are made, read back from paper and stored; never logs or keeps one."""

import hashlib
import hmac
import secrets
from typing import Final, NewType

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.errors import InvalidInput

Receipt = NewType("Receipt", str)

LENGTH: Final = 20  # 19 random characters of 5 bits, and one that checks them: 95 bits
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
MIN_KEY_BYTES: Final = 32
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}
_AS_MEANT: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def new_receipt() -> Receipt:
    """A receipt that nobody can guess."""
    # One draw for all, of 8 bits each: 256 is a multiple of 32, so no character is likelier than another.
    payload = [byte % len(ALPHABET) for byte in secrets.token_bytes(LENGTH - 1)]
    return Receipt("".join(ALPHABET[value] for value in [*payload, _check(payload)]))


def read_receipt(text: str) -> Receipt:
    """The receipt as written down by hand: any case, with hyphens or spaces, O for 0, I or L for 1.

    Raises: InvalidInput for a slip of the pen; the reason does not repeat what was written.
    """
    written = text.upper().translate(_AS_MEANT)
    values = [_VALUES.get(character, -1) for character in written]
    if len(values) != LENGTH or -1 in values:
        raise InvalidInput.of("receipt", f"a receipt has {LENGTH} characters of {ALPHABET}")
    if _check(values[:-1]) != values[-1]:
        raise InvalidInput.of("receipt", "the receipt is mistyped: its check character does not fit")
    return Receipt(written)


class ReceiptHasher:
    """Turns receipts into what is stored of them: a digest that is useless without the key.

    Raises: ValueError for a key too short to withstand guessing.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < MIN_KEY_BYTES:
            raise ValueError(f"the receipt key needs at least {MIN_KEY_BYTES} bytes")
        self._key = key

    def digest(self, receipt: Receipt) -> str:
        return hmac.new(self._key, receipt.encode(), hashlib.sha256).hexdigest()

    def reading_key(self, receipt: Receipt) -> X25519PrivateKey:
        """The key with which whoever holds the receipt reads what officers answer; only its public part is stored."""
        derived = HKDF(SHA256(), 32, self._key, b"commune-pulse reporter reads").derive(receipt.encode())
        return X25519PrivateKey.from_private_bytes(derived)


def _check(payload: list[int]) -> int:
    """The check value: the sum of a^(20-i) * c_i over GF(32), with a a generator of the field.

    The weights differ and none is zero, so that every single wrong character and every swap of two is noticed.
    """
    total = 0
    for value in payload:
        total = _times_generator(total ^ value)
    return total


def _times_generator(value: int) -> int:
    doubled = value << 1
    return doubled ^ 0b100101 if doubled & 0b100000 else doubled  # reduced by x^5 + x^2 + 1
