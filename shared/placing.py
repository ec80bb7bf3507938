"""The unit and the local day that a fact is recorded under; owns no table of units and no rule of any aggregate."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from shared.errors import InvalidInput, NotFound
from shared.places import local_date, places
from shared.places.local_time import TIME_ZONE
from shared.security import Principal


def unit_of_fact(code: str, *, at: datetime, caller: Principal, residential_group: str | None = None) -> str:
    """The code under which a fact of that time is recorded: valid on its local day, and within the caller's units.

    Raises: InvalidInput with candidates for an unknown or ambiguous code; NotFound outside the caller's units.
    """
    known, on = places(), local_date(at)
    if not known.valid_on(code, on):
        code = known.validate_for(code, on, residential_group=residential_group)
    if not caller.covers(code):
        raise NotFound(f"There is no unit {code} among yours.")
    return code


def require_unit_at(unit: str, *, at: datetime | None, field: str) -> None:
    """Raises: InvalidInput if a fact of this unit is put on a local day on which the unit did not exist."""
    if at is not None and not places().valid_on(unit, local_date(at)):
        raise InvalidInput.of(
            field, f"unit {unit} did not exist on {local_date(at)}; void the record and enter it anew"
        )


def beginning_of_day(on: date) -> datetime:
    """The first instant of a local day."""
    return datetime.combine(on, time.min, ZoneInfo(TIME_ZONE))
