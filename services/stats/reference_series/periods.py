"""The periods that a published value covers: a month, quarter, half-year or year of the local calendar. Pure."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Self

_PATTERN: Final = re.compile(r"(?P<year>20\d\d)(?:-(?:(?P<kind>[HQ])(?P<part>\d)|(?P<month>\d\d)))?")
_MONTHS: Final = {"H": 6, "Q": 3}
_MONTHS_A_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class PublishedPeriod:
    """So many months from the first of one: a whole year, or a part of it that divides it."""

    year: int
    month: int
    months: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The period of 2022, 2022-H1, 2022-Q3 or 2022-05. Raises: ValueError for anything else."""
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise ValueError("must be a year, half-year, quarter or month: 2022, 2022-H1, 2022-Q3 or 2022-05")
        year, months = int(match["year"]), _MONTHS.get(match["kind"], _MONTHS_A_YEAR)
        number = int(match["part"] or 1)
        if match["month"]:
            months, number = 1, int(match["month"])
        if not 1 <= number <= _MONTHS_A_YEAR // months:
            raise ValueError("must be a period that the year has")
        return cls(year, (number - 1) * months + 1, months)

    @property
    def id(self) -> str:
        number = (self.month - 1) // self.months + 1
        if self.months == _MONTHS_A_YEAR:
            return str(self.year)
        if self.months == 1:
            return f"{self.year}-{self.month:02d}"
        return f"{self.year}-{'H' if self.months == _MONTHS['H'] else 'Q'}{number}"

    @property
    def first(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        """The last day, inclusive."""
        following = self.month + self.months
        year, month = (self.year + 1, 1) if following > _MONTHS_A_YEAR else (self.year, following)
        return date(year, month, 1) - timedelta(days=1)

    @property
    def previous(self) -> Self:
        """The period of the same length before."""
        if self.month > self.months:
            return type(self)(self.year, self.month - self.months, self.months)
        return type(self)(self.year - 1, _MONTHS_A_YEAR - self.months + 1, self.months)

    @property
    def year_earlier(self) -> Self:
        """The same period of the year before."""
        return type(self)(self.year - 1, self.month, self.months)
