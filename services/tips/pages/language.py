"""Which of the two languages a page is in, and its words; must not know any page."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from services.tips.pages import english, vietnamese


class Language(StrEnum):
    """A language that pages exist in."""

    VIETNAMESE = "vi"
    ENGLISH = "en"

    @property
    def words(self) -> Mapping[str, str]:
        return WORDS[self]

    @property
    def other(self) -> "Language":
        return Language.ENGLISH if self is Language.VIETNAMESE else Language.VIETNAMESE


WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    Language.VIETNAMESE: vietnamese.WORDS,
    Language.ENGLISH: english.WORDS,
}


def language_of(asked: str | None, accepted: str | None) -> Language:
    """The language asked for, else the one that the browser prefers, else Vietnamese."""
    for wanted in (asked or "", *_preferred(accepted or "")):
        for language in Language:
            if wanted.lower().split("-")[0] == language:
                return language
    return Language.VIETNAMESE


def _preferred(accepted: str) -> list[str]:
    """The languages of an Accept-Language header, the preferred first (RFC 9110, 12.5.4)."""
    weighed = []
    for part in accepted.split(","):
        tag, _, parameters = part.strip().partition(";")
        try:
            weight = float(parameters.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if weight > 0:
            weighed.append((weight, tag.strip()))
    return [tag for _, tag in sorted(weighed, key=lambda each: -each[0])]
