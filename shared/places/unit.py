"""The unit as others see it; must not know where units come from."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

REFORM: Final = date(2025, 7, 1)  # first day of the map with 34 cities and provinces, without districts
MERGERS: Final = date(2025, 1, 1)  # first day of the last merging of communes in Hanoi and Hồ Chí Minh City before that


class Kind(StrEnum):
    """What a unit is, in the words of its name."""

    CITY = "thành phố"
    PROVINCE = "tỉnh"
    WARD = "phường"
    COMMUNE = "xã"
    TOWNSHIP = "thị trấn"
    SPECIAL_ZONE = "đặc khu"
    ISLAND_DISTRICT = "huyện"  # five island districts had no communes and became special zones


@dataclass(frozen=True, slots=True)
class Unit:
    """A city, province or commune-level unit as it was between two days.

    Shape:  `province` is the code of its own time, `city` today's; a city or province names itself. `successors` are
            the codes on the next map that its area went to, the main one first; `predecessors` those on the map before.
    Units:  degrees (WGS 84), square kilometres; `valid_to` is the first day on which it is no longer valid.
    """

    code: str
    kind: Kind
    short_name: str
    province: str
    city: str
    district: str | None
    district_code: str | None
    latitude: float | None
    longitude: float | None
    area_km2: float | None
    valid_from: date | None
    valid_to: date | None
    successors: tuple[str, ...]
    predecessors: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its full name, such as "Phường Ba Đình"."""
        return f"{self.kind.capitalize()} {self.short_name}"

    @property
    def is_city(self) -> bool:
        """Whether it is a city or province rather than a commune."""
        return self.code == self.province

    def valid_on(self, on: date) -> bool:
        """Whether the unit exists on that day."""
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on < self.valid_to)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a code or name stands for on a day: one unit, several to choose from, or nothing."""

    candidates: tuple[Unit, ...]

    @property
    def unit(self) -> Unit | None:
        """The unit, if there is no doubt."""
        return self.candidates[0] if len(self.candidates) == 1 else None

    @property
    def ambiguous(self) -> bool:
        """Whether somebody has to choose."""
        return len(self.candidates) > 1
