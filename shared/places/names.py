"""Comparable forms of Vietnamese names; must not know any unit."""

import unicodedata

# Grave, acute, tilde, hook above, dot below: the tones, which two spellings put on different vowels (Hoà, Hòa).
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")


class _Letters(dict[int, str]):
    """Letters without marks, everything else a space; filled as letters are met."""

    def __missing__(self, codepoint: int) -> str:
        base = unicodedata.normalize("NFD", chr(codepoint))[0]
        letter = "d" if base == "đ" else base if base.isalnum() else " "
        self[codepoint] = letter
        return letter


_LETTERS = _Letters()


def plain(name: str) -> str:
    """The name in lower case without any mark: ``plain("Hoà Lạc") == "hoa lac"``."""
    return " ".join(unicodedata.normalize("NFC", name).lower().translate(_LETTERS).split())


def spelling(name: str) -> str:
    """The name with its marks, the tone after its syllable: the same for ``Hoà Lạc`` and ``Hòa Lạc``."""
    return " ".join(_tone_last(syllable) for syllable in unicodedata.normalize("NFD", name.lower()).split())


def has_marks(name: str) -> bool:
    """Whether the writer used diacritics, so that they tell one name from another."""
    return plain(name) != " ".join(name.lower().split())


def _tone_last(syllable: str) -> str:
    letters = "".join(character for character in syllable if character not in _TONES)
    tones = "".join(character for character in syllable if character in _TONES)
    return letters + tones
