"""What officers and custodians can ask of the desk, as request bodies; owns the form of input alone."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.tips.commands import MessageText, Reason, TipId
from services.tips.custody.vault import Scope
from shared.contracts.tips import TipStream
from shared.web import Request


class AnswerReporter(Request):
    """A question or an answer to whoever holds the receipt."""

    text: MessageText = Field(repr=False)


class SearchTips(Request):
    """Words to look for in what is sealed of the tips of a unit; with or without diacritics, in any order."""

    unit: Annotated[str, StringConstraints(pattern=r"^(\d{2}|\d{5})$")]
    words: Annotated[str, StringConstraints(min_length=2, max_length=100, strip_whitespace=True)] = Field(repr=False)
    stream: TipStream | None = None
    cursor: Annotated[str, StringConstraints(max_length=400)] | None = Field(
        default=None, description="`next` of the answer before."
    )


class RequestIdentity(Request):
    """Why somebody has to know who gave a tip."""

    tip: TipId
    reason: Reason = Field(repr=False)


class ShredTip(Request):
    """What is to be destroyed for good: all that was sealed, or the identity alone."""

    scope: Literal["all", "identity"] = "all"
    # A form that has no room for a name or a telephone: the audit log outlives what it tells of, and is not sealed.
    reason: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2,6}-)?[0-9]{1,5}/20[0-9]{2}$")] = Field(
        description="Kind, number and year of the order, such as QD-17/2026; it stands in the audit log in clear."
    )

    @property
    def scopes(self) -> tuple[Scope, ...]:
        return (Scope.IDENTITY,) if self.scope == "identity" else tuple(Scope)
