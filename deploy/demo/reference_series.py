"""Offences and clearance in a former district: only the direction is published, so that the numbers are assumed."""

from typing import Final

from deploy.demo.client import Services
from deploy.demo.published import HO_CHI_MINH_CITY

PATH: Final = "/v1/reference-series"
SOURCE: Final = (
    "Số giả định (dữ liệu mô phỏng) theo chiều hướng công bố ngày 12/01/2023: giảm số vụ và tăng tỷ lệ khám phá"
)
VALUES: Final = (
    ("criminal_offences", "2021", "196"),
    ("criminal_offences", "2022", "171"),
    ("clearance_rate", "2021", "74.5"),
    ("clearance_rate", "2022", "80.1"),
)
"""(series, period, value): fewer offences and a higher clearance rate in 2022 than in 2021."""


def lines() -> str:
    """The values as a file to import."""
    area = f"{HO_CHI_MINH_CITY}/Phú Nhuận"
    rows = (f'{series},{area},{period},{value},"{SOURCE}",true,true' for series, period, value in VALUES)
    return "\n".join(("series,unit,period,value,source,assumed,simulated", *rows, ""))


async def load(services: Services) -> None:
    """Import them; those that are there already stay as they are. Raises: Refused."""
    await services.post_csv("stats", PATH, lines())
