"""The teams and their members; pure, and without a name of anybody.

All of them take up their work on the first day of today's communes. The force is older, but which team worked where on
the former map is in no report, and on the day of the conference it makes no difference.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final, Self

from deploy.demo.geography import weights
from deploy.demo.published import BY_METRIC
from deploy.demo.rhythm import DAY_S, day_number, text
from deploy.demo.shares import allocate
from shared.places import REFORM

SEATS: Final = ("leader", "deputy", "member", "member", "member")
LEAST_SEATS: Final = 3
TAKEN_UP: Final = text(day_number(REFORM) * DAY_S + 8 * 3600)


@dataclass(frozen=True, slots=True)
class Teams:
    """How the teams fall on the communes and the members on the teams.

    Shape: `numbers` are each commune's teams among all; `members` tells how many each team has.
    """

    numbers: Mapping[str, range]
    members: tuple[int, ...]

    @classmethod
    def of(cls, seed: str, scale: float) -> Self:
        """As many teams as published, of three to five members each, as many members as published."""
        teams = round(BY_METRIC["teams_active"].amount * scale)
        members = round(BY_METRIC["members_active"].amount * scale)
        optional = len(SEATS) - LEAST_SEATS
        filled = set(Random(f"{seed}/seats").sample(range(teams * optional), members - teams * LEAST_SEATS))
        by_unit = weights("teams", REFORM)
        first, numbers = 0, dict[str, range]()
        for unit, share in zip(by_unit, allocate(teams, list(by_unit.values())), strict=True):
            numbers[unit] = range(first, first + share)
            first += share
        counts = (sum(team * optional + seat in filled for seat in range(optional)) for team in range(teams))
        return cls(numbers, tuple(LEAST_SEATS + count for count in counts))

    def expected(self, unit: str) -> int:
        """How many records a commune has."""
        return sum(1 + self.members[team] for team in self.numbers[unit])

    def records(self, units: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Each team of these communes, followed by its members."""
        for unit in units:
            for number, team in enumerate(self.numbers[unit], 1):
                yield from _team(unit, number, self.members[team])


def _team(unit: str, number: int, seats: int) -> Iterator[dict[str, Any]]:
    key = f"demo/team/{unit}/{number}"
    # One team a residential group is what the law has in mind; which group is in no report.
    groups = [f"{unit}-{number:02d}"]
    yield {"type": "team", "key": key, "unit": unit, "residential_groups": groups, "established_at": TAKEN_UP}
    for seat in range(seats):
        yield {
            "type": "member",
            "key": f"demo/member/{unit}/{number}/{seat}",
            "unit": unit,
            "team": key,
            "full_name": f"Thành viên mô phỏng {unit}-{number}-{seat + 1}",
            "role": SEATS[seat],
            "enrolled_at": TAKEN_UP,
        }
