"""What callers can ask of this service, as request bodies; owns the form of input, no rule beyond one request."""

from base64 import b64decode
from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from services.tips.attachments.picture import MAX_BYTES
from services.tips.custody.reporter import Reporter
from services.tips.domain import Authority, Report
from shared.contracts.tips import Addressee, TipCategory, TipChannel, TipSource, TipStream, TipValue
from shared.errors import InvalidInput
from shared.web import PastTime, Request

MAX_BASE64: Final = (MAX_BYTES + 2) // 3 * 4

Unit = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100),
    Field(description="Code of the commune or city; a former code where it leads to a single unit."),
]
# A code and not free text: it travels in events, where nobody may be named.
ResidentialGroup = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,39}$"),
    Field(description="Code of the residential group."),
]
TipId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{36}$")]
Reference = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
MessageText = Annotated[str, StringConstraints(min_length=1, max_length=5_000, strip_whitespace=True)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class NamedReporter(Request):
    """Who gives the tip; sealed at once for the custodian and readable to nobody else."""

    name: Line = Field(repr=False)
    contact: Line = Field(repr=False, description="Telephone, address, or whatever reaches them.")

    def reporter(self) -> Reporter:
        return Reporter(self.name, self.contact)


class Told(Request):
    """What a tip tells, wherever it comes from."""

    unit: Unit
    stream: TipStream
    channel: TipChannel = TipChannel.WEB
    category: TipCategory
    residential_group: ResidentialGroup | None = None
    happened_at: PastTime | None = Field(default=None, description="When it happened, as far as the reporter knows.")


class SubmitTip(Told):
    """A report. Without a token only citizens' reports are taken, and they are received when they come in."""

    text: Text = Field(repr=False)
    source: TipSource | None = Field(
        default=None, description="Unless given: citizen_named with a reporter, citizen_anonymous without."
    )
    reporter: NamedReporter | None = None
    received_at: PastTime | None = Field(default=None, description="With a token only; now, unless given.")
    urgent: bool = Field(default=False, description="With a token only: whether the hotline has to accept it sooner.")

    @property
    def stated_source(self) -> TipSource:
        return self.source or (TipSource.CITIZEN_NAMED if self.reporter else TipSource.CITIZEN_ANONYMOUS)

    def report(self) -> Report:
        return Report(
            stream=self.stream,
            source=self.stated_source,
            channel=self.channel,
            category=self.category,
            residential_group=self.residential_group,
            happened_at=self.happened_at,
            urgent=self.urgent,
        )

    @model_validator(mode="after")
    def _names_whom_it_should(self) -> Self:
        if (self.stated_source is TipSource.CITIZEN_NAMED) != (self.reporter is not None):
            raise ValueError("a reporter belongs to the source citizen_named, and to no other")
        return self


class RecordTip(Told):
    """A tip from the books, with its life so far.

    A check that the book tells without an entry in the register was entered on receipt.
    """

    text: Annotated[str, StringConstraints(max_length=20_000)] = Field(default="", repr=False)
    source: TipSource
    reporter: NamedReporter | None = Field(
        default=None, description="As far as the book names whoever stands behind it."
    )
    urgent: bool = False
    received_at: PastTime
    registered_at: PastTime | None = None
    verification_started_at: PastTime | None = None
    verified_at: PastTime | None = None
    refuted_at: PastTime | None = None
    found_inconclusive_at: PastTime | None = None
    extended_at: tuple[PastTime, ...] = Field(
        default=(), max_length=2, description="When the time to decide on a crime report was extended."
    )
    suspended_at: PastTime | None = Field(default=None, description="Of a crime report on which work was suspended.")
    resumed_at: PastTime | None = Field(default=None, description="When work began again after that.")
    transferred_at: PastTime | None = None
    authority: Authority | None = Field(default=None, description="To whom it was handed over; `other` unless given.")
    resolved_at: PastTime | None = None
    closed_at: PastTime | None = None
    reopened_at: PastTime | None = Field(default=None, description="When work began again on what was left or closed.")
    value: TipValue = TipValue.UNASSESSED
    value_assessed_at: PastTime | None = None

    @model_validator(mode="after")
    def _tells_a_possible_life(self) -> Self:
        found = [at for at in (self.verified_at, self.refuted_at, self.found_inconclusive_at) if at]
        if len(found) > 1:
            raise ValueError("a tip is either verified or refuted or found inconclusive")
        if (found or self.suspended_at) and not self.verification_started_at:
            raise ValueError("verification_started_at is required with a finding or a suspension")
        if self.resumed_at and not self.suspended_at:
            raise ValueError("suspended_at is required with resumed_at")
        if self.transferred_at and self.resolved_at:
            raise ValueError("a tip is either transferred or resolved")
        if self.authority and not self.transferred_at:
            raise ValueError("authority belongs to transferred_at")
        if self.reporter and self.source is not TipSource.CITIZEN_NAMED:
            raise ValueError("a reporter belongs to the source citizen_named, and to no other")
        if (self.value is not TipValue.UNASSESSED) != (self.value_assessed_at is not None):
            raise ValueError("value and value_assessed_at belong together")
        return self

    def report(self) -> Report:
        return Report(
            stream=self.stream,
            source=self.source,
            channel=self.channel,
            category=self.category,
            residential_group=self.residential_group,
            happened_at=self.happened_at,
            urgent=self.urgent,
        )


class AskStatus(Request):
    """A receipt, in the body and not in the address, which ends up in histories and logs."""

    receipt: Annotated[str, StringConstraints(min_length=1, max_length=60)] = Field(
        repr=False, description="In any case, with hyphens or spaces."
    )


class AskDialogue(AskStatus):
    """A receipt, and how far the dialogue was read."""

    after: int = Field(default=-1, ge=-1, le=1_000_000, description="`next` of the page before.")


class SendMessage(AskStatus):
    """What a reporter has to add, or answers."""

    text: MessageText = Field(repr=False)


class AttachPicture(AskStatus):
    """A picture; its name is not wanted, and what it tells beside the picture is dropped."""

    content: Annotated[str, StringConstraints(min_length=1, max_length=MAX_BASE64)] = Field(
        repr=False, description="A JPEG or PNG picture of up to 5 MB, in base64."
    )

    def decoded(self) -> bytes:
        """Raises: InvalidInput unless it is base64."""
        try:
            return b64decode(self.content, validate=True)
        except ValueError:  # what is not even ASCII too
            raise InvalidInput.of("content", "is not base64") from None


class IssueAdvisoryDocument(Request):
    """A paper that goes out to an authority."""

    unit: Unit
    addressee: Addressee
    issued_at: PastTime | None = Field(default=None, description="Now, unless given.")
    rests_on: tuple[TipId, ...] = Field(default=(), max_length=200, description="The tips that it rests on, by id.")


class RecordAdvisoryDocument(Request):
    """A paper from the books, with what became of it."""

    unit: Unit
    addressee: Addressee
    issued_at: PastTime
    withdrawn_at: PastTime | None = None
    rests_on: tuple[Reference, ...] = Field(default=(), max_length=200, description="Tips by id or by import key.")


class WithdrawAdvisoryDocument(Request):
    """The paper is taken back; now, unless a time is given."""

    withdrawn_at: PastTime | None = None
