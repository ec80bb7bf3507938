"""The strict base of request models and their times; owns what all input must fulfil, no field of any service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema

from shared.clock import Clock, SystemClock
from shared.web.strict import strict_fields

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
FUTURE_TOLERANCE: Final = timedelta(seconds=60)  # what the clocks of well-kept devices differ by
PLANNING_HORIZON: Final = timedelta(days=366)  # a plan beyond a year is a slip of the pen

_clock: Clock = SystemClock()


class Request(BaseModel):
    """A request body: nothing unknown, nothing converted, nothing infinite; errors never repeat the input."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True
    )

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return strict_fields(handler(source))


def not_in_future(at: datetime) -> datetime:
    """The time itself. Raises: ValueError if it is in the future or before 2000."""
    if at < EARLIEST:
        raise ValueError("must not be before 2000-01-01")
    if at > _clock.now() + FUTURE_TOLERANCE:
        raise ValueError("must not be in the future")
    return at


PastTime = Annotated[AwareDatetime, AfterValidator(not_in_future)]
"""When something happened: RFC 3339 with offset, from 2000 up to now (clocks may differ by 60 s)."""


def not_beyond_planning(at: datetime) -> datetime:
    """The time itself. Raises: ValueError if it is before 2000 or more than a year ahead."""
    if at < EARLIEST:
        raise ValueError("must not be before 2000-01-01")
    if at > _clock.now() + PLANNING_HORIZON:
        raise ValueError("must not be more than a year ahead")
    return at


PlannedTime = Annotated[AwareDatetime, AfterValidator(not_beyond_planning)]
"""When something is planned: RFC 3339 with offset, from 2000 up to a year from now."""
