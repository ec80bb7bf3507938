"""The areas that a published value is about: a unit, or a district of the time before the reform. Does no I/O."""

from datetime import date, timedelta
from typing import Final

from shared.places import REFORM, Places

_BEFORE_REFORM: Final = REFORM - timedelta(days=1)


def area_of(text: str, places: Places, on: date | None = None) -> str:
    """The area as it is kept: a code, or "<city>/<district>" with the district's full name.

    Raises: ValueError for what was no area on that day, or, without a day, never was one.
    """
    city, slash, district = text.partition("/")
    if not slash:
        if places.exists(text) if on is None else places.valid_on(text, on):
            return text
        raise ValueError("is not the code of a unit at that time; a former district is written 79/Phú Nhuận")
    if not places.is_city(city):
        raise ValueError(f"{city!r} is not the code of a city or province")
    if on is not None and on >= REFORM:
        raise ValueError("there are no districts since 1 July 2025")
    try:
        communes = places.communes_of_district(district, places.city_of(city), on or _BEFORE_REFORM)
    except LookupError:
        raise ValueError(f"{district!r} is not the name of one district of {city}") from None
    return f"{places.city_of(city)}/{communes[0].district}"


def city_of_area(area: str, places: Places) -> str:
    """Today's city in which the area lies."""
    return places.city_of(area.partition("/")[0])
