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
    reason: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,100}$")] = Field(
        description="A reference such as the number of an order; it stands in the audit log, where nobody may be named."
    )

    @property
    def scopes(self) -> tuple[Scope, ...]:
        return (Scope.IDENTITY,) if self.scope == "identity" else tuple(Scope)
