"""The figures that police conferences published, as they must come out; owns the table and nothing that is made of it.

A published "hơn N" or "trên N" is met just above N, "gần N" just below, a plain number exactly. What the reports leave
open is marked as assumed.
"""

from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

HANOI: Final = "01"
DONG_THAP: Final = "87"
"""Đồng Tháp until 30 June 2025; today it lies, with Tiền Giang, in the province `DONG_THAP_TODAY`."""
DONG_THAP_TODAY: Final = "82"
HO_CHI_MINH_CITY: Final = "79"

FORCE_YEAR: Final = (date(2024, 12, 24), date(2025, 12, 23))
"""The year that the conference of 24 December 2025 looked back on: 365 local days, up to the day before it."""
CONFERENCE: Final = date(2025, 12, 24)
RESOLUTION_12: Final = (date(2022, 7, 25), date(2025, 1, 16))
REVIEW: Final = (date(2019, 1, 1), date(2024, 12, 31))
AWARDS_2024: Final = date(2025, 1, 16)
DONG_THAP_REVIEW: Final = date(2024, 9, 27)
DONG_THAP_CAMPAIGN: Final = (date(2024, 8, 19), date(2025, 8, 19))
EXEMPLARS: Final = date(2024, 8, 1)
GIFTS: Final = date(2023, 1, 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One published figure and where the statistics must show it.

    Shape:  `first` and `last` are local days, both included; a level is that at the end of `last`.
    """

    what: str
    published: str
    metric: str
    unit: str = HANOI
    first: date
    last: date
    amount: int
    assumed: str = ""

    @property
    def per_day(self) -> float:
        """The average of a day."""
        return self.amount / ((self.last - self.first).days + 1)


def _figure(
    metric: str, what: str, published: str, amount: int, days: tuple[date, date] | date, *, unit: str = HANOI,
    assumed: str = "",
) -> Figure:  # fmt: skip
    first, last = days if isinstance(days, tuple) else (days, days)
    return Figure(
        what=what, published=published, metric=metric, unit=unit, first=first, last=last, amount=amount, assumed=assumed
    )


_YEAR: Final = "the year is 24 Dec 2024 to 23 Dec 2025"
_SINCE: Final = "counted since Resolution 12"
_FLAG: Final = "awards_co_thi_dua"
_KHEN: Final = "awards_giay_khen"
_EITHER: Final = "awards_bang_or_giay_khen__not_published"

FIGURES: Final = (
    _figure("teams_active", "grassroots security teams", "hơn 5.400", 5_438, CONFERENCE,
            assumed="all established on 1 July 2025, in today's communes"),
    _figure("members_active", "their members", "gần 19.500", 19_480, CONFERENCE),
    _figure("security_information_received", "security information", "gần 17.900", 17_890, FORCE_YEAR, assumed=_YEAR),
    _figure("security_information_valuable", "valuable of it", "hơn 8.800", 8_810, FORCE_YEAR, assumed=_YEAR),
    _figure("patrols_completed", "patrols", "hơn 532.000", 532_100, FORCE_YEAR, assumed=_YEAR),
    _figure("violations_detected", "violations detected", "trên 3.100", 3_110, FORCE_YEAR, assumed=_YEAR),
    _figure("fire_incidents_handled", "fires", "gần 1.900", 1_890, FORCE_YEAR, assumed=_YEAR),
    _figure("rescues_handled", "rescues", "hơn 1.700", 1_710, FORCE_YEAR, assumed=_YEAR),
    _figure("campaigns_launched", "campaign of the force", "24/12/2025", 1, CONFERENCE),
    _figure("crime_reports_checked", "crime reports checked", "hơn 7.000", 7_050, RESOLUTION_12, assumed=_SINCE),
    _figure("advisory_documents_issued", "advisory documents", "hơn 10.000", 10_080, RESOLUTION_12, assumed=_SINCE),
    _figure(f"{_FLAG}__ministry__police_unit", "flags of the ministry for 2024", "33", 33, AWARDS_2024),
    _figure(f"{_KHEN}__city_police_director__collective", "giấy khen to collectives", "48", 48, AWARDS_2024),
    _figure(f"{_KHEN}__city_police_director__individual", "giấy khen to individuals", "191", 191, AWARDS_2024),
    _figure(f"{_FLAG}__prime_minister__police_unit", "flag of the prime minister for 2023", "1", 1, DONG_THAP_REVIEW,
            unit=DONG_THAP_TODAY, assumed="given to a police unit"),
    _figure(f"{_EITHER}__collective", "bằng khen or giấy khen", "34", 34, DONG_THAP_REVIEW, unit=DONG_THAP_TODAY,
            assumed="one kind for both, as published"),
    _figure(f"{_EITHER}__individual", "bằng khen or giấy khen", "74", 74, DONG_THAP_REVIEW, unit=DONG_THAP_TODAY,
            assumed="one kind for both, as published"),
    _figure(f"{_KHEN}__not_published__collective", "giấy khen to collectives", "12", 12, DONG_THAP_REVIEW,
            unit=DONG_THAP_TODAY),
    _figure(f"{_KHEN}__not_published__individual", "giấy khen to individuals", "24", 24, DONG_THAP_REVIEW,
            unit=DONG_THAP_TODAY),
    _figure("campaigns_launched", "campaigns", "2", 2, DONG_THAP_CAMPAIGN, unit=DONG_THAP_TODAY,
            assumed="the second one launched at the review of 27 Sep 2024"),
    _figure("outreach_sessions", "outreach sessions", "gần 18 nghìn", 17_950, REVIEW, assumed="held 2019 to 2024"),
    _figure("outreach_attendances", "attendances", "hơn 1,8 triệu", 1_805_000, REVIEW, assumed="in 2019 to 2024"),
    _figure("exemplars_honoured", "exemplars", "118", 118, EXEMPLARS),
    _figure("exemplars_honoured__veterans", "exemplars, veterans", "54", 54, EXEMPLARS),
    _figure("exemplars_honoured__women", "exemplars, women", "28", 28, EXEMPLARS),
    _figure("exemplars_honoured__farmers", "exemplars, farmers", "36", 36, EXEMPLARS),
    _figure("models_launched", "community models", "hàng nghìn lượt", 2_000, REVIEW),
    _figure("models_recognised", "models recognised by the ministry", "3", 3, REVIEW),
    _figure("models_replicated", "models replicated nationwide", "3", 3, REVIEW),
    _figure("themes_recognised", "themes recognised by the ministry", "1", 1, REVIEW),
    _figure("themes_replicated", "themes replicated nationwide", "1", 1, REVIEW),
    _figure("gifts", "gifts in the 13 wards of Phú Nhuận", "170", 170, GIFTS, unit=HO_CHI_MINH_CITY),
)  # fmt: skip
BY_METRIC: Final = MappingProxyType({figure.metric: figure for figure in FIGURES if figure.unit == HANOI})
"""Hanoi's figures by their metric."""

WINDOWS: Final[tuple[tuple[str, date, date | None], ...]] = (
    ("campaign", *DONG_THAP_CAMPAIGN),
    ("campaign", DONG_THAP_REVIEW, DONG_THAP_CAMPAIGN[1]),
    ("campaign", CONFERENCE, None),
    ("legal_instrument", RESOLUTION_12[0], None),
    ("legal_instrument", date(2022, 10, 28), None),
    ("legal_instrument", date(2024, 7, 1), None),
    ("legal_instrument", date(2014, 3, 15), None),
)
"""Kind, first day and last day of every named window; those without a last day go on."""
