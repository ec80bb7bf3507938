"""Which series can be imported, and what a value of each may be. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_NUMBER: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")  # no figure of a country is longer


@dataclass(frozen=True, slots=True)
class ReferenceSeries:
    """One series: its unit of measure, and whether a value is a whole number or may have a fraction up to a maximum."""

    id: str
    title_vi: str
    title_en: str
    unit_vi: str
    unit_en: str
    good: str
    whole: bool
    maximum: int | None = None

    def value(self, text: str) -> float:
        """The number that a text says. Raises: ValueError with the reason."""
        if _NUMBER.fullmatch(text) is None:
            raise ValueError("must be a number with a point, such as 1234 or 81.5")
        number = Decimal(text)
        if number < 0:
            raise ValueError("must not be negative")
        if self.whole and number != number.to_integral_value():
            raise ValueError("must be a whole number")
        if self.maximum is not None and number > self.maximum:
            raise ValueError(f"must not be above {self.maximum}")
        return int(number) if self.whole else float(number)


SERIES: Final[Mapping[str, ReferenceSeries]] = {
    series.id: series
    for series in (
        ReferenceSeries(
            id="criminal_offences",
            title_vi="Số vụ phạm tội về trật tự xã hội",
            title_en="Criminal offences",
            unit_vi="vụ",
            unit_en="offences",
            good="down",
            whole=True,
        ),
        ReferenceSeries(
            id="clearance_rate",
            title_vi="Tỷ lệ điều tra, khám phá án",
            title_en="Clearance rate",
            unit_vi="%",
            unit_en="%",
            good="up",
            whole=False,
            maximum=100,
        ),
    )
}
