"""What is done on request: read a file and keep it, show a page; must not know HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from services.stats.reference_series.answers import key_of, keys_compared, value_answer
from services.stats.reference_series.areas import area_of, city_of_area
from services.stats.reference_series.csv_file import PublishedValue, read_csv
from services.stats.reference_series.repository import ReferenceValues
from services.stats.reference_series.series import SERIES
from shared.errors import Forbidden, InvalidInput
from shared.places import Places, local_date
from shared.security import Principal


class ImportedView(BaseModel):
    """What became of the lines of a file."""

    added: int = Field(description="Lines about something that nobody had said before.")
    replaced: int = Field(description="Lines that say otherwise than before; what was said is kept.")
    unchanged: int = Field(description="Lines that say what is known.")


async def import_values(
    body: bytes, *, caller: Principal, values: ReferenceValues, places: Places, now: datetime
) -> ImportedView:
    """What became of the file. Raises: InvalidInput for wrong lines; Forbidden for areas of another city."""
    published = read_csv(body, places=places, today=local_date(now))
    _require_within(caller, published, places)
    imported = await values.take_in(published, by=caller.subject, at=now)
    return ImportedView(added=imported.added, replaced=imported.replaced, unchanged=imported.unchanged)


async def show_values(
    values: ReferenceValues,
    places: Places,
    *,
    series: str | None,
    unit: str | None,
    replaced: bool,
    cursor: str | None,
    limit: int,
) -> dict[str, Any]:
    """One page of published values. Raises: InvalidInput for a series or an area that there is not."""
    if series is not None and series not in SERIES:
        raise InvalidInput.of("series", f"must be one of {', '.join(SERIES)}")
    try:
        area = None if unit is None else area_of(unit, places)
    except ValueError as error:
        raise InvalidInput.of("unit", str(error)) from None
    documents, following = await values.page(series=series, unit=area, cursor=cursor, limit=limit)
    known = await values.current(keys_compared(documents))
    earlier = await values.earlier(map(key_of, documents)) if replaced else None
    items = [
        value_answer(each, known, None if earlier is None else earlier.get(key_of(each), [])) for each in documents
    ]
    return {"items": items, "next": following}


def _require_within(caller: Principal, published: Iterable[PublishedValue], places: Places) -> None:
    # A published value speaks for a whole area: who answers for one commune alone does not import it.
    for city in sorted({city_of_area(value.unit, places) for value in published}):
        if not caller.covers(city):
            raise Forbidden(f"This needs a token for the city {city}.")
