"""Local days of the country; must not read the clock."""

from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

TIME_ZONE = "Asia/Ho_Chi_Minh"


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local_date(instant: datetime, *, time_zone: str = TIME_ZONE) -> date:
    """The day on the wall calendar at that instant.

    Raises: ValueError for an instant without an offset, which names no instant.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no offset")
    return instant.astimezone(_zone(time_zone)).date()
