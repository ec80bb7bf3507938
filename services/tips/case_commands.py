"""What officers can ask to be done with a tip, as request bodies; owns the form of input, no rule beyond a request."""

from typing import Any, Final, Self

from pydantic import Field, model_validator

from services.tips.commands import MessageText, Reason, Reference, ResidentialGroup, TipId, Unit
from services.tips.domain import Authority
from shared.contracts.tips import TipCategory, TipChannel, TipStream, TipValue
from shared.web import PastTime, Request

SEALED: Final = "Sealed to the commune and read at the desk."


class NotedStep(Request):
    """A step, and what the officer has to say about it."""

    note: MessageText | None = Field(
        default=None, repr=False, description=f"Such as who was asked, or on what grounds. {SEALED}"
    )


class RegisterTip(NotedStep):
    """An entry in the register; now, unless a time is given."""

    registered_at: PastTime | None = None


class StartVerification(NotedStep):
    """The check begins; now, unless a time is given."""

    verification_started_at: PastTime | None = None


class VerifyTip(NotedStep):
    """The check confirmed the tip; now, unless a time is given."""

    verified_at: PastTime | None = None


class RefuteTip(NotedStep):
    """The check refuted the tip; now, unless a time is given."""

    refuted_at: PastTime | None = None


class FindTipInconclusive(NotedStep):
    """The check ended without a finding either way; now, unless a time is given."""

    found_inconclusive_at: PastTime | None = None


class AssignTip(NotedStep):
    """Who works on the tip from now on: the subject of their token."""

    officer: Reference | None = Field(default=None, description="You, unless given.")


class TransferTip(NotedStep):
    """To whom the tip is handed over: an authority, or the police of another commune."""

    authority: Authority | None = None
    unit: Unit | None = None
    transferred_at: PastTime | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.authority is None) == (self.unit is None):
            raise ValueError("name either an authority or a unit")
        return self


class ResolveTip(NotedStep):
    """The matter is settled within the commune; now, unless a time is given."""

    resolved_at: PastTime | None = None


class SuspendTip(NotedStep):
    """The decision to stop the statutory time; now, unless a time is given."""

    suspended_at: PastTime | None = None


class ResumeTip(NotedStep):
    """The decision to work on it again; now, unless a time is given."""

    resumed_at: PastTime | None = None


class ExtendTip(NotedStep):
    """The decision that grants more time; now, unless a time is given."""

    extended_at: PastTime | None = None


class CloseTip(NotedStep):
    """The case is put away; now, unless a time is given."""

    closed_at: PastTime | None = None


class ReopenTip(NotedStep):
    """Work begins again; now, unless a time is given."""

    reopened_at: PastTime | None = None


class MergeTip(Request):
    """The tip that reports the same, and stands for both from now on."""

    into: TipId


class HoldTip(Request):
    """Why what is sealed of the tip has to be kept, such as the number of an order."""

    reason: Reason = Field(repr=False, description=SEALED)


class AssessTip(NotedStep):
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
    urgent: bool = False

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
    """Why the tip was entered in error. Only of a tip whose seals are destroyed none is asked for, nor kept."""

    reason: Reason | None = Field(default=None, repr=False, description=SEALED)
