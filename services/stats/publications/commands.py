"""What callers can ask of publications, as request bodies; owns the form of input, no rule beyond one request."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.web import Request

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]
Title = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Code = Annotated[str, StringConstraints(pattern=r"^\d{5}$")]


class IssuePublication(Request):
    """Figures to be frozen as they are served at this moment."""

    name: Name = Field(description="Lower-case letters, digits, dots, dashes; several publications may share one.")
    title: Title
    unit: Annotated[str, StringConstraints(pattern=r"^\d{2}$")] = Field(description="The city.")
    window: str | None = Field(default=None, max_length=100, description="A window by its id, or else two dates.")
    from_date: date | None = None
    to_date: date | None = None
    metrics: Annotated[tuple[str, ...], Field(min_length=1, max_length=200)]
    units: Literal["communes"] | Annotated[tuple[Code, ...], Field(max_length=500)] | None = Field(
        default=None, description="Communes beside the city: all of today's, some, or none."
    )
