"""How aggregates are shown: the common fields, one page of a unit; owns no field of any service."""

from typing import Annotated, Any, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict

from shared.repository import Aggregates
from shared.security import Principal
from shared.web import Page

Cursor = Annotated[str | None, Query(max_length=400, description="`next` of the page before.")]
UnitQuery = Annotated[str, Query(pattern=r"^(\d{2}|\d{5})$", description="Code of the commune or city.")]


class View(BaseModel):
    """What every aggregate shows. `version` grows by one with each change."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    unit: str
    version: int


V = TypeVar("V", bound=View)


async def show(view: type[V], kept: Aggregates[Any], id: str, caller: Principal) -> V:
    """One aggregate. Raises: NotFound."""
    return view.model_validate(await kept.find(id, caller))


async def show_page(
    view: type[V], kept: Aggregates[Any], caller: Principal, *, unit: str, cursor: str | None, limit: int
) -> Page[V]:
    """The aggregates of one unit, latest first. Raises: NotFound for a unit out of reach."""
    found, following = await kept.page(caller, unit=unit, cursor=cursor, limit=limit)
    return Page(items=[view.model_validate(each) for each in found], next=following)
