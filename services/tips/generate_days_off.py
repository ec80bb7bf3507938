"""Makes the table of public holidays anew from the package `holidays`; a tool of developers, unused at run time.

python -m services.tips.generate_days_off [--check]
"""

import sys
from datetime import date
from pathlib import Path
from typing import Final

from holidays.countries.vietnam import Vietnam

FIRST: Final = 2018  # the Criminal Procedure Code is in force from here on
LAST: Final = 2060
DECREED_UNTIL: Final = 2026
"""The last year whose days in lieu were decreed and are in the package, which lists swaps and no years without any:
entered by hand. Later years have what the law gives: no weekend is worked, and no day is bridged."""
TARGET: Final = Path(__file__).parent / "domain" / "clocks" / "days_off.py"
HEAD: Final = '''\
"""Public holidays of Vietnam year by year, days in lieu included, and weekends that are worked; made, not written.

Source: the package `holidays` (MIT); `make days-off` makes this file anew. Days off that
are decreed from year to year are known once that package knows them.
"""

from collections.abc import Mapping
from typing import Final

'''


def table() -> str:
    """The module as it should be."""
    calendar = Vietnam(years=range(FIRST, LAST + 1))
    worked = [day for day in calendar.weekend_workdays if FIRST <= day.year <= LAST]
    decreed = f"DECREED_UNTIL: Final = {DECREED_UNTIL}\n"
    return HEAD + decreed + _lines("HOLIDAYS", list(calendar)) + _lines("WORKED_WEEKENDS", worked)


def _lines(name: str, days: list[date]) -> str:
    years = sorted({day.year for day in days})
    rows = [f'    {year}: "{" ".join(f"{d:%m-%d}" for d in sorted(days) if d.year == year)}",' for year in years]
    return "\n".join([f"{name}: Final[Mapping[int, str]] = {{", *rows, "}", ""])


def main() -> None:
    """Write the table, or tell that it is stale."""
    if "--check" not in sys.argv:
        TARGET.write_text(table(), "utf-8")
    elif TARGET.read_text("utf-8") != table():
        raise SystemExit(f"{TARGET.name} is stale: make it anew.")


if __name__ == "__main__":
    main()
