"""Units of the country, today's and those before the reform of 2025, and the way from one map to the other.

Owns the committed tables, their reading, name matching and the rules for codes at input; must not know any service
or open any connection.

One code, several units. The reform of 1 July 2025 redrew the country but gave every new unit a code that was in use
before: ``00004`` was Phường Trúc Bạch and is Phường Ba Đình. A unit is therefore found by *code and day*: each map has
its own `Unit` for the code, with its own name, validity and lineage, and `Places.get(code, on)` gives the one of that
day. What does not depend on the day is the city: every code, old or new, lies in exactly one of today's 34 cities and
provinces (`Places.city_of`). Those are units too: ``82`` was Tiền Giang and is Đồng Tháp, which was ``87``.

The map before the reform is the one of 30 June 2025. For Hanoi and Hồ Chí Minh City the communes merged on
1 January 2025 are known as well (Hanoi had 579, then 526); elsewhere that map stands for every day before the reform.
"""

from shared.places.local_time import local_date
from shared.places.names import plain
from shared.places.registry import Places, places
from shared.places.search import Hit
from shared.places.unit import MERGERS, REFORM, Kind, Resolution, Unit

__all__ = ["MERGERS", "REFORM", "Hit", "Kind", "Places", "Resolution", "Unit", "local_date", "places", "plain"]
