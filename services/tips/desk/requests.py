"""What officers and custodians can ask of the desk, as request bodies; owns the form of input alone."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.tips.commands import MessageText, Reason, TipId
from services.tips.custody.vault import Scope
from shared.web import Request


class AnswerReporter(Request):
    """A question or an answer to whoever holds the receipt."""

    text: MessageText = Field(repr=False)


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
