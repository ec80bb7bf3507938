"""What callers can ask of this service, as request bodies; owns the form of input, no rule beyond one request."""

from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from services.tips.domain import Report
from services.tips.sealing import Reporter
from shared.contracts.tips import Addressee, TipCategory, TipChannel, TipSource, TipStream, TipValue
from shared.web import PastTime, Request

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
            text=self.text,
            happened_at=self.happened_at,
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
    received_at: PastTime
    registered_at: PastTime | None = None
    verification_started_at: PastTime | None = None
    verified_at: PastTime | None = None
    refuted_at: PastTime | None = None
    value: TipValue = TipValue.UNASSESSED
    value_assessed_at: PastTime | None = None

    @model_validator(mode="after")
    def _tells_a_possible_life(self) -> Self:
        if self.verified_at and self.refuted_at:
            raise ValueError("a tip is either verified or refuted")
        if (self.verified_at or self.refuted_at) and not self.verification_started_at:
            raise ValueError("verification_started_at is required with a finding")
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
            text=self.text,
            happened_at=self.happened_at,
        )


class RegisterTip(Request):
    """An entry in the register; now, unless a time is given."""

    registered_at: PastTime | None = None


class StartVerification(Request):
    """The check begins; now, unless a time is given."""

    verification_started_at: PastTime | None = None


class VerifyTip(Request):
    """The check confirmed the tip; now, unless a time is given."""

    verified_at: PastTime | None = None


class RefuteTip(Request):
    """The check refuted the tip; now, unless a time is given."""

    refuted_at: PastTime | None = None


class AssessTip(Request):
    """What the tip is worth; judged now, unless a time is given."""

    value: TipValue
    value_assessed_at: PastTime | None = None


class CorrectTip(Request):
    """The facts to put right; what is left out stays as it is."""

    stream: TipStream = TipStream.CRIME_REPORT
    channel: TipChannel = TipChannel.WEB
    category: TipCategory = TipCategory.OTHER
    residential_group: ResidentialGroup | None = None
    received_at: PastTime | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one fact to put right")
        if "received_at" in self.model_fields_set and self.received_at is None:
            raise ValueError("received_at must not be null")
        return self

    def facts(self) -> dict[str, Any]:
        """Only what was said."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class RelocateTip(Request):
    """Where the tip belongs."""

    unit: Unit
    residential_group: ResidentialGroup | None = None


class VoidTip(Request):
    """Why the tip was entered in error."""

    reason: Reason


class AskStatus(Request):
    """A receipt, in the body and not in the address, which ends up in histories and logs."""

    receipt: Annotated[str, StringConstraints(min_length=1, max_length=60)] = Field(
        description="In any case, with hyphens or spaces."
    )


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
